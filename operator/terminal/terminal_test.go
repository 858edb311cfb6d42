package terminal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/terminal"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

// noon is a time of the time zone in which times are shown.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 123_000_000, time.Local).UTC() }

// line returns the line of an event.
func line(t *testing.T, color bool, order, eventType string) string {
	t.Helper()
	var out bytes.Buffer
	e := event.Event{Time: noon(), Subject: order, Type: eventType, Source: "warehouse"}
	if err := (terminal.Lines{Out: &out, Color: color}).Event(e, nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAnEventIsOneAlignedLine(t *testing.T) {
	got := line(t, false, "0190f3a2-0000", "order.placed") + line(t, false, "7", "warehouse.cancellation-refused")
	want := "12:00:00.123  0190f3a2  order.placed                   warehouse\n" +
		"12:00:00.123  7         warehouse.cancellation-refused warehouse\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the lines (-want +got):\n%s", diff)
	}
}

func TestTheColourOfATypeIsThatOfItsOutcome(t *testing.T) {
	const red, green, yellow, magenta = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m"
	colours := map[string]string{
		"order.placed": green, "warehouse.stock-reserved": green, "payment.taken": green, "loyalty.points-awarded": green,
		"warehouse.order-shipped": green, "warehouse.stock-received": green,
		"warehouse.stock-unavailable": red, "payment.declined": red, "loyalty.award-rejected": red,
		"warehouse.shipment-failed": red, "warehouse.cancellation-refused": red,
		"order.cancellation-requested": magenta, "order.cancelled": magenta,
		"loyalty.points-revoked": yellow, "payment.refunded": yellow, "warehouse.stock-released": yellow,
	}
	for eventType, colour := range colours {
		if got := line(t, true, "o-1", eventType); !strings.Contains(got, colour+eventType) {
			t.Errorf("%s is shown as %q", eventType, got)
		}
	}
	for _, eventType := range event.Types(contract.Catalogue().All()...) {
		got := line(t, true, "o-1", eventType)
		if !slices.ContainsFunc([]string{red, green, yellow, magenta}, func(colour string) bool { return strings.Contains(got, colour+eventType) }) {
			t.Errorf("%s has no colour: %q", eventType, got)
		}
	}
}

func TestAnOrderHasAlwaysTheSameColour(t *testing.T) {
	colour := func(text string) string {
		before, _, _ := strings.Cut(text, "order-")
		return before[strings.LastIndex(before, "\x1b"):]
	}
	first, second, other := line(t, true, "order-a", "order.placed"), line(t, true, "order-a", "payment.declined"), line(t, true, "order-b", "order.placed")
	if colour(first) != colour(second) || colour(first) == colour(other) {
		t.Errorf("the lines are\n%q\n%q\n%q", first, second, other)
	}
}

func TestAFileHasNoColours(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if terminal.HasColors(file, "") {
		t.Error("a file is taken for a terminal")
	}
}

func TestNothingInAnEventControlsTheTerminal(t *testing.T) {
	const hostile, harmless = "a\x1b[2Jb\nc\u009bd", `a\x1b[2Jb\nc\u009bd`
	var out bytes.Buffer
	l := terminal.Lines{Out: &out}
	e := event.Event{Time: noon(), Subject: "\x1b[2J", Type: hostile, Source: hostile}
	if err := errors.Join(l.Event(e, nil), l.Malformed(hostile, errors.New("because\r"))); err != nil {
		t.Fatal(err)
	}
	want := `12:00:00.123  \x1b[2J      ` + harmless + strings.Repeat(" ", 30-len([]rune(hostile))) + " " + harmless + "\n" +
		`not an event: because\r  ` + harmless + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("the lines (-want +got):\n%s", diff)
	}
}

func TestNothingInAnEventControlsTheTerminalAsJSONEither(t *testing.T) {
	const hostile = "\u009b2J\u202e\u2028\x7f"
	var out bytes.Buffer
	j := terminal.JSON{Out: &out}
	if err := errors.Join(j.Event(event.Event{}, json.RawMessage(`{"subject": "`+hostile+`"}`)), j.Malformed(hostile, errors.New(hostile))); err != nil {
		t.Fatal(err)
	}
	const harmless = `\u009b2J\u202e\u2028\u007f`
	if want := `{"subject":"` + harmless + `"}` + "\n" + `{"error":"` + harmless + `","raw":"` + harmless + `"}` + "\n"; out.String() != want {
		t.Errorf("the lines are %q, want %q", out.String(), want)
	}
}
