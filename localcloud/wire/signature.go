package wire

import (
	"net/http"
	"strings"
)

// algorithm is how Signature Version 4 begins.
const algorithm = "AWS4-HMAC-SHA256 "

// Signer returns the access key id that signed a request. The signature itself
// is not checked: on loopback the id only names the caller. But as on AWS there
// must be one: a web page cannot add it to a request across origins.
func Signer(r *http.Request) (accessKeyID string, refused *Error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", unsigned("MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	list, found := strings.CutPrefix(header, algorithm)
	if !found {
		return "", unsigned("IncompleteSignature", "the Authorization header is not of Signature Version 4")
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	// The access key id, the day, the Region and the service.
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 || scope[0] == "" || scope[4] != "aws4_request" || parts["SignedHeaders"] == "" || parts["Signature"] == "" {
		return "", unsigned("IncompleteSignature", "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters")
	}
	return scope[0], nil
}

// unsigned returns the error of a request that is not signed.
func unsigned(code, message string) *Error {
	return &Error{Code: code + "Exception", Message: message, Status: http.StatusForbidden}
}
