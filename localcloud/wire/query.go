package wire

import (
	"encoding/xml"
	"net/http"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// queryError is an error in the query protocol of older services.
type queryError struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

// isQuery reports whether a request is in the query protocol, for which the
// local cloud has no service.
func isQuery(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// unknownQuery returns the error of any request in the query protocol.
func unknownQuery(w http.ResponseWriter, r *http.Request) *Error {
	r.Body = http.MaxBytesReader(w, r.Body, maximumBody)
	return Errorf("UnknownOperationException", "the local cloud has no service with the operation %s (version %s): see %s",
		r.PostFormValue("Action"), r.PostFormValue("Version"), unsupported.Reference)
}

// writeQuery writes an error in a form that a caller in the query protocol reads.
func writeQuery(w http.ResponseWriter, failure *Error) {
	body, err := xml.Marshal(queryError{Type: "Sender", Code: failure.Code, Message: failure.Message})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(failure.status())
	//nolint:errcheck // The caller has gone: there is nothing left to write to.
	w.Write(body)
}
