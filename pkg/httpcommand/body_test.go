package httpcommand_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/jsonschema"
)

// read reads a body, whose members have a schema each, into a value, and returns the answer.
func read(t *testing.T, members, body string, into any) *httptest.ResponseRecorder {
	t.Helper()
	schemas, err := jsonschema.Compile(nil, []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/x",
		"type": "object", "additionalProperties": false, "properties": {`+members+`}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	return send(t, httpcommand.Config{
		Logger: slog.New(slog.DiscardHandler),
		Routes: map[string]httpcommand.Route{"POST /x": {
			Body:   &httpcommand.Body{Schema: schemas["https://example.com/x"]},
			Handle: func(r *httpcommand.Request) (httpcommand.Answer, error) { return httpcommand.Answer{}, r.Read(into) },
		}},
	}, http.MethodPost, body)
}

func TestANumberIsReadHoweverItIsWritten(t *testing.T) {
	type numbers struct {
		Integers []int
		Number   float64
	}
	var got numbers
	answer := read(t, `"integers": {"type": "array", "items": {"type": "integer"}}, "number": {"type": "number"}`,
		`{"integers": [5, 5.0, 50e-1], "number": 0.5}`, &got)
	if diff := cmp.Diff(numbers{[]int{5, 5, 5}, 0.5}, got); diff != "" || answer.Code != http.StatusOK {
		t.Errorf("%d %s, numbers (-want +got):\n%s", answer.Code, answer.Body, diff)
	}
}

func TestAnErrorStatesTheRuleThatAMemberBreaks(t *testing.T) {
	for rule, test := range map[string]struct{ schema, value string }{
		"must be of type integer":               {`"type": "integer"`, `"1"`},
		"must have at least 2 elements":         {`"minItems": 2`, `[1]`},
		"must have at most 2 elements":          {`"maxItems": 2`, `[1, 2, 3]`},
		"must have at least 2 characters":       {`"minLength": 2`, `"a"`},
		"must have at most 2 characters":        {`"maxLength": 2`, `"abc"`},
		"must be at least 2":                    {`"minimum": 2`, `1`},
		"must be at most 2":                     {`"maximum": 2`, `3`},
		"is missing":                            {`"required": ["b"]`, `{}`},
		"is not a member of the schema":         {`"additionalProperties": false`, `{"b": 1}`},
		"must be lower case":                    {`"pattern": "^[a-z]*$", "description": "lower case"`, `"A"`},
		"breaks the rule pattern of the schema": {`"pattern": "^[a-z]*$"`, `"A"`},
	} {
		answer := read(t, `"a": {`+test.schema+`}`, `{"a": `+test.value+`}`, nil)
		var problem httpcommand.Document
		if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || len(problem.Errors) != 1 || problem.Errors[0].Detail != rule {
			t.Errorf("%s: %d %s, %v", rule, answer.Code, answer.Body, err)
		}
	}
}

func TestTheDetailOfAProblemStatesWhatIsWrong(t *testing.T) {
	d, open := newDesk(t, httpcommand.Config{}), newDesk(t, httpcommand.Config{Open: true})
	declared := func(contentType string) *httptest.ResponseRecorder {
		return d.serve(http.MethodPost, "/bookings", strings.NewReader(good), "Content-Type: "+contentType, "Idempotency-Key: key-1")
	}
	for detail, answer := range map[string]*httptest.ResponseRecorder{
		"Send the booking as a JSON object.":                         d.post("", "key-1"),
		"The body is not UTF-8.":                                     d.post("\"\xff\"", "key-1"),
		"The body begins with a byte order mark, which is not JSON.": d.post("\uFEFF{}", "key-1"),
		"The body is not valid JSON: unexpected EOF.":                d.post("{", "key-1"),
		"There is more than one JSON value in the body.":             d.post("{} {}", "key-1"),
		"Send the body as application/json, with one Content-Type.":  d.post(good, "key-1", "Content-Type: application/json"),
		"Send the body as application/json.":                         declared("text/plain"),
		"The charset must be UTF-8, or left out.":                    declared("application/json; charset=latin1"),
		"The header must occur once, with 1 to 255 letters, digits and characters of -._~:+/=. " +
			"A comma is refused because a header that is sent twice arrives as one, joined by a comma.": d.post(good, "a,a"),
		"The API is open to everyone, so the key must be hard to guess: a UUID of version 4 or 7.": open.post(good, "key-1"),
		"Allowed here: GET, HEAD.":                 d.serve(http.MethodPut, "/bookings/1", http.NoBody),
		"There is no problem type with this name.": d.serve(http.MethodGet, "/problems/none", http.NoBody),
	} {
		var problem httpcommand.Document
		if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil || problem.Detail != detail {
			t.Errorf("%s: %d %s, %v", detail, answer.Code, answer.Body, err)
		}
	}
}
