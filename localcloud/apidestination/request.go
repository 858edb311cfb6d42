package apidestination

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/eventbridge"
)

const defaultContentType = "application/json; charset=utf-8"

// request builds the request of one delivery. The connection's parameters win
// over the target's.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_HttpParameters.html
func (e *endpoint) request(ctx context.Context, d eventbridge.Delivery) (*http.Request, error) {
	var target eventbridge.HTTPParameters
	if d.HTTP != nil {
		target = *d.HTTP
	}
	connection := e.Connection.current()
	var added HttpParameters
	if connection.InvocationHttpParameters != nil {
		added = *connection.InvocationHttpParameters
	}
	address, err := e.address(target, added.QueryStringParameters)
	if err != nil {
		return nil, err
	}
	body, err := withMembers(d.Body, added.BodyParameters)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, e.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Close = true
	request.Header.Set("Content-Type", defaultContentType)
	for name, value := range target.Header {
		request.Header.Set(name, value)
	}
	for name, values := range valuesOf(added.HeaderParameters) {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if credential := connection.credential(); credential.name != "" {
		request.Header.Set(credential.name, credential.value)
	}
	maps.DeleteFunc(request.Header, func(name string, _ []string) bool { return isFixed(name) })
	request.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	request.Header.Set("Range", "bytes=0-1048575")
	request.Header.Set("Accept-Encoding", "gzip,deflate")
	return request, nil
}

// address returns the endpoint with its asterisks replaced and the query added,
// at the base if there is one.
func (e *endpoint) address(target eventbridge.HTTPParameters, added []Parameter) (string, error) {
	pieces := strings.Split(e.Endpoint, "*")
	if len(pieces)-1 != len(target.Path) {
		return "", fmt.Errorf("the endpoint %s needs %d path values, the target has %d", e.Endpoint, len(pieces)-1, len(target.Path))
	}
	var filled strings.Builder
	filled.WriteString(pieces[0])
	for i, value := range target.Path {
		filled.WriteString(url.PathEscape(value))
		filled.WriteString(pieces[i+1])
	}
	address, err := url.Parse(filled.String())
	if err != nil {
		return "", err
	}
	if len(target.Query)+len(added) > 0 {
		query := address.Query()
		for name, value := range target.Query {
			query.Set(name, value)
		}
		maps.Copy(query, valuesOf(added))
		address.RawQuery = query.Encode()
	}
	if e.Base != "" {
		return e.Base + address.RequestURI(), nil
	}
	return address.String(), nil
}

// valuesOf returns parameters by name, each of which can have several values.
func valuesOf(parameters []Parameter) map[string][]string {
	values := map[string][]string{}
	for _, parameter := range parameters {
		values[parameter.Key] = append(values[parameter.Key], parameter.Value)
	}
	return values
}

// withMembers returns a body with parameters as members of its JSON object. It is
// not documented what AWS does with a body that is no object.
func withMembers(body []byte, added []Parameter) ([]byte, error) {
	if len(added) == 0 {
		return body, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return nil, errors.New("the connection has BodyParameters, and the target's input is not a JSON object")
	}
	for _, parameter := range added {
		value, err := json.Marshal(parameter.Value)
		if err != nil {
			return nil, err
		}
		object[parameter.Key] = value
	}
	return json.Marshal(object)
}

// isFixed reports whether a header, by its canonical name, is EventBridge's or
// the transport's own, so that neither a connection nor a target can set it.
func isFixed(name string) bool {
	return slices.Contains([]string{
		"User-Agent", "Range", "Accept-Encoding", "Content-Length", "Host",
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
	}, name)
}

// maximumResponse is how much of an answer is read before its connection is
// closed; its content does not matter.
const maximumResponse = 1 << 20

func closeBody(response *http.Response) {
	//nolint:errcheck // The answer's content has no meaning, only its status has.
	io.CopyN(io.Discard, response.Body, maximumResponse)
	//nolint:errcheck // There is nothing to do about a connection that does not close.
	response.Body.Close()
}

// connectionFailure returns the failure of a request that got no answer.
func connectionFailure(err error) error {
	failure := &eventbridge.DeliveryError{Code: eventbridge.CodeConnectionFailure, Message: err.Error(), Retryable: true}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		failure.Code = eventbridge.CodeTimeout
	}
	return failure
}

// deliveryResult returns nil for a success, or a failure that is to be retried
// or permanent.
func (s *Service) deliveryResult(response *http.Response) error {
	status := response.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	failure := &eventbridge.DeliveryError{
		Code:      eventbridge.CodeErrorFromTarget,
		Message:   fmt.Sprintf("the endpoint answered with the HTTP status %d", status),
		Retryable: isRetryable(status),
	}
	after, given := retryAfter(response.Header.Get("Retry-After"), s.clock())
	switch {
	case given && after < 0:
		failure.Retryable = false
	case given && failure.Retryable:
		failure.RetryAfter = after
	}
	return failure
}

func isRetryable(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusConflict, http.StatusTooManyRequests:
		return true
	default:
		return status >= 500
	}
}

// retryAfter reads a Retry-After header: seconds, which may be negative to stop
// the retries, or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}
