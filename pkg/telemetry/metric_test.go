package telemetry_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/telemetry"
)

// root is the metadata of an embedded metric format document, with the members
// that AWS specifies and no others.
type root struct {
	Timestamp         *int64
	CloudWatchMetrics []struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []struct {
			Name              string
			Unit              string
			StorageResolution *int
		}
	}
}

// CloudWatch ignores metrics in a line of any other structure, without an error.
func TestALineWithMetricsIsAnEmbeddedMetricFormatDocument(t *testing.T) {
	unreadable := outcome(telemetry.Invalid, nil)
	unreadable.Type, unreadable.ID = "", ""
	for name, o := range map[string]telemetry.Outcome{
		"handled, with a measure":  outcome(telemetry.Handled, nil),
		"failed":                   outcome(telemetry.Failed, nil),
		"invalid":                  outcome(telemetry.Invalid, nil),
		"invalid, of unknown type": unreadable,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := telemetry.WithMeasures(t.Context())
			if o.Result == telemetry.Handled {
				telemetry.Add(ctx, shipped)
			}
			lines := logged(t, "INFO", func(logger *slog.Logger) { telemetry.LogEvent(ctx, logger, o) })
			line := lines[0]
			metadata := decodeMetadata(t, line["_aws"])
			if metadata.Timestamp == nil || *metadata.Timestamp != 1_772_600_767_089 {
				t.Errorf("the timestamp is %v, not that of the event in milliseconds", metadata.Timestamp)
			}
			if len(metadata.CloudWatchMetrics) != 1 {
				t.Fatalf("%d metric directives", len(metadata.CloudWatchMetrics))
			}
			directive := metadata.CloudWatchMetrics[0]
			assertLength(t, "namespace", directive.Namespace, 1024)
			if diff := cmp.Diff([][]string{{"service"}}, directive.Dimensions); diff != "" {
				t.Errorf("the dimensions: %s", diff)
			}
			for _, dimension := range slices.Concat(directive.Dimensions...) {
				value, isText := line[dimension].(string)
				if !isText {
					t.Errorf("the dimension %s refers to %v, not to a string of the line", dimension, line[dimension])
				}
				assertLength(t, "dimension", dimension, 250)
				assertLength(t, "value of the dimension "+dimension, value, 1024)
			}
			if n := len(directive.Metrics); n < 1 || n > 100 {
				t.Errorf("%d metrics", n)
			}
			for _, metric := range directive.Metrics {
				assertLength(t, "metric", metric.Name, 1024)
				if _, isNumber := line[metric.Name].(float64); !isNumber {
					t.Errorf("the metric %s refers to %v, not to a number of the line", metric.Name, line[metric.Name])
				}
				if metric.Unit != "Count" {
					t.Errorf("the unit of %s is %q", metric.Name, metric.Unit)
				}
			}
		})
	}
}

// decodeMetadata reads the metadata, which must have no other members, spelled
// in no other way.
func decodeMetadata(t *testing.T, value any) root {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(encoded)))
	decoder.DisallowUnknownFields()
	var metadata root
	if err := decoder.Decode(&metadata); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Timestamp", "CloudWatchMetrics", "Namespace", "Dimensions", "Metrics", "Name", "Unit"} {
		if !strings.Contains(string(encoded), `"`+name+`":`) {
			t.Errorf("there is no member %s", name)
		}
	}
	return metadata
}

func assertLength(t *testing.T, what, text string, most int) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n < 1 || n > most || strings.TrimSpace(text) == "" {
		t.Errorf("the %s %q has %d characters, allowed are 1 to %d", what, text, n, most)
	}
}

var shipped = telemetry.Measure{Metric: "OrdersShipped", Unit: telemetry.Count, Value: 1}

// write writes a line with measures.
func write(ctx context.Context, logger *slog.Logger, measures ...telemetry.Measure) {
	ctx, attrs := telemetry.LineAttrs(ctx, time.UnixMilli(1_772_600_767_089), measures...)
	logger.LogAttrs(ctx, slog.LevelInfo, "measured", attrs...)
}

