package apidestination

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"example.com/saga/localcloud/eventbridge"
)

const defaultContentType = "application/json; charset=utf-8"

// request builds the request of one delivery.
func (e *endpoint) request(ctx context.Context, d eventbridge.Delivery) (*http.Request, error) {
	parameters := d.HTTP
	if parameters == nil {
		parameters = &eventbridge.HTTPParameters{}
	}
	address, err := e.address(parameters)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, e.Method, address, bytes.NewReader(d.Body))
	if err != nil {
		return nil, err
	}
	request.Close = true
	request.Header.Set("Content-Type", defaultContentType)
	for name, value := range parameters.Header {
		setUnlessFixed(request.Header, name, value)
	}
	for name, values := range e.Connection.header() {
		for i, value := range values {
			if i == 0 {
				setUnlessFixed(request.Header, name, value)
			} else if !isFixed(name) {
				request.Header.Add(name, value)
			}
		}
	}
	request.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	request.Header.Set("Range", "bytes=0-1048575")
	request.Header.Set("Accept-Encoding", "gzip,deflate")
	return request, nil
}

// address returns the endpoint with its asterisks replaced and the query added.
func (e *endpoint) address(parameters *eventbridge.HTTPParameters) (string, error) {
	pieces := strings.Split(e.Endpoint, "*")
	if len(pieces)-1 != len(parameters.Path) {
		return "", fmt.Errorf("the endpoint %s needs %d path values, the target has %d", e.Endpoint, len(pieces)-1, len(parameters.Path))
	}
	var filled strings.Builder
	filled.WriteString(pieces[0])
	for i, value := range parameters.Path {
		filled.WriteString(url.PathEscape(value))
		filled.WriteString(pieces[i+1])
	}
	address, err := url.Parse(filled.String())
	if err != nil {
		return "", err
	}
	query := address.Query()
	for name, value := range parameters.Query {
		query.Set(name, value)
	}
	maps.Copy(query, e.Connection.Query)
	address.RawQuery = query.Encode()
	return address.String(), nil
}

func setUnlessFixed(header http.Header, name, value string) {
	if !isFixed(name) {
		header.Set(name, value)
	}
}

// isFixed reports whether a header is EventBridge's or the transport's own, so
// that neither a connection nor a target can set it.
func isFixed(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "User-Agent", "Range", "Accept-Encoding", "Content-Length", "Host",
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect":
		return true
	default:
		return false
	}
}
