package wire

import (
	"net/http"
	"strings"
)

// algorithm is how Signature Version 4 begins.
const algorithm = "AWS4-HMAC-SHA256 "

// IsSigned reports whether a request is meant for AWS's APIs, and not for a page of
// the local cloud itself.
func IsSigned(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), algorithm)
}

// Signer returns the access key id that signed a request, or why it is refused.
func Signer(r *http.Request) (accessKeyID string, refused *Error) {
	by, refused := signer(r)
	return by.accessKeyID, refused
}

// signer returns what signed a request. The signature itself is not checked: on
// loopback the id only names the caller. But as on AWS there must be one: a web page
// cannot add it to a request across origins.
func signer(r *http.Request) (by caller, refused *Error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return caller{}, unsigned("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	list, found := strings.CutPrefix(header, algorithm)
	if !found {
		return caller{}, unsigned("IncompleteSignature", "the Authorization header is not of Signature Version 4")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	// The access key id, the day, the Region and the service.
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 || scope[0] == "" || scope[4] != "aws4_request" || parts["SignedHeaders"] == "" || parts["Signature"] == "" {
		return caller{}, unsigned("IncompleteSignature", "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters")
	}
	return caller{scope[0], scope[3], r.Header.Get("X-Amz-Security-Token")}, nil
}

func unsigned(code, message string) *Error {
	return &Error{Code: code + "Exception", Message: message, Status: http.StatusForbidden}
}
