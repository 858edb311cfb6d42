package conformance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"
)

// envelope is an event as EventBridge delivers it.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	ReplayName string          `json:"replay-name"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
	return value
}

func TestAnEventIsDeliveredInItsEnvelope(t *testing.T) {
	t.Parallel()
	rule(t, "PE-2", "PE-17", "PE-20", "PE-21", "PE-22", "PE-25", "TSQ-1")
	test := unique()
	given := entry("enveloped", `{ "test" : "`+test+`",`+"\n\t"+`"twice": 1, "twice": 2 }`)
	given.Resources = []string{"arn:aws:one", "arn:aws:two"}
	given.Time = aws.Time(time.Date(2024, 2, 29, 12, 30, 45, 987_000_000, time.UTC))
	id := published(t, given)[0]
	body := *cloud.mailbox.one(t, test).Body
	got := decode[envelope](t, body)
	region, account := regionAndAccount(t)
	want := envelope{
		Version: "0", ID: id, DetailType: "enveloped", Source: "conformance", Account: account, Region: region,
		// The time has whole seconds: fractions are cut off.
		Time: "2024-02-29T12:30:45Z", Resources: []string{"arn:aws:one", "arn:aws:two"},
		// The detail is JSON, not text: written anew, and of equal keys the last wins.
		Detail: json.RawMessage(`{"test":"` + test + `","twice":2}`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The order of the fields is not documented, but always this one.
	at := -1
	for _, field := range []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"} {
		next := strings.Index(body, `"`+field+`":`)
		if next < at {
			t.Errorf("%s is out of order in %s", field, body)
		}
		at = next
	}
}

// regionAndAccount are those of the stack, out of an ARN.
func regionAndAccount(t *testing.T) (region, account string) {
	t.Helper()
	parts := strings.Split(cloud.output("OuterArn"), ":")
	if len(parts) != 6 {
		t.Fatalf("the bus has the ARN %s", cloud.output("OuterArn"))
	}
	return parts[3], parts[4]
}

func TestAnEventWithoutResourcesAndTimeHasNoneAndTheTimeOfTheCall(t *testing.T) {
	t.Parallel()
	rule(t, "PE-12", "PE-20")
	test := unique()
	before := time.Now()
	publish(t, "enveloped", `{"test":"`+test+`"}`)
	got := cloud.mailbox.event(t, test)
	at, err := time.Parse("2006-01-02T15:04:05Z", got.Time)
	if err != nil || at.Sub(before).Abs() > time.Minute {
		t.Errorf("the time is %s (%v), want the time of the call, %s", got.Time, err, before)
	}
	if got.Resources == nil || len(got.Resources) != 0 {
		t.Errorf("the resources are %v, want an empty list", got.Resources)
	}
}

func TestABadEntryFailsAloneInASuccessfulCall(t *testing.T) {
	t.Parallel()
	rule(t, "PE-6", "PE-7", "PE-8", "PE-10", "PE-14", "PE-17")
	test := unique()
	good := `{"test":"` + test + `"}`
	with := func(change func(*types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
		made := entry("partial", good)
		change(&made)
		return made
	}
	cases := []struct {
		rule          string
		entry         types.PutEventsRequestEntry
		code, message string
	}{
		// By the documentation, a call in which nothing has a source, a type or a
		// detail fails as a whole. It was observed that it does not.
		{"without a source", with(func(e *types.PutEventsRequestEntry) { e.Source = nil }), "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."},
		{"without a detail type", with(func(e *types.PutEventsRequestEntry) { e.DetailType = nil }), "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
		{"without a detail", with(func(e *types.PutEventsRequestEntry) { e.Detail = nil }), "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."},
		{"a good one", with(func(*types.PutEventsRequestEntry) {}), "", ""},
		{"with text as detail", with(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String("text") }), "MalformedDetail", "Detail is malformed."},
		{"with a string as detail", with(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`"{}"`) }), "MalformedDetail", "Detail is malformed."},
		{"with an array as detail", with(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`[{}]`) }), "MalformedDetail", "Detail is malformed."},
		{"with half an object as detail", with(func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`{"a":`) }), "MalformedDetail", "Detail is malformed."},
		{"with AWS's own source", with(func(e *types.PutEventsRequestEntry) { e.Source = aws.String("aws.conformance") }), "NotAuthorizedForSourceException", ""},
	}
	var entries []types.PutEventsRequestEntry
	for _, c := range cases {
		entries = append(entries, c.entry)
	}
	out, err := cloud.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 8 || len(out.Entries) != len(cases) {
		t.Fatalf("%d of %d entries fail, want 8 of %d", out.FailedEntryCount, len(out.Entries), len(cases))
	}
	for i, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			got := out.Entries[i]
			if aws.ToString(got.ErrorCode) != c.code || !strings.HasPrefix(aws.ToString(got.ErrorMessage), c.message) {
				t.Errorf("the entry gets %s: %s", aws.ToString(got.ErrorCode), aws.ToString(got.ErrorMessage))
			}
			if (got.EventId == nil) != (c.code != "") {
				t.Errorf("the entry has the code %q and the id %q", c.code, aws.ToString(got.EventId))
			}
		})
	}
	if got := cloud.mailbox.event(t, test); got.ID != *out.Entries[3].EventId {
		t.Errorf("the event %s arrives, want %s", got.ID, *out.Entries[3].EventId)
	}
}