func TestAMeasureIsAMetricWithTheDimensionServiceAndItsOwnOnes(t *testing.T) {
	lines := logged(t, "INFO", func(logger *slog.Logger) {
		write(t.Context(), logger,
			telemetry.Measure{Metric: "OldestUnfinishedOrder", Unit: telemetry.Seconds, Value: 1.5},
			telemetry.Measure{Metric: "OrdersCancelled", Unit: telemetry.Count, Value: 1, Dimensions: []telemetry.Dimension{{Name: "reason", Value: "out-of-stock"}}},
			telemetry.Measure{Metric: "Refunds", Unit: telemetry.Count, Value: 2, Dimensions: []telemetry.Dimension{
				{Name: "reason", Value: "out-of-stock"}, {Name: "currency", Value: "EUR"},
			}},
			telemetry.Measure{Metric: "OldestUnfinishedRollback", Unit: telemetry.Seconds})
	})
	if len(lines) != 1 {
		t.Fatalf("there are %d lines", len(lines))
	}
	for member, want := range map[string]any{
		"msg": "measured", "service": "payment", "OldestUnfinishedOrder": 1.5, "OldestUnfinishedRollback": 0.0,
		"OrdersCancelled": 1.0, "reason": "out-of-stock", "Refunds": 2.0, "currency": "EUR",
	} {
		if lines[0][member] != want {
			t.Errorf("%s is %v, want %v", member, lines[0][member], want)
		}
	}
	var got [][]string
	for _, directive := range decodeMetadata(t, lines[0]["_aws"]).CloudWatchMetrics {
		for _, metric := range directive.Metrics {
			got = append(got, append([]string{directive.Namespace, metric.Name, metric.Unit}, slices.Concat(directive.Dimensions...)...))
		}
	}
	want := [][]string{
		{"saga-test", "OldestUnfinishedOrder", "Seconds", "service"},
		{"saga-test", "OldestUnfinishedRollback", "Seconds", "service"},
		{"saga-test", "OrdersCancelled", "Count", "service", "reason"},
		{"saga-test", "Refunds", "Count", "service", "reason", "currency"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the metrics (-want +got):\n%s", diff)
	}
}

func TestAnAddedMeasureIsInTheLineOfTheEvent(t *testing.T) {
	ctx := telemetry.WithMeasures(t.Context())
	telemetry.Add(ctx, shipped)
	for result, metrics := range map[telemetry.Result][]string{
		telemetry.Handled: {"OrdersShipped"},
		telemetry.Failed:  {"EventsFailed", "OrdersShipped"},
		telemetry.Invalid: {"EventsInvalid", "OrdersShipped"},
	} {
		lines := logged(t, "INFO", func(logger *slog.Logger) { telemetry.LogEvent(ctx, logger, outcome(result, nil)) })
		if len(lines) != 1 {
			t.Fatalf("the lines are %v", lines)
		}
		var got []string
		for _, directive := range decodeMetadata(t, lines[0]["_aws"]).CloudWatchMetrics {
			for _, metric := range directive.Metrics {
				if lines[0][metric.Name] == 1.0 {
					got = append(got, metric.Name)
				}
			}
		}
		if diff := cmp.Diff(metrics, got); diff != "" {
			t.Errorf("the metrics of an event that is %s (-want +got):\n%s", result, diff)
		}
	}
}

func TestALineWithoutMeasuresIsAnOrdinaryOne(t *testing.T) {
	for name, log := range map[string]func(*slog.Logger){
		"any":                 func(logger *slog.Logger) { write(t.Context(), logger) },
		"of an event handled": func(logger *slog.Logger) { telemetry.LogEvent(t.Context(), logger, outcome(telemetry.Handled, nil)) },
	} {
		if lines := logged(t, "WARN", log); len(lines) != 0 {
			t.Errorf("%s: below the level there is %v", name, lines)
		}
		lines := logged(t, "INFO", log)
		if len(lines) != 1 || lines[0]["_aws"] != nil {
			t.Errorf("%s: the lines are %v", name, lines)
		}
	}
}

func TestWithoutWithMeasuresAMeasureIsDropped(t *testing.T) {
	telemetry.Add(t.Context(), shipped)
	lines := logged(t, "INFO", func(logger *slog.Logger) { telemetry.LogEvent(t.Context(), logger, outcome(telemetry.Handled, nil)) })
	if _, measured := lines[0]["OrdersShipped"]; measured {
		t.Errorf("the line is %v", lines[0])
	}
}

func TestMetricsAreWrittenAtEveryLogLevel(t *testing.T) {
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		lines := logged(t, level, func(logger *slog.Logger) {
			ctx := telemetry.WithMeasures(t.Context())
			telemetry.Add(ctx, shipped)
			telemetry.LogEvent(ctx, logger, outcome(telemetry.Handled, nil))
			telemetry.LogEvent(t.Context(), logger.With(slog.Int("n", 1)), outcome(telemetry.Failed, nil))
			write(t.Context(), logger, telemetry.Measure{Metric: "OldestOrder", Unit: telemetry.Seconds})
		})
		if len(lines) != 3 {
			t.Fatalf("at %s there are %d lines", level, len(lines))
		}
		for n, metric := range []string{"OrdersShipped", "EventsFailed", "OldestOrder"} {
			if _, measured := lines[n][metric]; !measured || lines[n]["_aws"] == nil {
				t.Errorf("at %s there is no metric %s: %v", level, metric, lines[n])
			}
		}
	}
}

func TestWithoutANamespaceALineCarriesNoMetricsAndHasTheLevelOfAnyOther(t *testing.T) {
	log := func(logger *slog.Logger) {
		ctx := telemetry.WithMeasures(t.Context())
		telemetry.Add(ctx, shipped)
		telemetry.LogEvent(ctx, logger, outcome(telemetry.Handled, nil))
		telemetry.LogEvent(t.Context(), logger.With(slog.Int("n", 1)), outcome(telemetry.Failed, nil))
	}
	for level, want := range map[string][]string{"INFO": {"OrdersShipped", "EventsFailed"}, "WARN": {"EventsFailed"}, "ERROR": nil} {
		lines := loggedIn(t, "", level, log)
		if len(lines) != len(want) {
			t.Fatalf("at %s the lines are %v", level, lines)
		}
		for n, member := range want {
			if lines[n]["_aws"] != nil || lines[n][member] != 1.0 {
				t.Errorf("at %s the line of %s is %v", level, member, lines[n])
			}
		}
	}
}
