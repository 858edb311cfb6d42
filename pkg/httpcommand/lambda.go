package httpcommand

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"example.com/saga/pkg/tracing"
	"example.com/saga/pkg/worker"
)

// answerMargin is the time at the end of an invocation that is left to answer that there
// was not enough time.
const answerMargin = 500 * time.Millisecond

// Lambda makes a Lambda handler of an HTTP handler, for a function URL with buffered
// responses. The context of a request ends half a second before the deadline of the
// invocation.
func Lambda(handler http.Handler) func(context.Context, events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	return func(ctx context.Context, in events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
		ctx = withIdentity(ctx, in.RequestContext.Authorizer)
		ctx, cancel := worker.WithDeadlineMargin(tracing.ContinueInvocation(ctx), answerMargin)
		defer cancel()
		request, err := newRequest(ctx, in)
		if err != nil {
			return events.LambdaFunctionURLResponse{}, err
		}
		recorder := &recorder{header: make(http.Header), status: http.StatusOK, isHead: request.Method == http.MethodHead}
		handler.ServeHTTP(recorder, request)
		return recorder.response(), nil
	}
}

// withIdentity returns a context with the caller, if an IAM identity has signed the
// request.
func withIdentity(ctx context.Context, authorizer *events.LambdaFunctionURLRequestContextAuthorizerDescription) context.Context {
	if authorizer == nil || authorizer.IAM == nil {
		return ctx
	}
	return WithCaller(ctx, NewCaller(authorizer.IAM.AccountID, authorizer.IAM.UserID))
}

// newRequest makes the request of an event. An address that cannot be parsed becomes an
// opaque URL without a path.
func newRequest(ctx context.Context, in events.LambdaFunctionURLRequest) (*http.Request, error) {
	if in.RequestContext.HTTP.Method == "" {
		return nil, errors.New("the event is not a request: it has no method")
	}
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(in.Body)
		if err != nil {
			return nil, fmt.Errorf("decode the body: %w", err)
		}
		body = decoded
	}
	target := in.RawPath
	if in.RawQueryString != "" {
		target += "?" + in.RawQueryString
	}
	request, err := http.NewRequestWithContext(ctx, in.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range in.Headers {
		request.Header.Add(name, value)
	}
	for _, cookie := range in.Cookies {
		request.Header.Add("Cookie", cookie)
	}
	request.Host = in.RequestContext.DomainName
	if in.Headers["x-forwarded-proto"] == "http" { // The local cloud, which has a port of its own.
		request.Host = net.JoinHostPort(request.Host, in.Headers["x-forwarded-port"])
	}
	request.RemoteAddr = in.RequestContext.HTTP.SourceIP
	request.RequestURI = target
	request.URL, err = url.ParseRequestURI(target)
	if err != nil {
		request.URL = &url.URL{Opaque: cmp.Or(target, "?")}
	}
	return request, nil
}

// recorder is an http.ResponseWriter that records the response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	// isHead is true for a HEAD request, whose answer has no body (RFC 9110, 9.3.2).
	isHead bool
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(p []byte) (int, error) {
	if r.isHead {
		return len(p), nil
	}
	return r.body.Write(p)
}

func (r *recorder) response() events.LambdaFunctionURLResponse {
	headers := make(map[string]string, len(r.header))
	for name, values := range r.header {
		headers[name] = strings.Join(values, ",")
	}
	// Set-Cookie is the only header whose values cannot be joined.
	delete(headers, "Set-Cookie")
	response := events.LambdaFunctionURLResponse{
		StatusCode: r.status, Headers: headers, Cookies: r.header.Values("Set-Cookie"), Body: r.body.String(),
	}
	if !utf8.ValidString(response.Body) {
		response.Body = base64.StdEncoding.EncodeToString(r.body.Bytes())
		response.IsBase64Encoded = true
	}
	return response
}
