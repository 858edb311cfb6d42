package fault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/wire"
)

// processes is a function's process that calls, and what was done to it.
type processes struct {
	spared bool
	done   []string
	// end is called when the process is ended.
	end func()
}

func (p *processes) Exempt(session string) bool { return p.spared || session != "session" }
func (p *processes) Kill(session string)        { p.done = append(p.done, "kill "+session) }
func (p *processes) TimeOut(session string) {
	p.done = append(p.done, "time out "+session)
	p.end()
}

// answered is what a caller sees of one call.
type answered struct {
	status int
	body   string
	// effects are the bodies of the calls that took effect.
	effects []string
	cut     bool
}

// call returns one call, under one fault that strikes always, to a service that
// accepts everything.
func call(t *testing.T, p *processes, name fault.Name, target, operation, body string) answered {
	t.Helper()
	var got answered
	accept := func(_ context.Context, body []byte) (any, error) {
		got.effects = append(got.effects, string(body))
		out := &eventbridge.PutEventsOutput{}
		var in struct{ Entries []any }
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, err
		}
		for i := range in.Entries {
			out.Entries = append(out.Entries, eventbridge.PutEventsResult{EventId: fmt.Sprint(i)})
		}
		return out, nil
	}
	calls := fault.NewCalls(fault.NewInjector(1, map[fault.Name]float64{name: 1}), p)
	server := httptest.NewServer(wire.Handler(calls.Wrap(wire.Service{Target: target, Operations: map[string]wire.Operation{operation: accept}})))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.end = cancel
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", target+"."+operation)
	request.Header.Set("Authorization", signature)
	request.Header.Set("X-Amz-Security-Token", "session")
	status, answer, err := do(t, server, request)
	server.Close() // It waits for the call's end, which an answer that is cut does not tell.
	got.status, got.body, got.cut = status, answer, err != nil
	return got
}

// signature is what an AWS client sends.
const signature = "AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0"

const (
	tables = "DynamoDB_20120810"
	buses  = "AWSEvents"
	write  = `{"TransactItems":[{},{}]}`
	events = `{"Entries":[{},{}]}`
)

func TestACallIsHitAsTheFaultSays(t *testing.T) {
	for name, test := range map[fault.Name]struct {
		target, operation, body string
		effects                 int
		cut                     bool
		done, code              string
	}{
		fault.KillBeforeCall:      {target: buses, operation: "PutEvents", body: events, cut: true, done: "kill session"},
		fault.KillAfterCall:       {target: buses, operation: "PutEvents", body: events, cut: true, effects: 1, done: "kill session"},
		fault.FunctionTimeout:     {target: tables, operation: "GetItem", body: "{}", cut: true, effects: 1, done: "time out session"},
		fault.PutEventsLostAnswer: {target: buses, operation: "PutEvents", body: events, cut: true, effects: 1},
		fault.DynamoDBLostAnswer:  {target: tables, operation: "PutItem", body: "{}", cut: true, effects: 1},
		fault.DynamoDBThrottle:    {target: tables, operation: "GetItem", body: "{}", code: "ThrottlingException"},
		fault.DynamoDBConflict:    {target: tables, operation: "PutItem", body: "{}", code: "TransactionConflictException"},
	} {
		t.Run(string(name), func(t *testing.T) {
			p := &processes{}
			got := call(t, p, name, test.target, test.operation, test.body)
			if got.cut != test.cut || len(got.effects) != test.effects || strings.Join(p.done, ", ") != test.done {
				t.Errorf("the call is answered %+v, done is %q", got, p.done)
			}
			if test.code != "" && (got.status != http.StatusBadRequest || !strings.Contains(got.body, `"__type":"`+test.code+`"`)) {
				t.Errorf("the answer is %d %s", got.status, got.body)
			}
		})
	}
}

func TestWhoIsSparedIsNotHit(t *testing.T) {
	for _, name := range fault.Names() {
		p := &processes{spared: true}
		if got := call(t, p, name, buses, "PutEvents", events); got.status != http.StatusOK || len(got.effects) != 1 || len(p.done) > 0 {
			t.Errorf("%s: the answer is %+v, done is %q", name, got, p.done)
		}
	}
}

