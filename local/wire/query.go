package wire

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// queryError is an error in the query protocol of older services.
type queryError struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

// isQuery tells whether a request is in the query protocol, in which the local
// cloud has no service.
func isQuery(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// refuseQuery says so in a form that the caller can read.
func refuseQuery(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maximumBody)
	body, err := xml.Marshal(queryError{
		Type: "Sender", Code: "UnknownOperationException",
		Message: fmt.Sprintf("the local cloud has no service with the operation %s (version %s)", r.PostFormValue("Action"), r.PostFormValue("Version")),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	//nolint:errcheck // The caller has gone: there is nobody left to tell.
	w.Write(body)
}
