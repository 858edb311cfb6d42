package httpapi

import (
	"encoding/json"
	"net/http"
)

// problem is an error in the form of RFC 9457.
type problem struct {
	Type   string   `json:"type"`
	Title  string   `json:"title"`
	Status int      `json:"status"`
	Detail string   `json:"detail,omitempty"`
	Errors []detail `json:"errors,omitempty"`
}

// detail is one thing that is wrong with a request's body.
type detail struct {
	// Pointer is a JSON Pointer (RFC 6901) to what is wrong.
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// newProblem makes a problem whose type is a page of its own below /problems.
func newProblem(status int, kind, title, explanation string, errors ...detail) *problem {
	return &problem{Type: "/problems/" + kind, Title: title, Status: status, Detail: explanation, Errors: errors}
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

func (p *problem) write(w http.ResponseWriter) {
	writeJSON(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	//nolint:errcheck // The client has gone: there is nobody left to tell.
	w.Write(encoded)
}
