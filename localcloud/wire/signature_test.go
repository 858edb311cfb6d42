package wire_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/saga/localcloud/wire"
)

func TestARequestThatIsNotSignedIsRefused(t *testing.T) {
	const (
		missing    = "MissingAuthenticationTokenException"
		incomplete = "IncompleteSignatureException"
		scope      = "Credential=ASIA1/20261122/eu-west-1/x/aws4_request"
	)
	for name, test := range map[string]struct{ authorization, code string }{
		"without a header":         {"", missing},
		"by a password":            {"Basic b3BlcmF0b3I6b3BlcmF0b3I=", incomplete},
		"by a token":               {"Bearer ASIA1", incomplete},
		"without the algorithm":    {scope + ", SignedHeaders=host, Signature=0", incomplete},
		"without a credential":     {"AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0", incomplete},
		"with half of a scope":     {"AWS4-HMAC-SHA256 Credential=ASIA1/x, SignedHeaders=host, Signature=0", incomplete},
		"without an access key id": {"AWS4-HMAC-SHA256 Credential=/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0", incomplete},
		"of another version":       {"AWS4-HMAC-SHA256 Credential=ASIA1/20261122/eu-west-1/x/aws3_request, SignedHeaders=host, Signature=0", incomplete},
		"without a signature":      {"AWS4-HMAC-SHA256 " + scope + ", SignedHeaders=host", incomplete},
		"without signed headers":   {"AWS4-HMAC-SHA256 " + scope + ", Signature=0", incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			request := func() *http.Request {
				made := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"Name": "Ann"}`))
				made.Header.Set("X-Amz-Target", "Greeter.Greet")
				if test.authorization != "" {
					made.Header.Set("Authorization", test.authorization)
				}
				return made
			}
			called := false
			rest := wire.Handler(wire.Service{Routes: []wire.Route{{Pattern: "POST /", Operation: func(*http.Request, []byte) (wire.Answer, error) {
				called = true
				return wire.Answer{Status: http.StatusOK}, nil
			}}}})
			for protocol, served := range map[string]http.Handler{"JSON": handler(), "REST": rest} {
				answer := httptest.NewRecorder()
				served.ServeHTTP(answer, request())
				var failure struct {
					Type string `json:"__type"`
				}
				if err := json.Unmarshal(answer.Body.Bytes(), &failure); err != nil {
					t.Fatal(err)
				}
				if answer.Code != http.StatusForbidden || failure.Type != test.code || called {
					t.Errorf("in the protocol %s the answer is %d %s, want 403 %s", protocol, answer.Code, answer.Body, test.code)
				}
			}
			query, answer := request(), httptest.NewRecorder()
			query.Header.Del("X-Amz-Target")
			query.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			handler().ServeHTTP(answer, query)
			var failure struct {
				Code string `xml:"Error>Code"`
			}
			if err := xml.Unmarshal(answer.Body.Bytes(), &failure); err != nil {
				t.Fatal(err)
			}
			if answer.Code != http.StatusForbidden || failure.Code != test.code {
				t.Errorf("in the query protocol the answer is %d %s, want 403 %s", answer.Code, answer.Body, test.code)
			}
		})
	}
}

func TestASignatureMayBeWrittenWithoutBlanks(t *testing.T) {
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"Name": "Ann"}`))
	request.Header.Set("X-Amz-Target", "Greeter.Greet")
	request.Header.Set("Authorization", strings.ReplaceAll(signature, ", ", ","))
	answer := httptest.NewRecorder()
	handler().ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || answer.Body.String() != `{"Name":"Ann ASIA1"}` {
		t.Errorf("the answer is %d %s", answer.Code, answer.Body)
	}
}
