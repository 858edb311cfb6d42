package lambda

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/saga/localcloud/wire"
)

// URLHandler is the function URL of a function, with payload format 2.0 and
// buffered answers. The caller of URLHandler has to decide about permissions;
// cross-origin rules are not supported.
func (s *Service) URLHandler(arn string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumPayload))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			writeJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"Message": "Request Entity Too Large"})
			return
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]string{"Message": err.Error()})
			return
		}
		payload, err := json.Marshal(urlEvent(r, body, urlID(arn), s.config.Clock()))
		if err != nil {
			writeJSON(w, http.StatusInternalServerError, map[string]string{"Message": err.Error()})
			return
		}
		result, err := s.Invoke(WithTrace(r.Context(), r.Header.Get(traceHeader)), arn, payload)
		if err != nil {
			writeInvokeError(w, err)
			return
		}
		answer, err := parseAnswer(result)
		if err != nil {
			if result.FunctionError == "" { // Invoke reports the failure of a function.
				s.config.Logger.WarnContext(r.Context(), "a function URL answers 502", "arn", arn, "request_id", result.RequestID, "reason", err)
			}
			http.Error(w, "Internal Server Error", http.StatusBadGateway)
			return
		}
		answer.write(w)
	})
}

// urlID returns the part of a function URL's host name that stands for the
// function.
func urlID(arn string) string {
	hash := sha256.Sum256([]byte(arn))
	return fmt.Sprintf("%x", hash[:16])
}

func writeInvokeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if known, ok := errors.AsType[*wire.Error](err); ok && known.Status != 0 {
		w.Header().Set("X-Amzn-Errortype", known.Code)
		status = known.Status
	}
	writeJSON(w, status, map[string]string{"Message": err.Error()})
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	// If this fails, the caller has closed the connection.
	_, _ = w.Write(a.body)
}

// parseAnswer parses a function's result. An object with a statusCode describes
// the response; any other JSON is its body.
func parseAnswer(result Result) (*answer, error) {
	if result.FunctionError != "" {
		return nil, fmt.Errorf("the function failed: %s", result.Payload)
	}
	if !json.Valid(result.Payload) {
		return nil, errors.New("the function's answer is not JSON")
	}
	var described map[string]json.RawMessage
	if err := json.Unmarshal(result.Payload, &described); err == nil && described["statusCode"] != nil {
		return parseDescribed(described)
	}
	body := result.Payload
	var text string
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte(`"`)) && json.Unmarshal(body, &text) == nil {
		body = []byte(text)
	}
	return &answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: body}, nil
}

func parseDescribed(described map[string]json.RawMessage) (*answer, error) {
	status, err := parseStatus(described["statusCode"])
	if err != nil {
		return nil, err
	}
	var (
		headers map[string]json.RawMessage
		cookies []string
		body    string
		encoded bool
	)
	for name, member := range map[string]any{"headers": &headers, "cookies": &cookies, "body": &body, "isBase64Encoded": &encoded} {
		if described[name] == nil {
			continue
		}
		if err := json.Unmarshal(described[name], member); err != nil {
			return nil, fmt.Errorf("%s is malformed: %w", name, err)
		}
	}
	a := &answer{status: status, header: http.Header{}, body: []byte(body)}
	if encoded {
		if a.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, fmt.Errorf("body is not base64: %w", err)
		}
	}
	return a, a.setHeader(headers, cookies)
}

// parseStatus parses a status code; AWS accepts a number in a string too.
func parseStatus(raw json.RawMessage) (int, error) {
	text := strings.Trim(string(raw), `"`)
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return 0, fmt.Errorf("statusCode %s is not a status code", raw)
	}
	return status, nil
}

func (a *answer) setHeader(headers map[string]json.RawMessage, cookies []string) error {
	for name, raw := range headers {
		value := string(raw)
		switch raw[0] {
		case '{', '[', 'n':
			return fmt.Errorf("the header %s is neither a string nor a number nor a boolean", name)
		case '"':
			if err := json.Unmarshal(raw, &value); err != nil {
				return fmt.Errorf("the header %s: %w", name, err)
			}
		}
		a.header.Set(name, value)
	}
	for _, cookie := range cookies {
		a.header.Add("Set-Cookie", cookie)
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "application/json")
	}
	return nil
}

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
	host, source := withoutPort(r.Host), withoutPort(r.RemoteAddr)
	prefix, _, _ := strings.Cut(host, ".")
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

func withoutPort(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
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
