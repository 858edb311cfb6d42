package lambda

import (
	"encoding/json"
	"net/http"
	"time"

	"example.com/saga/localcloud/unsupported"
	"example.com/saga/localcloud/wire"
)

// APIPath is where Lambda's wire protocol begins.
const APIPath = "/2015-03-31/functions/"

// The values of the header X-Amz-Invocation-Type.
const (
	invokeAndWait = "RequestResponse"
	invokeAsync   = "Event"
)

// API is the part of Lambda's wire protocol that invokes functions and returns
// their configuration. A function is named by its name or its ARN.
func (s *Service) API(authorize wire.Authorize) http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.Routes(authorize) {
		mux.Handle(route.Pattern, wire.REST(route.Operation))
	}
	mux.Handle("/", wire.REST(func(r *http.Request, _ []byte) (wire.Answer, error) {
		return wire.Answer{}, wire.Errorf("UnknownOperationException", "the local cloud does not support %s %s: see %s", r.Method, r.URL.Path, unsupported.Reference)
	}))
	return mux
}

// Routes returns the operations of API.
func (s *Service) Routes(authorize wire.Authorize) []wire.Route {
	calls := calls{service: s, authorize: authorize}
	return []wire.Route{
		{Name: "GetFunctionConfiguration", Pattern: "GET " + APIPath + "{name}/configuration", Operation: calls.configuration},
		{Name: "Invoke", Pattern: "POST " + APIPath + "{name}/invocations", Operation: calls.invoke},
	}
}

// calls are the operations of the wire protocol.
type calls struct {
	service   *Service
	authorize wire.Authorize
}

// find returns the function that the path names, if the caller may do this to
// it.
func (c calls) find(r *http.Request, action string) (Function, error) {
	name := r.PathValue("name")
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	for arn, p := range c.service.pools {
		if name == arn || name == p.function.Name {
			return p.function, c.authorize.Check(r.Context(), action, arn, nil)
		}
	}
	return Function{}, &wire.Error{Code: "ResourceNotFoundException", Message: "Function not found: " + name, Status: http.StatusNotFound}
}

func (c calls) invoke(r *http.Request, payload []byte) (wire.Answer, error) {
	function, err := c.find(r, "lambda:InvokeFunction")
	if err != nil {
		return wire.Answer{}, err
	}
	for _, parameter := range []string{"X-Amz-Client-Context", "X-Amz-Log-Type", "X-Amz-Durable-Execution-Name"} {
		if value := r.Header.Get(parameter); value != "" && value != "None" {
			return wire.Answer{}, unsupportedParameter(parameter, value)
		}
	}
	if r.URL.RawQuery != "" {
		return wire.Answer{}, unsupportedParameter("query", r.URL.RawQuery)
	}
	if len(payload) == 0 {
		payload = []byte("null")
	}
	ctx := WithTrace(r.Context(), r.Header.Get(traceHeader))
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case invokeAsync:
		return wire.Answer{Status: http.StatusAccepted}, c.service.InvokeAsync(ctx, function.ARN, payload)
	case invokeAndWait, "":
		result, err := c.service.Invoke(ctx, function.ARN, payload)
		answer := wire.Answer{Status: http.StatusOK, Header: map[string]string{"X-Amz-Executed-Version": "$LATEST"}, Body: result.Payload}
		if result.FunctionError != "" {
			answer.Header["X-Amz-Function-Error"] = result.FunctionError
		}
		return answer, err
	default:
		return wire.Answer{}, unsupportedParameter("X-Amz-Invocation-Type", kind)
	}
}

func unsupportedParameter(parameter, value string) error {
	return wire.Errorf("InvalidParameterValueException", "the local cloud does not support %s %s", parameter, value)
}

// functionConfiguration is a function's configuration, as far as the local cloud has it.
type functionConfiguration struct {
	FunctionName     string
	FunctionArn      string
	Handler          string
	Timeout          int
	MemorySize       int
	DeadLetterConfig *deadLetterConfig `json:",omitempty"`
}

type deadLetterConfig struct{ TargetArn string }

func (c calls) configuration(r *http.Request, _ []byte) (wire.Answer, error) {
	function, err := c.find(r, "lambda:GetFunctionConfiguration")
	if err != nil {
		return wire.Answer{}, err
	}
	if r.URL.RawQuery != "" {
		return wire.Answer{}, unsupportedParameter("query", r.URL.RawQuery)
	}
	found := functionConfiguration{
		FunctionName: function.Name, FunctionArn: function.ARN, Handler: function.Handler,
		Timeout: int(function.Timeout / time.Second), MemorySize: function.MemoryMB,
	}
	if function.DeadLetterARN != "" {
		found.DeadLetterConfig = &deadLetterConfig{function.DeadLetterARN}
	}
	body, err := json.Marshal(found)
	return wire.Answer{Status: http.StatusOK, Body: body}, err
}
