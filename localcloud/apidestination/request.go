package apidestination

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

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
