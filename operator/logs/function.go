package logs

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/telemetry"
)

// Line is a line in the log of a function.
type Line struct {
	// Function is its construct path, and Context the bounded context that it belongs to.
	Function string    `json:"function"`
	Context  string    `json:"context"`
	Time     time.Time `json:"time"`
	// Text is the whole line.
	Text string `json:"text"`
	// Fields is empty if the line is not JSON, such as one of Lambda itself.
	Fields `json:"-"`
}

// Fields are the members of a line that package telemetry writes.
type Fields struct {
	Level   string `json:"level"`
	Message string `json:"msg"`
	// EventType and EventID are of the event that was handled.
	EventType    string `json:"event"`
	EventID      string `json:"event_id"`
	Milliseconds int64  `json:"ms"`
	Error        string `json:"error"`
	OrderID      string `json:"order_id"`
	TraceID      string `json:"trace_id"`
}

// Is reports whether the line is that of a delivery with a result.
func (l Line) Is(result telemetry.Result) bool { return l.EventID != "" && l.Message == string(result) }

// Functions reads the logs of the functions of a stack.
type Functions struct {
	Client cloudwatchlogs.FilterLogEventsAPIClient
	Stack  stack.Stack
}

// Find returns the lines that contain a text, from a time on, of the functions of a
// bounded context or, if that is empty, of all. They are sorted by time.
func (f Functions) Find(ctx context.Context, boundedContext, text string, from, until time.Time) ([]Line, error) {
	var found []Line
	for _, path := range slices.Sorted(maps.Keys(f.Stack.LogGroups)) {
		function, isLog := strings.CutSuffix(path, "Logs")
		owner := stack.ContextOf(path)
		if _, exists := f.Stack.Functions[function]; !isLog || !exists || (boundedContext != "" && boundedContext != owner) {
			continue
		}
		query := Query{Group: f.Stack.LogGroups[path], Text: text, From: from, Until: until}
		if err := Read(ctx, f.Client, query, func(logged types.FilteredLogEvent) {
			found = append(found, newLine(function, owner, logged))
		}); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(found, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return found, nil
}

func newLine(function, owner string, logged types.FilteredLogEvent) Line {
	line := Line{
		Function: function, Context: owner, Time: time.UnixMilli(aws.ToInt64(logged.Timestamp)).UTC(), Text: aws.ToString(logged.Message),
	}
	var fields Fields
	if json.Unmarshal([]byte(line.Text), &fields) == nil {
		line.Fields = fields
	}
	return line
}

// ends are what Lambda logs when the process of a function ends while it handles
// something: https://cloudwithgagan.com/blog/fix-lambda-function-timeout-memory-errors.
func ends() []string { return []string{"Runtime exited", "Task timed out"} }

// Ends returns the lines about processes of a bounded context that ended while they
// handled something. Such a line names no event.
func (f Functions) Ends(ctx context.Context, boundedContext string, from, until time.Time) ([]Line, error) {
	var found []Line
	for _, text := range ends() {
		lines, err := f.Find(ctx, boundedContext, text, from, until)
		if err != nil {
			return nil, err
		}
		found = append(found, lines...)
	}
	slices.SortStableFunc(found, func(a, b Line) int { return a.Time.Compare(b.Time) })
	return found, nil
}

// failure is what each line about a delivery that failed contains, as telemetry writes it.
const failure = `"msg":"` + string(telemetry.Failed) + `"`

// LastErrors returns the last error about each event, by its id, that the functions of a
// bounded context logged since a time: with one search, for however many events.
func (f Functions) LastErrors(ctx context.Context, boundedContext string, since time.Time) (map[string]string, error) {
	lines, err := f.Find(ctx, boundedContext, failure, since, time.Time{})
	last := make(map[string]string)
	for _, line := range lines {
		if line.Is(telemetry.Failed) {
			last[line.EventID] = line.Error
		}
	}
	return last, err
}

// End returns what a line of Ends has about the end of the process, without its request.
func End(line string) string {
	for _, text := range ends() {
		if i := strings.Index(line, text); i >= 0 {
			end, _, _ := strings.Cut(line[i:], "\n")
			return end
		}
	}
	return line
}
