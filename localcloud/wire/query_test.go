package wire_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/saga/localcloud/wire"
)

// signedFor is a signature for a service.
func signedFor(service string) string { return strings.Replace(signature, "/x/", "/"+service+"/", 1) }

// queried calls the operation Greet of the query protocol with a form.
func queried(t *testing.T, form string) *httptest.ResponseRecorder {
	t.Helper()
	served := wire.Handler(wire.Service{Target: "greeter", ContentType: wire.Query, Operations: map[string]wire.Operation{
		"Greet": wire.Op(func(ctx context.Context, in *greeting) (*greeting, error) {
			if in.Name == "missing" {
				return nil, wire.Errorf("ValidationError", "There is no such name.")
			}
			return &greeting{Name: in.Name + " & " + wire.Caller(ctx)}, nil
		}),
	}})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form))
	request.Header.Set("Authorization", signedFor("greeter"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	recorder := httptest.NewRecorder()
	served.ServeHTTP(recorder, request)
	return recorder
}

func TestAnOperationOfTheQueryProtocolAnswersInXML(t *testing.T) {
	recorder := queried(t, "Action=Greet&Version=2010-05-15&Name=Ann")
	var got struct {
		XMLName   xml.Name `xml:"GreetResponse"`
		Name      string   `xml:"GreetResult>Name"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}
	if err := xml.Unmarshal(recorder.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, recorder.Body)
	}
	if recorder.Code != http.StatusOK || recorder.Header().Get("Content-Type") != wire.Query || got.Name != "Ann & ASIA1" || got.RequestID == "" {
		t.Errorf("the answer is %d %s", recorder.Code, recorder.Body)
	}
}

func TestAnErrorOfTheQueryProtocolIsXML(t *testing.T) {
	for name, test := range map[string]struct{ form, code, message string }{
		"an error of the engine": {"Action=Greet&Name=missing", "ValidationError", "There is no such name."},
		"an unknown member":      {"Action=Greet&Names.member.1=Ann", "ValidationException", `unknown field "Names.member.1"`},
		"an unknown operation":   {"Action=Part&Name=Ann", "UnknownOperationException", "does not support Part of greeter"},
		"no operation":           {"Name=Ann", "UnknownOperationException", "does not support POST / of greeter"},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := queried(t, test.form)
			var failure struct {
				XMLName xml.Name `xml:"ErrorResponse"`
				Code    string   `xml:"Error>Code"`
				Message string   `xml:"Error>Message"`
			}
			if err := xml.Unmarshal(recorder.Body.Bytes(), &failure); err != nil {
				t.Fatalf("%v: %s", err, recorder.Body)
			}
			if recorder.Code != http.StatusBadRequest || failure.Code != test.code || !strings.Contains(failure.Message, test.message) {
				t.Errorf("the answer is %d %+v", recorder.Code, failure)
			}
		})
	}
}
