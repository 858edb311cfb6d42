package fault

import (
	"io"
	"net/http"
	"os"
	"strings"
)

// Transport hits the requests of API destinations.
type Transport struct {
	injector *Injector
	next     http.RoundTripper
}

// NewTransport returns a Transport that sends with the next one.
func NewTransport(injector *Injector, next http.RoundTripper) *Transport {
	return &Transport{injector: injector, next: next}
}

// RoundTrip sends the request, unless a fault answers for the endpoint. A slow
// endpoint receives the request, but its answer comes after the sender's timeout.
// The timeout is returned at once.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	for name, status := range map[Name]int{
		Destination500: http.StatusInternalServerError, Destination429: http.StatusTooManyRequests,
	} {
		if t.injector.Hit(name) {
			return emptyResponse(request, status), closeBody(request)
		}
	}
	response, err := t.next.RoundTrip(request)
	if err != nil || !t.injector.Hit(DestinationSlow) {
		return response, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	return nil, os.ErrDeadlineExceeded
}

func emptyResponse(request *http.Request, status int) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Request: request,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")),
	}
}

// closeBody closes a request's body, as every transport must.
func closeBody(request *http.Request) error {
	if request.Body == nil {
		return nil
	}
	return request.Body.Close()
}
