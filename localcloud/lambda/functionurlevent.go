package lambda

import (
	"context"
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// urlRequest is an HTTP request in payload format 2.0.
type urlRequest struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	Context         urlContext        `json:"requestContext"`
	Body            string            `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type urlContext struct {
	AccountID    string  `json:"accountId"`
	APIID        string  `json:"apiId"`
	Authorizer   any     `json:"authorizer,omitempty"`
	DomainName   string  `json:"domainName"`
	DomainPrefix string  `json:"domainPrefix"`
	HTTP         urlHTTP `json:"http"`
	RequestID    string  `json:"requestId"`
	RouteKey     string  `json:"routeKey"`
	Stage        string  `json:"stage"`
	Time         string  `json:"time"`
	TimeEpoch    int64   `json:"timeEpoch"`
}

type urlHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

func urlEvent(r *http.Request, body []byte, id string, now time.Time) urlRequest {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	prefix, _, _ := strings.Cut(host, ".")
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	event := urlRequest{
		Version: "2.0", RouteKey: "$default",
		RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: joinedHeaders(r, source), Query: joinedQuery(r.URL.RawQuery),
		Context: urlContext{
			AccountID: "anonymous", APIID: id, DomainName: host, DomainPrefix: prefix,
			HTTP: urlHTTP{
				Method: r.Method, Path: r.URL.EscapedPath(), Protocol: r.Proto,
				SourceIP: source, UserAgent: r.UserAgent(),
			},
			RequestID: uuid.NewString(), RouteKey: "$default", Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		},
		Body: string(body),
	}
	if len(body) > 0 && !isText(r.Header.Get("Content-Type")) {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	if caller, signed := r.Context().Value(urlCallerKey{}).(URLCaller); signed {
		event.Context.AccountID, event.Context.Authorizer = caller.AccountID, map[string]URLCaller{"iam": caller}
	}
	return event
}

// URLCaller is the signer of a request to a function URL.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type URLCaller struct {
	AccessKey string `json:"accessKey"`
	AccountID string `json:"accountId"`
	CallerID  string `json:"callerId"`
	UserARN   string `json:"userArn"`
	UserID    string `json:"userId"`
	// These have no value for a caller of this account.
	CognitoIdentity *struct{} `json:"cognitoIdentity"`
	PrincipalOrgID  *string   `json:"principalOrgId"`
}

type urlCallerKey struct{}

// WithURLCaller returns a context with the caller of a function URL.
func WithURLCaller(ctx context.Context, caller URLCaller) context.Context {
	return context.WithValue(ctx, urlCallerKey{}, caller)
}

// cookies returns the cookies, which the event has apart from the headers.
func cookies(header http.Header) []string {
	var all []string
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

// joinedHeaders returns the headers with lower-case names, and the values of a
// repeated header joined.
func joinedHeaders(r *http.Request, source string) map[string]string {
	headers := map[string]string{
		"host": r.Host, "x-forwarded-proto": "http", "x-forwarded-for": source,
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		headers["x-forwarded-port"] = port
	}
	for name, values := range r.Header {
		if name != "Cookie" {
			headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return headers
}

// joinedQuery returns the decoded parameters, the values of a repeated one
// joined. What cannot be decoded is only in the raw query.
func joinedQuery(raw string) map[string]string {
	values, err := url.ParseQuery(raw)
	if err != nil && len(values) == 0 {
		return nil
	}
	query := make(map[string]string, len(values))
	for name, all := range values {
		query[name] = strings.Join(all, ",")
	}
	return query
}

// isText reports whether a body is text in the event. Any other is base64, also
// a form and a body without a type.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return slices.Contains([]string{"application/json", "application/javascript", "application/xml"}, kind) ||
		strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}
