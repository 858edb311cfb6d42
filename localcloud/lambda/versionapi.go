package lambda

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// functionConfiguration is the configuration of a version, as far as the local
// cloud has it.
type functionConfiguration struct {
	FunctionName     string
	FunctionArn      string
	Version          string
	Role             string
	Handler          string
	Timeout          int
	MemorySize       int
	CodeSha256       string
	CodeSize         int
	State            string
	LastUpdateStatus string
	DeadLetterConfig *deadLetterConfig `json:",omitempty"`
	Environment      *variables        `json:",omitempty"`
	LoggingConfig    loggingConfig
	TracingConfig    tracingConfig
}

type (
	variables     struct{ Variables map[string]string }
	loggingConfig struct{ LogGroup string }
	tracingConfig struct{ Mode string }
)

type deadLetterConfig struct{ TargetArn string }

// describe returns the configuration of a version, with the ARN by which it was
// found. A change of a function is done at once, so nothing is ever pending.
func (p *pool) describe(arn string) (functionConfiguration, error) {
	f := p.function
	found := functionConfiguration{
		FunctionName: f.Name, FunctionArn: arn, Version: p.version, Handler: f.Handler,
		Timeout: int(f.Timeout / time.Second), MemorySize: f.MemoryMB, State: "Active", LastUpdateStatus: "Successful",
		Role: f.Role, LoggingConfig: loggingConfig{f.LogGroup}, TracingConfig: tracingConfig{"PassThrough"},
	}
	if f.ActiveTracing {
		found.TracingConfig.Mode = "Active"
	}
	if own := maps.Clone(f.Environment); len(own) > 0 {
		maps.DeleteFunc(own, func(name, _ string) bool { return strings.HasPrefix(name, "AWS_") })
		found.Environment = &variables{own}
	}
	if f.DeadLetterARN != "" {
		found.DeadLetterConfig = &deadLetterConfig{f.DeadLetterARN}
	}
	hashed, err := p.current().hash()
	if err != nil {
		return functionConfiguration{}, err
	}
	found.CodeSha256, found.CodeSize = hashed.sha256, hashed.size
	return found, nil
}

func answerJSON(status int, value any, err error) (wire.Answer, error) {
	if err != nil {
		return wire.Answer{}, err
	}
	body, err := json.Marshal(value)
	return wire.Answer{Status: status, Body: body}, err
}

// configuration answers GetFunctionConfiguration. Of an alias it returns the
// configuration of the version that the alias names first.
func (c calls) configuration(r *http.Request, _ []byte) (wire.Answer, error) {
	t, err := c.find(r, "lambda:GetFunctionConfiguration")
	if err != nil {
		return wire.Answer{}, err
	}
	found, err := t.primary().describe(t.arn())
	return answerJSON(http.StatusOK, found, err)
}

func (c calls) listVersions(r *http.Request, _ []byte) (wire.Answer, error) {
	f, err := c.function(r, "lambda:ListVersionsByFunction", nil, nil)
	if err != nil {
		return wire.Answer{}, err
	}
	list := struct{ Versions []functionConfiguration }{}
	for _, p := range f.versions() {
		found, err := p.describe(target{f, p.version}.arn())
		if err != nil {
			return wire.Answer{}, err
		}
		list.Versions = append(list.Versions, found)
	}
	return answerJSON(http.StatusOK, list, nil)
}

func (c calls) publishVersion(r *http.Request, body []byte) (wire.Answer, error) {
	var in struct{ CodeSha256 string }
	f, err := c.function(r, "lambda:PublishVersion", body, &in)
	if err != nil {
		return wire.Answer{}, err
	}
	return c.publish(f, http.StatusCreated, in.CodeSha256)
}

// publish makes a version of $LATEST, which must have the code with this hash
// unless it is empty, and answers with it.
func (c calls) publish(f *function, status int, sha256 string) (wire.Answer, error) {
	published, err := f.publish(sha256, c.service.codes.snapshot)
	if err != nil {
		return wire.Answer{}, err
	}
	found, err := published.describe(target{f, published.version}.arn())
	return answerJSON(status, found, err)
}

func (c calls) updateCode(r *http.Request, body []byte) (wire.Answer, error) {
	var in struct {
		ZipFile []byte
		Publish bool
	}
	f, err := c.function(r, "lambda:UpdateFunctionCode", body, &in)
	if err != nil {
		return wire.Answer{}, err
	}
	uploaded, err := c.service.codes.unzip(in.ZipFile)
	if err != nil {
		return wire.Answer{}, err
	}
	f.update(uploaded).retire()
	if in.Publish {
		return c.publish(f, http.StatusOK, "")
	}
	found, err := target{f, ""}.primary().describe(f.ARN)
	return answerJSON(http.StatusOK, found, err)
}

type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	RoutingConfig   *routingConfig `json:",omitempty"`
}

type routingConfig struct{ AdditionalVersionWeights map[string]float64 }

func (c calls) getAlias(r *http.Request, _ []byte) (wire.Answer, error) {
	f, err := c.function(r, "lambda:GetAlias", nil, nil)
	if err != nil {
		return wire.Answer{}, err
	}
	return f.describeAlias(r.PathValue("alias"))
}

func (f *function) describeAlias(name string) (wire.Answer, error) {
	found, err := f.alias(name)
	described := aliasConfiguration{AliasArn: target{f, name}.arn(), Name: name, FunctionVersion: found.Version}
	if len(found.Weights) > 0 {
		described.RoutingConfig = &routingConfig{found.Weights}
	}
	return answerJSON(http.StatusOK, described, err)
}

// updateAlias answers UpdateAlias. What the request does not have stays as it is;
// an empty RoutingConfig removes the second version.
func (c calls) updateAlias(r *http.Request, body []byte) (wire.Answer, error) {
	var in struct {
		FunctionVersion *string
		RoutingConfig   *routingConfig
	}
	f, err := c.function(r, "lambda:UpdateAlias", body, &in)
	if err != nil {
		return wire.Answer{}, err
	}
	changed, err := f.alias(r.PathValue("alias"))
	if err != nil {
		return wire.Answer{}, err
	}
	if in.FunctionVersion != nil {
		changed.Version = *in.FunctionVersion
	}
	if in.RoutingConfig != nil {
		changed.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
	if err := f.setAlias(changed); err != nil {
		return wire.Answer{}, err
	}
	return f.describeAlias(changed.Name)
}
