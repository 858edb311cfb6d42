package wire

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
)

// Answer is what an operation of a REST protocol answers: a status, headers and
// a body that is JSON already.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Route is one operation of a service that speaks the REST protocol. The pattern
// has its method and path, as http.ServeMux reads them.
type Route struct {
	Name, Pattern string
	Operation     func(r *http.Request, body []byte) (Answer, error)
}

// ServeHTTP serves the operation. The request's signer is in its context.
func (o Route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumRESTBody))
	if err != nil {
		writeREST(w, Errorf("RequestTooLargeException", "%s", err))
		return
	}
	answer, err := o.Operation(r, body)
	if err != nil {
		writeREST(w, err)
		return
	}
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	send(w, restType, answer.Status, answer.Body)
}

// matches reports whether a request is for one of the routes. A ServeMux would
// redirect what is not in its canonical form, which SDKs do not follow.
func matches(routes *http.ServeMux, r *http.Request) bool {
	_, pattern := routes.Handler(r)
	return pattern != "" && path.Clean(r.URL.EscapedPath()) == r.URL.EscapedPath()
}

// withoutSlash returns a request without a slash at the end of its path, which older
// SDKs send (https://github.com/aws/aws-sdk-go/blob/main/service/lambda/api.go).
func withoutSlash(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.URL.Path, clean.URL.RawPath = strings.TrimSuffix(r.URL.Path, "/"), strings.TrimSuffix(r.URL.RawPath, "/")
	return clean
}

const restType = "application/json"

// maximumRESTBody is Lambda's limit of a request, which may contain an archive of 50
// MB in base64.
const maximumRESTBody = 70_167_211

// writeREST writes an error. Its code is in a header too.
func writeREST(w http.ResponseWriter, err error) {
	if failure, known := errors.AsType[*Error](err); known {
		w.Header().Set("X-Amzn-Errortype", failure.Code)
	}
	write(w, restType, nil, err)
}
