package eventbridge_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
)

// client is AWS's own client of the service.
func client(t *testing.T, service *eventbridge.Service) *awseventbridge.Client {
	t.Helper()
	server := httptest.NewServer(wire.Handler(service.API()))
	t.Cleanup(server.Close)
	return awseventbridge.New(awseventbridge.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
}

func entry(change func(*types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
	given := types.PutEventsRequestEntry{
		Source: aws.String("order"), DetailType: aws.String("order.placed"), Detail: aws.String(`{"id":"o-1"}`), EventBusName: aws.String("global"),
	}
	if change != nil {
		change(&given)
	}
	return given
}

func put(t *testing.T, service *eventbridge.Service, entries ...types.PutEventsRequestEntry) (*awseventbridge.PutEventsOutput, error) {
	t.Helper()
	return client(t, service).PutEvents(t.Context(), &awseventbridge.PutEventsInput{Entries: entries})
}

func codeOf(err error) string {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return ""
	}
	return failure.ErrorCode()
}

func TestTheEnvelope(t *testing.T) {
	c := config(nil, nil)
	c.Clock = func() time.Time { return time.Date(2026, 11, 22, 10, 15, 30, 999e6, time.FixedZone("CET", 3600)) }
	service := start(t, c)
	var texts []string
	var traces []string
	service.Observe(func(busARN string, e eventbridge.Event) {
		text, err := e.Envelope()
		if err != nil {
			t.Error(err)
		}
		texts = append(texts, strings.ReplaceAll(busARN+" "+string(text), e.ID, "ID"))
		traces = append(traces, e.TraceHeader)
	})
	out, err := put(t, service,
		entry(func(e *types.PutEventsRequestEntry) {
			e.Detail = aws.String("{ \"b\": 1.0e2, \"a\": {\"x\": 1, \"y\": [ 1, null, \"<&\\u00e9\" ], \"x\": 2}, \"b\": true }")
			e.TraceHeader = aws.String("Root=1")
		}),
		entry(func(e *types.PutEventsRequestEntry) {
			e.EventBusName = aws.String(otherARN)
			e.Time = aws.Time(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC))
			e.Resources = []string{"arn:x"}
		}),
		entry(func(e *types.PutEventsRequestEntry) { e.EventBusName = nil }),
	)
	if err != nil || out.FailedEntryCount != 0 {
		t.Fatal(out, err)
	}
	want := []string{
		globalARN + ` {"version":"0","id":"ID","detail-type":"order.placed","source":"order","account":"111122223333","time":"2026-11-22T09:15:30Z","region":"eu-west-1","resources":[],"detail":{"b":true,"a":{"x":2,"y":[1,null,"<&é"]}}}`,
		otherARN + ` {"version":"0","id":"ID","detail-type":"order.placed","source":"order","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":["arn:x"],"detail":{"id":"o-1"}}`,
		strings.Replace(globalARN, "/global", "/default", 1) + ` {"version":"0","id":"ID","detail-type":"order.placed","source":"order","account":"111122223333","time":"2026-11-22T09:15:30Z","region":"eu-west-1","resources":[],"detail":{"id":"o-1"}}`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	if traces[0] != "Root=1" {
		t.Errorf("the trace header is %q", traces[0])
	}
}

func TestAnInvalidEntryFailsAlone(t *testing.T) {
	required := func(name string) types.PutEventsResultEntry {
		return types.PutEventsResultEntry{
			ErrorCode:    aws.String("InvalidArgument"),
			ErrorMessage: aws.String("Parameter " + name + " is not valid. Reason: " + name + " is a required argument."),
		}
	}
	malformed := types.PutEventsResultEntry{ErrorCode: aws.String("MalformedDetail"), ErrorMessage: aws.String("Detail is malformed.")}
	withDetail := func(detail string) types.PutEventsRequestEntry {
		return entry(func(e *types.PutEventsRequestEntry) { e.Detail = &detail })
	}
	tests := []struct {
		rule  string
		given types.PutEventsRequestEntry
		want  types.PutEventsResultEntry
	}{
		{"no source", entry(func(e *types.PutEventsRequestEntry) { e.Source = nil }), required("Source")},
		{"no detail type", entry(func(e *types.PutEventsRequestEntry) { e.DetailType = nil }), required("DetailType")},
		{"no detail", entry(func(e *types.PutEventsRequestEntry) { e.Detail = nil }), required("Detail")},
		{"a detail that is text", withDetail("text"), malformed},
		{"a detail that is an array", withDetail("[]"), malformed},
		{"a detail that is serialized twice", withDetail(`"{}"`), malformed},
		{"a detail that is cut off", withDetail(`{"a":[1`), malformed},
		{"a detail and more", withDetail(`{}{}`), malformed},
		{"an integer beyond 64 bits", withDetail(`{"a":9223372036854775808}`), malformed},
		{"a detail nested too deep", withDetail(`{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`), malformed},
		{
			"a detail type that is too long", entry(func(e *types.PutEventsRequestEntry) { e.DetailType = aws.String(strings.Repeat("x", 129)) }),
			types.PutEventsResultEntry{ErrorCode: aws.String("InvalidArgument"), ErrorMessage: aws.String("Parameter DetailType is not valid. Reason: DetailType is longer than 128 characters.")},
		},
		{
			"AWS's own source", entry(func(e *types.PutEventsRequestEntry) { e.Source = aws.String("aws.s3") }),
			types.PutEventsResultEntry{ErrorCode: aws.String("NotAuthorizedForSourceException"), ErrorMessage: aws.String("Not authorized for the source.")},
		},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			service := start(t, config(nil, nil))
			accepted := 0
			service.Observe(func(string, eventbridge.Event) { accepted++ })
			out, err := put(t, service, entry(nil), test.given, entry(nil))
			if err != nil {
				t.Fatal(err)
			}
			if out.FailedEntryCount != 1 || len(out.Entries) != 3 || accepted != 2 || out.Entries[0].EventId == nil || out.Entries[2].EventId == nil {
				t.Fatalf("%d entries failed and %d were accepted: %+v", out.FailedEntryCount, accepted, out.Entries)
			}
			if diff := cmp.Diff(test.want, out.Entries[1], cmp.AllowUnexported(types.PutEventsResultEntry{}), cmp.FilterPath(func(p cmp.Path) bool {
				return strings.Contains(p.String(), "noSmithyDocumentSerde")
			}, cmp.Ignore())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatRefusesTheWholeCall(t *testing.T) {
	big := func(size int) types.PutEventsRequestEntry {
		return entry(func(e *types.PutEventsRequestEntry) {
			overhead := len("order") + len("order.placed") + len(`{"a":""}`)
			e.Detail = aws.String(`{"a":"` + strings.Repeat("x", size-overhead) + `"}`)
		})
	}
	half := 1 << 19
	tests := []struct {
		rule    string
		entries []types.PutEventsRequestEntry
		refused bool
	}{
		{"no entry", []types.PutEventsRequestEntry{}, true},
		{"ten entries are fine", make([]types.PutEventsRequestEntry, 10), false},
		{"eleven entries", make([]types.PutEventsRequestEntry, 11), true},
		{"one byte below the limit is fine", []types.PutEventsRequestEntry{big(half), big(half - 1)}, false},
		{"entries of one mebibyte together", []types.PutEventsRequestEntry{big(half), big(half)}, true},
		{"the time counts", []types.PutEventsRequestEntry{big(half), entry(func(e *types.PutEventsRequestEntry) {
			*e = big(half - 14)
			e.Time = aws.Time(time.Now())
		})}, true},
		{"a bus name that is too long", []types.PutEventsRequestEntry{entry(func(e *types.PutEventsRequestEntry) { e.EventBusName = aws.String(strings.Repeat("x", 1601)) })}, true},
		{"an empty trace header", []types.PutEventsRequestEntry{entry(func(e *types.PutEventsRequestEntry) { e.TraceHeader = aws.String("") })}, true},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			service := start(t, config(nil, nil))
			accepted := 0
			service.Observe(func(string, eventbridge.Event) { accepted++ })
			_, err := put(t, service, test.entries...)
			if !test.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if codeOf(err) != "ValidationException" || accepted != 0 {
				t.Errorf("the error is %v and %d events were accepted", err, accepted)
			}
		})
	}
}

func TestAnEventForAnUnknownBusIsAcceptedAndLost(t *testing.T) {
	c := config(nil, nil)
	var lost []loss.Loss
	c.Lost = func(l loss.Loss) { lost = append(lost, l) }
	service := start(t, c)
	out, err := put(t, service, entry(func(e *types.PutEventsRequestEntry) { e.EventBusName = aws.String("none") }))
	if err != nil || out.FailedEntryCount != 0 || out.Entries[0].EventId == nil {
		t.Fatal(out, err)
	}
	if got := service.DroppedForUnknownBus(); got != 1 {
		t.Errorf("%d events dropped for an unknown bus, want 1", got)
	}
	if diff := cmp.Diff([]loss.Loss{{
		Kind: loss.Bus, Name: "arn:aws:events:eu-west-1:111122223333:event-bus/none", Reason: "the bus does not exist",
		Event: loss.Event{ID: *out.Entries[0].EventId, Type: "order.placed"},
	}}, lost); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutPermissionForOneEntryNoneIsPublished(t *testing.T) {
	type asked struct {
		Caller, Action, Resource string
		Conditions               map[string][]string
	}
	var got []asked
	c := config(nil, nil)
	c.Authorize = func(ctx context.Context, action, resource string, conditions map[string][]string) error {
		got = append(got, asked{wire.Caller(ctx), action, resource, conditions})
		if conditions["events:detail-type"][0] == "payment.taken" {
			return wire.Errorf("AccessDeniedException", "no")
		}
		return nil
	}
	service := start(t, c)
	accepted := 0
	service.Observe(func(string, eventbridge.Event) { accepted++ })
	_, err := put(t, service, entry(nil), entry(func(e *types.PutEventsRequestEntry) { e.DetailType = aws.String("payment.taken") }))
	if codeOf(err) != "AccessDeniedException" || accepted != 0 {
		t.Errorf("the error is %v and %d events were accepted", err, accepted)
	}
	conditions := func(detailType string) map[string][]string {
		return map[string][]string{"events:source": {"order"}, "events:detail-type": {detailType}, "events:eventBusInvocation": {"false"}}
	}
	want := []asked{
		{"AKID", "events:PutEvents", globalARN, conditions("order.placed")},
		{"AKID", "events:PutEvents", globalARN, conditions("payment.taken")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The entries of a bus are checked alone and together, because AWS does not document
// which of the two decides.
func TestTheEntriesOfABusNeedPermissionAloneAndTogether(t *testing.T) {
	type asked struct {
		Resource       string
		Sources, Types []string
	}
	var got []asked
	c := config(nil, nil)
	deny := false
	c.Authorize = func(_ context.Context, _, resource string, conditions map[string][]string) error {
		got = append(got, asked{resource, conditions["events:source"], conditions["events:detail-type"]})
		if deny && len(conditions["events:detail-type"]) > 1 {
			return wire.Errorf("AccessDeniedException", "no")
		}
		return nil
	}
	service := start(t, c)
	of := func(bus, detailType string) types.PutEventsRequestEntry {
		return entry(func(e *types.PutEventsRequestEntry) { e.EventBusName, e.DetailType = &bus, &detailType })
	}
	entries := []types.PutEventsRequestEntry{of("global", "b"), of("other", "c"), of("global", "a"), of("global", "b")}
	if _, err := put(t, service, entries...); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(globalARN, "global", "other", 1)
	order := []string{"order"}
	want := []asked{
		{globalARN, order, []string{"b"}},
		{globalARN, order, []string{"a"}},
		{globalARN, order, []string{"b"}},
		{globalARN, order, []string{"b", "a"}},
		{other, order, []string{"c"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	deny = true
	accepted := 0
	service.Observe(func(string, eventbridge.Event) { accepted++ })
	if _, err := put(t, service, entries...); codeOf(err) != "AccessDeniedException" || accepted != 0 {
		t.Errorf("the error is %v and %d events were accepted", err, accepted)
	}
}

func TestWhatTheLocalCloudDoesNotKnowIsRefusedByName(t *testing.T) {
	tests := []struct{ operation, body, named string }{
		{"PutEvents", `{"Entries":[{"Source":"a","DetailType":"b","Detail":"{}"}],"EndpointId":"abc.123"}`, "EndpointId"},
		{"PutEvents", `{"Entries":[{"Source":"a","DetailType":"b","Detail":"{}","Priority":1}]}`, "Priority"},
		{"PutRule", `{"Name":"x"}`, "PutRule"},
	}
	handler := wire.Handler(start(t, config(nil, nil)).API())
	for _, test := range tests {
		t.Run(test.named, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(test.body))
			request.Header.Set("X-Amz-Target", "AWSEvents."+test.operation)
			request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0")
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), test.named) {
				t.Errorf("the answer is %d %s, want a refusal that names %s", answer.Code, answer.Body, test.named)
			}
		})
	}
}

func TestBusesAreListedAndDescribed(t *testing.T) {
	eventBridge := client(t, start(t, config(nil, nil)))
	listed, err := eventBridge.ListEventBuses(t.Context(), &awseventbridge.ListEventBusesInput{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, each := range listed.EventBuses {
		names = append(names, *each.Name)
	}
	if diff := cmp.Diff([]string{"default", "global", "other", "third"}, names); diff != "" {
		t.Error(diff)
	}
	described, err := eventBridge.DescribeEventBus(t.Context(), &awseventbridge.DescribeEventBusInput{Name: aws.String("global")})
	if err != nil || *described.Arn != globalARN {
		t.Error(described, err)
	}
	if _, err = eventBridge.DescribeEventBus(t.Context(), &awseventbridge.DescribeEventBusInput{Name: aws.String("none")}); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("the error is %v", err)
	}
}

func TestAPatternCanBeTestedOverTheWire(t *testing.T) {
	event := map[string]any{
		"id": "1", "account": "1", "source": "order", "time": "2026-01-02T03:04:05Z", "region": "eu-west-1", "resources": []string{}, "detail-type": "x",
	}
	text := func() *string {
		encoded, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		return aws.String(string(encoded))
	}
	eventBridge := client(t, start(t, config(nil, nil)))
	test := func(pattern string) (bool, error) {
		out, err := eventBridge.TestEventPattern(t.Context(), &awseventbridge.TestEventPatternInput{Event: text(), EventPattern: &pattern})
		if err != nil {
			return false, err
		}
		return out.Result, nil
	}
	if matched, err := test(`{"source":["order"]}`); err != nil || !matched {
		t.Error(matched, err)
	}
	if matched, err := test(`{"source":["payment"]}`); err != nil || matched {
		t.Error(matched, err)
	}
	if _, err := test(`{"source":"order"}`); codeOf(err) != "InvalidEventPatternException" {
		t.Errorf("the error is %v", err)
	}
	delete(event, "region")
	if _, err := test(`{"source":["order"]}`); codeOf(err) != "ValidationException" {
		t.Errorf("the error is %v", err)
	}
}