func TestAConflictIsOnlyInAWayOfAWrite(t *testing.T) {
	if got := call(t, &processes{}, fault.DynamoDBConflict, tables, "GetItem", "{}"); got.status != http.StatusOK {
		t.Errorf("a read is answered %+v", got)
	}
	got := call(t, &processes{}, fault.DynamoDBConflict, tables, "TransactWriteItems", write)
	var answer struct {
		Type    string `json:"__type"`
		Reasons []struct{ Code string }
	}
	if err := json.Unmarshal([]byte(strings.Replace(got.body, "CancellationReasons", "Reasons", 1)), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Type != "TransactionCanceledException" || len(got.effects) != 0 ||
		len(answer.Reasons) != 2 || answer.Reasons[0].Code != "TransactionConflict" || answer.Reasons[1].Code != "None" {
		t.Errorf("the transaction is answered %+v", got)
	}
}

func TestEntriesThatFailAreNotPublishedAndTheOthersAre(t *testing.T) {
	p := &processes{}
	published := 0
	service := wire.Service{Target: buses, Operations: map[string]wire.Operation{
		"PutEvents": func(_ context.Context, body []byte) (any, error) {
			var in struct{ Entries []string }
			if err := json.Unmarshal(body, &in); err != nil {
				return nil, err
			}
			out := &eventbridge.PutEventsOutput{}
			for _, id := range in.Entries {
				published++
				out.Entries = append(out.Entries, eventbridge.PutEventsResult{EventId: id})
			}
			return out, nil
		},
	}}
	injector := fault.NewInjector(5, map[fault.Name]float64{fault.PutEventsPartial: 0.5})
	server := httptest.NewServer(wire.Handler(fault.NewCalls(injector, p).Wrap(service)))
	t.Cleanup(server.Close)
	failed := 0
	for range 20 {
		out := putEvents(t, server, []string{"a", "b", "c"})
		if len(out.Entries) != 3 {
			t.Fatalf("3 entries are answered with %+v", out)
		}
		codes := 0
		for i, entry := range out.Entries {
			if entry.ErrorCode == "InternalFailure" {
				codes++
			} else if entry.EventId != string(rune('a'+i)) {
				t.Errorf("entry %d is answered %+v", i, entry)
			}
		}
		if codes != out.FailedEntryCount {
			t.Errorf("%d entries say that they failed, the count is %d", codes, out.FailedEntryCount)
		}
		failed += codes
	}
	if failed == 0 || published == 0 || failed+published != 60 || injector.Hits()[fault.PutEventsPartial] != failed {
		t.Errorf("of 60 entries %d failed and %d were published; the fault hits %v", failed, published, injector.Hits())
	}
}

func TestAnAPIDestinationsRequestIsHitAsTheFaultSays(t *testing.T) {
	for name, test := range map[fault.Name]struct {
		status, arrived int
		timeout         bool
	}{
		fault.Destination500:  {status: 500},
		fault.Destination429:  {status: 429},
		fault.DestinationSlow: {arrived: 1, timeout: true},
		fault.Shuffle:         {status: 200, arrived: 1},
	} {
		t.Run(string(name), func(t *testing.T) {
			arrived := 0
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived++ }))
			t.Cleanup(server.Close)
			client := &http.Client{Transport: fault.NewTransport(fault.NewInjector(1, map[fault.Name]float64{name: 1}), http.DefaultTransport)}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := client.Do(request)
			var late interface{ Timeout() bool }
			if isLate := errors.As(err, &late) && late.Timeout(); isLate != test.timeout || arrived != test.arrived {
				t.Fatalf("the error is %v, %d have arrived", err, arrived)
			}
			if test.timeout {
				return
			}
			defer response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("the status is %d", response.StatusCode)
			}
		})
	}
}

func putEvents(t *testing.T, server *httptest.Server, ids []string) eventbridge.PutEventsOutput {
	t.Helper()
	body, err := json.Marshal(map[string]any{"Entries": slices.Clone(ids)})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", buses+".PutEvents")
	request.Header.Set("Authorization", signature)
	request.Header.Set("X-Amz-Security-Token", "session")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var out eventbridge.PutEventsOutput
	if err := json.Unmarshal([]byte(readAll(t, response)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// do returns the status and the body of an answer.
func do(t *testing.T, server *httptest.Server, request *http.Request) (status int, body string, err error) {
	t.Helper()
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	return response.StatusCode, readAll(t, response), nil
}

func readAll(t *testing.T, response *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
