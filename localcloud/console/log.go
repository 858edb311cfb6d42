package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// LogLine is a line that a function has logged and that needs attention.
type LogLine struct {
	Time     time.Time                  `json:"time"`
	Function string                     `json:"function"`
	Level    string                     `json:"level"`
	Message  string                     `json:"message"`
	Members  map[string]json.RawMessage `json:"members,omitempty"`
}

// Log shows a function's line if it is a warning or an error.
func (c *Console) Log(at time.Time, function, text string) {
	entry, shown := attention(at, function, text)
	if !shown {
		return
	}
	c.show("log", entry, func() {
		with := map[string]color{levelWarn: yellow, levelError: red}[entry.Level]
		var members strings.Builder
		for _, name := range slices.Sorted(maps.Keys(entry.Members)) {
			if text := textOf(entry.Members[name]); text != "" {
				fmt.Fprintf(&members, " %s=%s", name, shortened(text))
			}
		}
		c.line("%s  %s  %s: %s%s", clock(at), c.paint(with, fmt.Sprintf("%-8s", entry.Level)),
			c.paint(plain, function), c.paint(plain, shortened(entry.Message)), c.paint(faint, members.String()))
	})
}

// The levels that are shown.
const (
	levelWarn  = "WARN"
	levelError = "ERROR"
)

// shownLevel returns the level as which a line with a level is shown, or "". The
// levels are those of Lambda's JSON format, slog, Powertools, zap, logrus, zerolog and
// pino, whose levels are numbers.
func shownLevel(given string) string {
	switch strings.ToUpper(given) {
	case "WARN", "WARNING", "40":
		return levelWarn
	case "ERROR", "FATAL", "CRITICAL", "PANIC", "DPANIC", "50", "60":
		return levelError
	}
	return ""
}

// attention reads a structured log line. A line that is none is shown only if it is
// about a crash, or an error in Lambda's text format.
func attention(at time.Time, function, text string) (LogLine, bool) {
	entry := LogLine{Time: at, Function: function}
	members := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(text), &members) != nil {
		entry.Level, entry.Message = levelError, strings.TrimSpace(strings.ReplaceAll(text, "\t", " "))
		return entry, errorSign.MatchString(text)
	}
	dropMetrics(members)
	entry.Level = shownLevel(take(members, "level", "severity"))
	entry.Message = take(members, "msg", "message")
	take(members, "time", "timestamp", "ts")
	entry.Members = members
	return entry, entry.Level != ""
}

// take removes members and returns the text of the first that is there.
func take(members map[string]json.RawMessage, names ...string) string {
	var first string
	for _, name := range slices.Backward(names) {
		if value, has := members[name]; has {
			first = textOf(value)
			delete(members, name)
		}
	}
	return first
}

// textOf returns the text of a JSON string, and any other value as it is.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}

// dropMetrics removes the metadata of the embedded metric format, and the members
// that it declares as metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func dropMetrics(members map[string]json.RawMessage) {
	var metadata struct {
		CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
	}
	//nolint:errcheck // Metadata of another form declares no metrics.
	json.Unmarshal(members["_aws"], &metadata)
	for _, directive := range metadata.CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			delete(members, metric.Name)
		}
	}
	delete(members, "_aws")
}

// errorSign is in a line that is no JSON and is about a crash, or is an error in the
// text format of Lambda's runtimes for Node and Python.
var errorSign = regexp.MustCompile(`panic:|fatal error:|Task timed out|Runtime exited|\tERROR\t|\[ERROR\]`)

// shortened cuts a text that would make a line unreadable. It is longer than any id.
func shortened(text string) string {
	const most = 200
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
