package wire

import (
	"errors"
	"io"
	"net/http"
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

// REST serves one operation of a service that speaks the REST protocol, in which
// method and path name the operation. Errors have the shape of the other
// protocols, which the SDKs read here too.
func REST(operation func(r *http.Request, body []byte) (Answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, refused := Signer(r)
		if refused != nil {
			writeREST(w, refused)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maximumRESTBody))
		if err != nil {
			writeREST(w, Errorf("RequestTooLargeException", "%s", err))
			return
		}
		answer, err := operation(r.WithContext(WithCaller(r.Context(), caller)), body)
		if err != nil {
			writeREST(w, err)
			return
		}
		header := w.Header()
		header.Set("Content-Type", restType)
		for name, value := range answer.Header {
			header.Set(name, value)
		}
		w.WriteHeader(answer.Status)
		//nolint:errcheck // The caller has gone: there is nothing left to write to.
		w.Write(answer.Body)
	})
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
