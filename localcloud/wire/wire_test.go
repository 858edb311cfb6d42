package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/saga/localcloud/wire"
)

type greeting struct {
	Name string
}

func handler() http.Handler {
	return wire.Handler(wire.Service{
		Target: "Greeter", ContentType: "application/x-amz-json-1.1",
		Operations: map[string]wire.Operation{
			"Greet": wire.Op(func(ctx context.Context, in *greeting) (*greeting, error) {
				switch in.Name {
				case "unknown":
					return nil, &wire.Error{Code: "UnknownNameException", Message: "There is no such name.", Status: http.StatusNotFound, Members: map[string]any{"Reasons": []string{"gone"}}}
				case "silent":
					return nil, wire.ErrNoAnswer
				case "broken":
					return nil, errors.New("out of paper")
				}
				return &greeting{Name: in.Name + " " + wire.Caller(ctx)}, nil
			}),
		},
	})
}

// signature is that of the caller ASIA1.
const signature = "AWS4-HMAC-SHA256 Credential=ASIA1/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0"

// answer is what the handler has answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func call(t *testing.T, target, body string) answer {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("X-Amz-Target", target)
	request.Header.Set("Authorization", signature)
	recorder := httptest.NewRecorder()
	handler().ServeHTTP(recorder, request)
	return answer{recorder.Code, recorder.Header(), recorder.Body.Bytes()}
}

func TestAnAnswerHasTheShapeThatTheSDKsCheck(t *testing.T) {
	got := call(t, "Greeter.Greet", `{"Name": "Ann"}`)
	if want := `{"Name":"Ann ASIA1"}`; string(got.body) != want || got.status != http.StatusOK {
		t.Errorf("the answer is %d %s, want %s", got.status, got.body, want)
	}
	if sum, want := got.header.Get("X-Amz-Crc32"), strconv.FormatUint(uint64(crc32.ChecksumIEEE(got.body)), 10); sum != want {
		t.Errorf("the checksum is %s, want %s", sum, want)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/x-amz-json-1.1" {
		t.Errorf("the content type is %s", kind)
	}
	if got.header.Get("X-Amzn-Requestid") == "" {
		t.Error("the answer has no request id")
	}
}

func TestAnUnsupportedRequestIsRefusedByName(t *testing.T) {
	for name, test := range map[string]struct {
		target, body, code, message string
		status                      int
	}{
		"an unknown member":      {"Greeter.Greet", `{"Colour": 1}`, "ValidationException", `unknown field "Colour"`, 400},
		"a member of wrong type": {"Greeter.Greet", `{"Name": 1}`, "ValidationException", "Name", 400},
		"bytes that are no text": {"Greeter.Greet", "{\"Name\": \"\xff\"}", "ValidationException", "not UTF-8", 400},
		"broken JSON":            {"Greeter.Greet", `{`, "ValidationException", "unexpected EOF", 400},
		"an unknown operation":   {"Greeter.Part", `{}`, "UnknownOperationException", "does not support Part of x", 400},
		"an unknown service":     {"Butler.Greet", `{}`, "UnknownOperationException", "does not support Greet of x", 400},
		"no target":              {"", ``, "UnknownOperationException", "does not support POST / of x", 400},
		"a body without end":     {"Greeter.Greet", strings.Repeat(" ", 17<<20), "RequestEntityTooLargeException", "too large", 400},
		"an error of the engine": {"Greeter.Greet", `{"Name": "unknown"}`, "UnknownNameException", "There is no such name.", 404},
		"an unexpected error":    {"Greeter.Greet", `{"Name": "broken"}`, "InternalFailure", "out of paper", 500},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, test.target, test.body)
			var failure struct {
				Type    string `json:"__type"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(got.body, &failure); err != nil {
				t.Fatal(err)
			}
			if got.status != test.status || failure.Type != test.code || !strings.Contains(failure.Message, test.message) {
				t.Errorf("the answer is %d %+v, want %d %s with %q", got.status, failure, test.status, test.code, test.message)
			}
		})
	}
}

func TestALongAnswerIsDelayed(t *testing.T) {
	for name, test := range map[string]struct {
		length int
		want   time.Duration
	}{
		"a short answer": {3000, 0},
		"a long answer":  {4000, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				call(t, "Greeter.Greet", `{"Name": "`+strings.Repeat("x", test.length)+`"}`)
				if took := time.Since(began); took != test.want {
					t.Errorf("the answer comes after %s, want %s", took, test.want)
				}
			})
		})
	}
}

func TestAnEmptyBodyIsAnEmptyRequest(t *testing.T) {
	if got := call(t, "Greeter.Greet", ""); got.status != http.StatusOK {
		t.Errorf("the answer is %d %s", got.status, got.body)
	}
}

func TestAnErrorsFurtherMembersReachTheCaller(t *testing.T) {
	var failure struct{ Reasons []string }
	if err := json.Unmarshal(call(t, "Greeter.Greet", `{"Name": "unknown"}`).body, &failure); err != nil {
		t.Fatal(err)
	}
	if len(failure.Reasons) != 1 || failure.Reasons[0] != "gone" {
		t.Errorf("the reasons are %v", failure.Reasons)
	}
}

func TestACallFromInsideHasNoCaller(t *testing.T) {
	if got := wire.Caller(t.Context()); got != "" {
		t.Errorf("the caller is %q", got)
	}
	if got := wire.Caller(wire.WithCaller(t.Context(), "ASIA2")); got != "ASIA2" {
		t.Errorf("the caller is %q", got)
	}
}
