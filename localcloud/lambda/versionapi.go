package lambda

import (
	"maps"
	"net/http"
	"strings"
	"time"
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
	DeadLetterConfig map[string]string            `json:",omitempty"`
	Environment      map[string]map[string]string `json:",omitempty"`
	LoggingConfig    struct{ LogGroup string }
	TracingConfig    struct{ Mode string }
}

// describe returns the configuration of a version, with the ARN by which it was
// found. A change of a function is done at once, so nothing is ever pending.
func (p *pool) describe(arn string) (functionConfiguration, error) {
	f := p.function
	found := functionConfiguration{
		FunctionName: f.Name, FunctionArn: arn, Version: p.version, Handler: f.Handler,
		Timeout: int(f.Timeout / time.Second), MemorySize: f.MemoryMB, State: "Active", LastUpdateStatus: "Successful",
		Role: f.Role,
	}
	found.LoggingConfig.LogGroup, found.TracingConfig.Mode = f.LogGroup, "PassThrough"
	if f.ActiveTracing {
		found.TracingConfig.Mode = "Active"
	}
	if own := maps.Clone(f.Environment); len(own) > 0 {
		maps.DeleteFunc(own, func(name, _ string) bool { return strings.HasPrefix(name, "AWS_") })
		found.Environment = map[string]map[string]string{"Variables": own}
	}
	if f.DeadLetterARN != "" {
		found.DeadLetterConfig = map[string]string{"TargetArn": f.DeadLetterARN}
	}
	hashed, err := p.current().hash()
	if err != nil {
		return functionConfiguration{}, err
	}
	found.CodeSha256, found.CodeSize = hashed.sha256, hashed.size
	return found, nil
}

func describeVersion(f *function, p *pool) (functionConfiguration, error) {
	return p.describe(target{f, p.version}.arn())
}

// describeConfiguration describes of an alias the version that it names first.
func describeConfiguration(t target) (any, error) { return t.primary().describe(t.arn()) }

func listVersions(f *function, _ *http.Request, _ *struct{}) (any, error) {
	var list struct{ Versions []functionConfiguration }
	for _, p := range f.versions() {
		found, err := describeVersion(f, p)
		if err != nil {
			return nil, err
		}
		list.Versions = append(list.Versions, found)
	}
	return list, nil
}

// publication is a request to make a version of $LATEST, which must have the code with
// this hash unless it is empty.
type publication struct{ CodeSha256 string }

func publishVersion(f *function, _ *http.Request, in *publication) (any, error) {
	published, err := f.publish(in.CodeSha256, f.service.codes.snapshot)
	if err != nil {
		return nil, err
	}
	return describeVersion(f, published)
}

type codeUpdate struct {
	ZipFile []byte
	Publish bool
}

func updateCode(f *function, r *http.Request, in *codeUpdate) (any, error) {
	uploaded, err := f.service.codes.unzip(in.ZipFile)
	if err != nil {
		return nil, err
	}
	f.update(uploaded).retire()
	if in.Publish {
		return publishVersion(f, r, new(publication))
	}
	return describeConfiguration(target{f, ""})
}

type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	RoutingConfig   *routingConfig `json:",omitempty"`
}

type routingConfig struct{ AdditionalVersionWeights map[string]float64 }

func describeAlias(f *function, r *http.Request, _ *struct{}) (any, error) {
	found, err := f.alias(r.PathValue("alias"))
	described := aliasConfiguration{AliasArn: target{f, found.Name}.arn(), Name: found.Name, FunctionVersion: found.Version}
	if len(found.Weights) > 0 {
		described.RoutingConfig = &routingConfig{found.Weights}
	}
	return described, err
}

// aliasUpdate is UpdateAlias' request. What it does not have stays as it is; an empty
// RoutingConfig removes the second version.
type aliasUpdate struct {
	FunctionVersion *string
	RoutingConfig   *routingConfig
}

func updateAlias(f *function, r *http.Request, in *aliasUpdate) (any, error) {
	changed, err := f.alias(r.PathValue("alias"))
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion != nil {
		changed.Version = *in.FunctionVersion
	}
	if in.RoutingConfig != nil {
		changed.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
	if err := f.setAlias(changed); err != nil {
		return nil, err
	}
	return describeAlias(f, r, nil)
}
