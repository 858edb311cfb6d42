package lambda

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"example.com/saga/localcloud/wire"
)

// APIPath is where the operations on a function begin.
const APIPath = apiVersion + "functions/"

const apiVersion = "/2015-03-31/"

// logType is the header that returns the end of the log with a response.
const logType = "X-Amz-Log-Type"

// The values of the header X-Amz-Invocation-Type.
const (
	invokeAndWait = "RequestResponse"
	invokeAsync   = "Event"
)

// API is the part of Lambda's wire protocol that invokes functions, returns their
// configuration and what invokes them, publishes versions and moves aliases.
func (s *Service) API(authorize wire.Authorize) wire.Service {
	calls := calls{service: s, authorize: authorize}
	return wire.Service{Target: "Lambda", Routes: []wire.Route{
		{Name: "GetAlias", Pattern: "GET " + APIPath + "{name}/aliases/{alias}", Operation: whole(calls, "GetAlias", http.StatusOK, describeAlias)},
		{Name: "GetEventSourceMapping", Pattern: "GET " + apiVersion + "event-source-mappings/{id}", Operation: calls.mapping("GetEventSourceMapping", http.StatusOK)},
		{Name: "GetFunction", Pattern: "GET " + APIPath + "{name}", Operation: calls.describing("GetFunction", describeFunction)},
		{Name: "GetFunctionConfiguration", Pattern: "GET " + APIPath + "{name}/configuration", Operation: calls.describing("GetFunctionConfiguration", describeConfiguration)},
		{Name: "Invoke", Pattern: "POST " + APIPath + "{name}/invocations", Operation: calls.invoke},
		{Name: "ListEventSourceMappings", Pattern: "GET " + apiVersion + "event-source-mappings", Operation: calls.listMappings},
		{Name: "ListFunctions", Pattern: "GET " + apiVersion + "functions", Operation: calls.listFunctions},
		{Name: "ListVersionsByFunction", Pattern: "GET " + APIPath + "{name}/versions", Operation: whole(calls, "ListVersionsByFunction", http.StatusOK, listVersions)},
		{Name: "PublishVersion", Pattern: "POST " + APIPath + "{name}/versions", Operation: whole(calls, "PublishVersion", http.StatusCreated, publishVersion)},
		{Name: "UpdateAlias", Pattern: "PUT " + APIPath + "{name}/aliases/{alias}", Operation: whole(calls, "UpdateAlias", http.StatusOK, updateAlias)},
		{Name: "UpdateEventSourceMapping", Pattern: "PUT " + apiVersion + "event-source-mappings/{id}", Operation: calls.mapping("UpdateEventSourceMapping", http.StatusAccepted)},
		{Name: "UpdateFunctionCode", Pattern: "PUT " + APIPath + "{name}/code", Operation: whole(calls, "UpdateFunctionCode", http.StatusOK, updateCode)},
	}}
}

type routeOperation = func(r *http.Request, body []byte) (wire.Answer, error)

type calls struct {
	service   *Service
	authorize wire.Authorize
}

// allow returns an error unless the caller may do this to a resource.
func (c calls) allow(r *http.Request, action, resource string) error {
	return c.authorize.Check(r.Context(), "lambda:"+action, resource, nil)
}

// find returns what the path and the qualifier in the query name, if the caller
// may do this to it.
func (c calls) find(r *http.Request, action string) (target, error) {
	query, err := parameters(r, "Qualifier")
	if err != nil {
		return target{}, err
	}
	t, err := c.service.named(r.PathValue("name"), query.Get("Qualifier"))
	if err != nil {
		return target{}, err
	}
	return t, c.allow(r, action, t.arn())
}

// describing returns the operation that describes what the path names.
func (c calls) describing(action string, describe func(target) (any, error)) routeOperation {
	return func(r *http.Request, _ []byte) (wire.Answer, error) {
		t, err := c.find(r, action)
		if err != nil {
			return wire.Answer{}, err
		}
		out, err := describe(t)
		return answerJSON(http.StatusOK, out, err)
	}
}

// whole returns an operation on a function as a whole, which accepts no qualifier.
func whole[I any](c calls, action string, status int, do func(f *function, r *http.Request, in *I) (any, error)) routeOperation {
	return func(r *http.Request, body []byte) (wire.Answer, error) {
		t, err := c.find(r, action)
		if err == nil && t.qualifier != "" {
			err = invalidParameter("%s is not supported for the qualifier %s: name the function alone", action, t.qualifier)
		}
		in := new(I)
		if err == nil {
			err = wire.Decode(body, in)
		}
		if err != nil {
			return wire.Answer{}, err
		}
		out, err := do(t.function, r, in)
		return answerJSON(status, out, err)
	}
}

func answerJSON(status int, value any, err error) (wire.Answer, error) {
	if err != nil {
		return wire.Answer{}, err
	}
	body, err := json.Marshal(value)
	return wire.Answer{Status: status, Body: body}, err
}

// named returns what a name leads to: a function's name, its ARN or a part of it,
// each with or without a qualifier.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestParameters
func (s *Service) named(name, qualifier string) (target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn := range s.functions {
		parts := strings.SplitN(arn, ":", 7)
		for _, known := range []string{arn, strings.Join(parts[4:], ":"), parts[6]} {
			inName, qualified := strings.CutPrefix(name, known+":")
			switch {
			case name == known && qualifier == "":
				return s.find(arn)
			case name == known:
				return s.find(arn + ":" + qualifier)
			case qualified && qualifier != "" && qualifier != inName:
				return target{}, invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
			case qualified:
				return s.find(arn + ":" + inName)
			}
		}
	}
	return target{}, functionNotFound(name)
}

func (c calls) invoke(r *http.Request, payload []byte) (wire.Answer, error) {
	t, err := c.find(r, "InvokeFunction")
	if err != nil {
		return wire.Answer{}, err
	}
	for _, parameter := range []string{"X-Amz-Client-Context", logType, "X-Amz-Durable-Execution-Name"} {
		if value := r.Header.Get(parameter); value != "" && (parameter != logType || value != "None" && value != "Tail") {
			return wire.Answer{}, unsupportedParameter(parameter, value)
		}
	}
	if len(payload) == 0 {
		payload = []byte("null")
	}
	ctx := WithTrace(r.Context(), r.Header.Get(traceHeader))
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case invokeAsync:
		return wire.Answer{Status: http.StatusAccepted}, c.service.InvokeAsync(ctx, t.arn(), payload)
	case invokeAndWait, "":
		tail := r.Header.Get(logType) == "Tail"
		result, err := c.service.invoke(ctx, t.arn(), payload, tail)
		answer := wire.Answer{Status: http.StatusOK, Header: map[string]string{"X-Amz-Executed-Version": result.Version}, Body: result.Payload}
		if result.FunctionError != "" {
			answer.Header["X-Amz-Function-Error"] = result.FunctionError
		}
		if tail {
			answer.Header["X-Amz-Log-Result"] = base64.StdEncoding.EncodeToString(result.Log)
		}
		return answer, err
	default:
		return wire.Answer{}, unsupportedParameter("X-Amz-Invocation-Type", kind)
	}
}

func unsupportedParameter(parameter, value string) error {
	return invalidParameter("the local cloud does not support %s %s", parameter, value)
}
