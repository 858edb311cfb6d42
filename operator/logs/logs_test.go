package logs_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/logs"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/telemetry"
)

// groups is a fake of CloudWatch Logs: lines by group, a line a second and a page.
type groups struct {
	lines map[string][]string
	err   error
}

func (g groups) FilterLogEvents(
	_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	var text string
	if in.FilterPattern != nil {
		if err := json.Unmarshal([]byte(*in.FilterPattern), &text); err != nil {
			return nil, err
		}
	}
	lines, page := g.lines[*in.LogGroupName], len(aws.ToString(in.NextToken))
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	at := int64(page) * 1000
	if page < len(lines) && strings.Contains(lines[page], text) && in.Unmask &&
		at >= aws.ToInt64(in.StartTime) && (in.EndTime == nil || at <= *in.EndTime) {
		out.Events = []types.FilteredLogEvent{{Message: &lines[page], Timestamp: &at}}
	}
	if page+1 < len(lines) {
		out.NextToken = aws.String(strings.Repeat("x", page+1))
	}
	return out, g.err
}

func functions(g groups) logs.Functions {
	return logs.Functions{Client: g, Stack: stack.Stack{
		Functions: map[string]string{"Shop/Worker": "w", "Shop/Api": "a", "Bank/Worker": "b"},
		LogGroups: map[string]string{"Shop/WorkerLogs": "w", "Shop/ApiLogs": "a", "Bank/WorkerLogs": "b", "Observability/Events": "e"},
	}}
}

func second(n int) time.Time { return time.Unix(int64(n), 0).UTC() }

func texts(lines []logs.Line) []string {
	var all []string
	for _, line := range lines {
		all = append(all, line.Function+": "+line.Text)
	}
	return all
}

func assertEqual[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestTheLinesOfFunctionsAreFoundByTheirContextTextAndTime(t *testing.T) {
	f := functions(groups{lines: map[string][]string{
		"w": {`no "o-1" here: o-2`, `say "o-1"`, `say "o-1" again`}, "a": {"x", `say "o-1"`}, "b": {"x", "x", `say "o-1"`}, "e": {`say "o-1"`},
	}})
	for name, c := range map[string]struct {
		context, text string
		from, until   time.Time
		want          []string
	}{
		"all":          {"", `say "o-1"`, time.Time{}, time.Time{}, []string{`Shop/Api: say "o-1"`, `Shop/Worker: say "o-1"`, `Bank/Worker: say "o-1"`, `Shop/Worker: say "o-1" again`}},
		"of a context": {"shop", `say "o-1"`, time.Time{}, time.Time{}, []string{`Shop/Api: say "o-1"`, `Shop/Worker: say "o-1"`, `Shop/Worker: say "o-1" again`}},
		"from a time":  {"shop", `say "o-1"`, second(2), time.Time{}, []string{`Shop/Worker: say "o-1" again`}},
		"until a time": {"shop", "", time.Time{}, time.Unix(0, 1), []string{"Shop/Api: x", `Shop/Worker: no "o-1" here: o-2`}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := f.Find(t.Context(), c.context, c.text, c.from, c.until)
			if err != nil {
				t.Fatal(err)
			}
			assertEqual(t, "the lines", c.want, texts(found))
		})
	}
}

func TestALineHasTheMembersThatTelemetryWrites(t *testing.T) {
	const text = `{"level":"WARN","msg":"failed","service":"shop","event":"item.sold","event_id":"e-1","ms":7,"error":"boom","order_id":"o-1","trace_id":"1-2"}`
	found, err := functions(groups{lines: map[string][]string{"w": {text, "START RequestId: e-1"}}}).Find(t.Context(), "shop", "e-1", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the lines", []logs.Line{
		{Function: "Shop/Worker", Context: "shop", Time: second(0), Text: text, Fields: logs.Fields{
			Level: "WARN", Message: "failed", EventType: "item.sold", EventID: "e-1", Milliseconds: 7, Error: "boom", OrderID: "o-1", TraceID: "1-2",
		}},
		{Function: "Shop/Worker", Context: "shop", Time: second(1), Text: "START RequestId: e-1"},
	}, found)
	if line := found[0]; !line.Is(telemetry.Failed) || line.Is(telemetry.Handled) || found[1].Is("") {
		t.Errorf("the results of %+v are wrong", found)
	}
}

func TestTheLastErrorAboutAnEventIsThatOfItsLastAttempt(t *testing.T) {
	f := functions(groups{lines: map[string][]string{
		"w": {
			`{"msg":"failed","event_id":"e-1","error":"first"}`, `{"msg":"failed","event_id":"e-1","error":"last"}`, `{"msg":"failed","event_id":"e-2","error":"other"}`,
			`{"msg":"handled","event_id":"e-1"}`, `{"msg":"x","error":"the text \"msg\":\"failed\""}`,
		},
		"b": {`{"msg":"failed","event_id":"e-1","error":"of another context"}`},
	}})
	for since, want := range map[int]map[string]string{0: {"e-1": "last", "e-2": "other"}, 2: {"e-2": "other"}, 9: {}} {
		got, err := f.LastErrors(t.Context(), "shop", second(since))
		if err != nil {
			t.Error(err)
		}
		assertEqual(t, "the errors", want, got)
	}
}

func TestTheLineOfAFailedDeliveryIsFoundByWhatTelemetryWrites(t *testing.T) {
	var written strings.Builder
	logger, err := telemetry.NewLogger(&written, telemetry.Config{Service: "shop", Level: "INFO", Namespace: "saga-test"})
	if err != nil {
		t.Fatal(err)
	}
	telemetry.LogEvent(t.Context(), logger, telemetry.Outcome{Type: "item.sold", ID: "e-1", Result: telemetry.Failed, Err: errors.New("boom")})
	got, err := functions(groups{lines: map[string][]string{"w": {written.String()}}}).LastErrors(t.Context(), "shop", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the errors", map[string]string{"e-1": "boom"}, got)
}

func TestTheEndsOfProcessesAreFound(t *testing.T) {
	f := functions(groups{lines: map[string][]string{
		"w": {"RequestId: 1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError", "x", "2 Task timed out after 3.00 seconds"}, "b": {"Runtime exited"},
	}})
	found, err := f.Ends(t.Context(), "shop", time.Time{}, time.Time{})
	if err != nil || len(found) != 2 {
		t.Fatalf("the lines are %+v, %v", found, err)
	}
	assertEqual(t, "how they ended", []string{"Runtime exited with error: signal: killed", "Task timed out after 3.00 seconds"},
		[]string{logs.End(found[0].Text), logs.End(found[1].Text)})
	assertEqual(t, "another line", "x", logs.End("x"))
}

func TestAnErrorNamesTheLogGroup(t *testing.T) {
	errBroken := errors.New("broken")
	_, err := functions(groups{err: errBroken}).Find(t.Context(), "bank", "x", time.Time{}, time.Time{})
	if !errors.Is(err, errBroken) || err.Error() != "read b: broken" {
		t.Errorf("the error is %v", err)
	}
}
