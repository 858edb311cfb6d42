package activity_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/activity"
)

const stream = `: connected

id: 1-1
event: accepted
data: {"bus":"Bus","id":"e"}

id: 1-2
event: attempt
data: {"time":"1970-01-01T00:00:01Z","function":"Payment/Worker","request":"r","queue":"Payment/Queue","attempts":10,"reason":"killed","parts":[{"message":"m","id":"e","type":"t","subject":"s","attempt":2,"failed":true}]}

id: 1-3
event: processEnded
data: {"function":"Payment/Worker","pid":7,"request":"r","reason":"killed"}

event: missed
data: {"count":5,"anotherRun":false}

: still here

`

func TestNoticesAreReadAfterTheLastOne(t *testing.T) {
	var last string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = r.Header.Get("Last-Event-ID")
		fmt.Fprint(w, stream)
	}))
	defer server.Close()
	client, opened := activity.Client{URL: server.URL}, 0
	var got []activity.Notice
	if err := client.Follow(t.Context(), "1-0", func() { opened++ }, func(n activity.Notice) { got = append(got, n) }); err != nil {
		t.Fatal(err)
	}
	want := []activity.Notice{
		{ID: "1-1"},
		{ID: "1-2", Attempt: &activity.Attempt{
			Time: time.Unix(1, 0).UTC(), Function: "Payment/Worker", Request: "r", Attempts: 10, Reason: "killed",
			Parts: []activity.Part{{ID: "e", Type: "t", Subject: "s", Attempt: 2, Failed: true}},
		}},
		{ID: "1-3", Ended: &activity.Ending{Request: "r", Reason: "killed"}},
		{ID: "1-3", Missed: &activity.Gap{Count: 5}},
	}
	if diff := cmp.Diff(want, got); diff != "" || opened != 1 || last != "1-0" {
		t.Errorf("it is opened %d times, after %q (-want +got):\n%s", opened, last, diff)
	}
}

func TestAStreamThatCannotBeReadIsAnError(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a refusal":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"no JSON":      func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "event: attempt\ndata: [\n\n") },
		"a broken one": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := activity.Client{URL: server.URL}
			if err := client.Follow(context.Background(), "", func() {}, func(activity.Notice) {}); err == nil {
				t.Error("there is no error")
			}
		})
	}
}
