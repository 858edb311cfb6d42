package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/telemetry"
	"example.com/saga/pkg/tracing"
)

// logged returns the lines that are logged at a level, each as an object.
func logged(t *testing.T, level string, log func(*slog.Logger)) []map[string]any {
	t.Helper()
	return loggedIn(t, "saga-test", level, log)
}

// loggedIn returns the same for a logger whose metrics are in a namespace.
func loggedIn(t *testing.T, namespace, level string, log func(*slog.Logger)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	logger, err := telemetry.NewLogger(&out, telemetry.Config{Service: "payment", Level: level, Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	log(logger)
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func outcome(result telemetry.Result, err error) telemetry.Outcome {
	return telemetry.Outcome{
		Type: "order.placed", ID: "e-1", Result: result,
		At: time.UnixMilli(1_772_600_767_089), Duration: 1999 * time.Microsecond, Err: err,
	}
}

func TestEveryLineCarriesTheServiceAndTheSubject(t *testing.T) {
	ctx := telemetry.WithSubject(t.Context(), "o-1")
	lines := logged(t, "INFO", func(logger *slog.Logger) {
		logger.InfoContext(ctx, "plain")
		logger.With(slog.Int("n", 1)).InfoContext(ctx, "with attributes")
		telemetry.LogEvent(ctx, logger, outcome(telemetry.Handled, nil))
	})
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if diff := cmp.Diff([]any{"payment", "o-1"}, []any{line["service"], line["subject"]}); diff != "" {
			t.Errorf("%v: %s", line["msg"], diff)
		}
	}
}

func TestALineWithinASampledTraceCarriesItsIDInTheFormatOfXRay(t *testing.T) {
	outside := t.Context()
	ctx := tracing.Continue(outside, "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-01")
	lines := logged(t, "INFO", func(logger *slog.Logger) {
		logger.With(slog.Int("n", 1)).InfoContext(ctx, "plain")
		telemetry.LogEvent(ctx, logger, outcome(telemetry.Handled, nil))
		logger.InfoContext(outside, "outside")
		logger.InfoContext(tracing.Continue(outside, "00-67891233abcdef012345678912345678-53995c3f42cd8ad8-00"), "not sampled")
	})
	for i, want := range []any{"1-67891233-abcdef012345678912345678", "1-67891233-abcdef012345678912345678", nil, nil} {
		if got := lines[i]["trace_id"]; got != want {
			t.Errorf("line %d has the trace id %v, not %v", i, got, want)
		}
	}
}

func TestALineOutsideOfASagaHasNoSubject(t *testing.T) {
	lines := logged(t, "INFO", func(logger *slog.Logger) { logger.InfoContext(t.Context(), "started") })
	if value, found := lines[0]["subject"]; found {
		t.Errorf("it is %v", value)
	}
}

func TestALineHasALevelUnlessItIsInfoAndNoTime(t *testing.T) {
	lines := logged(t, "DEBUG", func(logger *slog.Logger) {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			logger.LogAttrs(t.Context(), level, "line", slog.Time("at", time.UnixMilli(0).UTC()))
		}
	})
	for i, want := range []any{"DEBUG", nil, "WARN", "ERROR"} {
		line := map[string]any{"msg": "line", "service": "payment", "at": "1970-01-01T00:00:00Z"}
		if want != nil {
			line["level"] = want
		}
		if diff := cmp.Diff(line, lines[i]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnEventIsOneLineWithItsOutcome(t *testing.T) {
	for _, c := range []struct {
		result        telemetry.Result
		err           error
		level, metric string
	}{
		{telemetry.Handled, nil, "", ""},
		{telemetry.Invalid, errors.New("unknown type"), "ERROR", "EventsInvalid"},
		{telemetry.Failed, errors.New("no network"), "WARN", "EventsFailed"},
	} {
		t.Run(string(c.result), func(t *testing.T) {
			lines := logged(t, "DEBUG", func(logger *slog.Logger) {
				telemetry.LogEvent(t.Context(), logger, outcome(c.result, c.err))
			})
			if len(lines) != 1 {
				t.Fatalf("%d lines", len(lines))
			}
			want := map[string]any{
				"msg": string(c.result), "service": "payment", "event": "order.placed", "event_id": "e-1", "ms": 1.0,
			}
			got := lines[0]
			if c.err != nil {
				want["level"], want["error"], want[c.metric], want["_aws"] = c.level, c.err.Error(), 1.0, got["_aws"]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALevelHidesTheLinesBelowIt(t *testing.T) {
	for level, want := range map[string]int{"DEBUG": 4, "INFO": 3, "WARN": 2, "ERROR": 1} {
		lines := logged(t, level, func(logger *slog.Logger) {
			for _, at := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
				logger.LogAttrs(t.Context(), at, "line")
			}
		})
		if len(lines) != want {
			t.Errorf("at %s there are %d lines, not %d", level, len(lines), want)
		}
	}
}

func TestTheSubjectHasTheNameOfTheConfiguration(t *testing.T) {
	var out bytes.Buffer
	logger, err := telemetry.NewLogger(&out, telemetry.Config{Service: "hotel", Level: "INFO", Subject: "booking_id"})
	if err != nil {
		t.Fatal(err)
	}
	logger.With(slog.Int("n", 1)).WithGroup("g").InfoContext(t.Context(), "outside")
	logger.With(slog.Int("n", 1)).InfoContext(telemetry.WithSubject(t.Context(), "b-1"), "inside")
	want := `{"msg":"outside","service":"hotel","n":1}
{"msg":"inside","service":"hotel","n":1,"booking_id":"b-1"}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheSubjectCannotHaveTheNameOfAnotherMember(t *testing.T) {
	for _, name := range []string{"msg", "level", "time", "service", "trace_id", "event", "event_id", "ms", "error", "_aws"} {
		config := telemetry.Config{Service: "hotel", Level: "INFO", Subject: name}
		if _, err := telemetry.NewLogger(&bytes.Buffer{}, config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestAnUnknownLevelIsAnError(t *testing.T) {
	for _, level := range []string{"", "LOUD"} {
		if _, err := telemetry.NewLogger(&bytes.Buffer{}, telemetry.Config{Service: "payment", Level: level}); err == nil {
			t.Errorf("%q is a level", level)
		}
	}
}

// CloudWatch finds no metric in a line that it has split.
func TestALineStaysBelow256KBHoweverLongTheTextsOfAnEventAre(t *testing.T) {
	for name, huge := range map[string]string{
		"letters":               strings.Repeat("a", 256*1024),
		"control characters":    strings.Repeat("\x00", 256*1024),
		"characters of 3 bytes": strings.Repeat("€", 100*1024),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger, err := telemetry.NewLogger(&out, telemetry.Config{Service: "payment", Level: "INFO", Namespace: "saga-test"})
			if err != nil {
				t.Fatal(err)
			}
			ctx := telemetry.WithSubject(t.Context(), huge)
			telemetry.LogEvent(ctx, logger, telemetry.Outcome{
				Type: huge, ID: huge, Result: telemetry.Invalid, At: time.UnixMilli(1), Err: errors.New(huge),
			})
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if out.Len() > 256*1024 || line["_aws"] == nil || line["EventsInvalid"] != 1.0 {
				t.Errorf("a line of %d bytes with the metrics %v", out.Len(), line["_aws"])
			}
			text, isText := line["error"].(string)
			if kept := strings.TrimSuffix(text, "…"); !isText || kept == text || !strings.HasPrefix(huge, kept) || len(kept) < 1000 {
				t.Errorf("the error is %.100q, %d bytes", text, len(text))
			}
		})
	}
}

func TestOnlyTextsThatAreTooLongAndTheLevelOfALineAreShortened(t *testing.T) {
	long := strings.Repeat("x", 8*1024)
	line := logged(t, "INFO", func(logger *slog.Logger) {
		logger.WithGroup("group").InfoContext(t.Context(), "line", "longest", long, "longer", long+"x", "list", []string{long, long}, "minimum", slog.LevelInfo)
	})[0]
	want := map[string]any{"longest": long, "longer": long + "…", "list": []any{long, long}, "minimum": "INFO"}
	if diff := cmp.Diff(want, line["group"]); diff != "" || line["level"] != nil {
		t.Errorf("the level is %v, the members are (-want +got):\n%.2000s", line["level"], diff)
	}
}