func TestACallThatIsTooLargeFailsAsAWhole(t *testing.T) {
	t.Parallel()
	rule(t, "PE-1", "PE-3", "PE-5")
	put := func(entries ...types.PutEventsRequestEntry) error {
		_, err := cloud.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
		return err
	}
	t.Run("no entries", func(t *testing.T) {
		wantRefusal(t, put([]types.PutEventsRequestEntry{}...), "ValidationException", "entries")
	})
	t.Run("eleven entries", func(t *testing.T) {
		var eleven []types.PutEventsRequestEntry
		for range 11 {
			eleven = append(eleven, entry("large", "{}"))
		}
		wantRefusal(t, put(eleven...), "ValidationException", "entries")
	})
	// The limit was raised to 1 MB in January 2026; parts of the documentation
	// still have 256 KB.
	t.Run("more than a megabyte in all", func(t *testing.T) {
		half := entry("large", `{"padding":"`+strings.Repeat("x", 520_000)+`"}`)
		wantRefusal(t, put(half, half, half), "ValidationException", "Total size of the entries in the request is over the limit.")
	})
}

func TestABusThatDoesNotExistTakesEventsAndDropsThem(t *testing.T) {
	t.Parallel()
	rule(t, "PE-11", "PE-13", "PE-18")
	lost, kept := unique(), unique()
	nowhere := entry("lost", `{"test":"`+lost+`"}`)
	nowhere.EventBusName = aws.String("no-such-bus-" + lost)
	// One call may address several buses, by name or by ARN.
	byARN := entry("kept", `{"test":"`+kept+`"}`)
	byARN.EventBusName = aws.String(cloud.output("OuterArn"))
	published(t, nowhere, byARN)
	cloud.mailbox.one(t, kept)
	if found := cloud.mailbox.all(t, lost); len(found) != 0 {
		t.Errorf("the lost event arrives: %s", *found[0].Body)
	}
}

func TestATimeCountsFourteenBytes(t *testing.T) {
	t.Parallel()
	rule(t, "PE-3", "PE-4", "PE-5")
	large := entry("large", "")
	// The event is accepted, and dropped.
	large.EventBusName = aws.String("no-such-bus-" + unique())
	large.Resources = []string{"arn:aws:one"}
	const empty = `{"é":""}`
	room := 1<<20 - len(*large.Source) - len(*large.DetailType) - len(large.Resources[0]) - len(empty)
	large.Detail = aws.String(strings.Replace(empty, `""`, `"`+strings.Repeat("x", room-1)+`"`, 1))
	published(t, large)
	large.Time = aws.Time(time.Now())
	_, err := cloud.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{large}})
	wantRefusal(t, err, "ValidationException", "Total size of the entries in the request is over the limit.")
}
