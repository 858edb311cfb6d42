package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
)

// shown gives what a terminal shows of an event.
func shown(t *testing.T, colour bool, eventType, orderID string) string {
	t.Helper()
	encoded, _ := newEvent(t, eventType, orderID)
	e, err := event.Parse([]byte(encoded))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (terminal{&out, colour}).event(e, nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestATerminalShowsAlignedLines(t *testing.T) {
	got := shown(t, false, "order.placed", "0f8fad5b-d9cb-5fa0-a165-70867728950e") +
		shown(t, false, "warehouse.cancellation-refused", "o-1")
	want := `12:00:00.123  0f8fad5b-d9cb-5fa0-a165-70867728950e  order.placed                    {"n":1}
12:00:00.123  o-1                                   warehouse.cancellation-refused  {"n":1}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestEachContextHasItsColour(t *testing.T) {
	colours := make(map[string]string)
	for _, eventType := range []string{"order.placed", "warehouse.order-shipped", "payment.taken", "loyalty.points-awarded"} {
		before, _, found := strings.Cut(shown(t, true, eventType, "o-1"), eventType)
		colour := before[strings.LastIndex(before, "\x1b"):]
		if !found || colours[colour] != "" {
			t.Errorf("%s has the colour %q, as %s", eventType, colour, colours[colour])
		}
		colours[colour] = eventType
	}
	if got := shown(t, true, "stranger.came", "o-1"); !strings.Contains(got, "  stranger.came") {
		t.Errorf("a source that is not known is shown as %q", got)
	}
}

func TestNothingThatComesControlsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := (terminal{&out, false}).raw("a\x1b[2Jb\nc\u009bd", errors.New("because\r")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != `not an event: because\r  a\x1b[2Jb\nc\u009bd`+"\n" {
		t.Errorf("shown is %q", got)
	}
}

func TestJSONLinesDoNotControlTheTerminalEither(t *testing.T) {
	const hostile = "\u009b2J\u202e\u2028\x7f"
	var out bytes.Buffer
	p := jsonLines{&out}
	if err := errors.Join(p.event(event.Event{}, json.RawMessage(`{"subject": "`+hostile+`"}`)), p.raw(hostile, errors.New(hostile))); err != nil {
		t.Fatal(err)
	}
	const harmless = `\u009b2J\u202e\u2028\u007f`
	if want := `{"subject":"` + harmless + `"}` + "\n" + `{"error":"` + harmless + `","raw":"` + harmless + `"}` + "\n"; out.String() != want {
		t.Errorf("printed is %q, want %q", out.String(), want)
	}
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestTheFlags(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		env  map[string]string
		want options
	}{
		"by the environment": {nil, map[string]string{"QUEUE_URL": "http://q"}, options{queueURL: "http://q", colour: true}},
		"without colours":    {nil, map[string]string{"QUEUE_URL": "http://q", "NO_COLOR": "1"}, options{queueURL: "http://q"}},
		"by flags": {
			[]string{"-queue-url", "http://f", "-endpoint", "http://e", "-order", "o-1", "-type", "payment.*", "-no-color"},
			map[string]string{"QUEUE_URL": "http://q"},
			options{queueURL: "http://f", endpoint: "http://e", filter: filter{order: "o-1", eventType: "payment.*"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(test.args, environment(test.env), io.Discard)
			if err != nil || got != test.want {
				t.Errorf("%+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestBadFlagsAreRefusedByName(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no queue":            {nil, "-queue-url"},
		"no such flag":        {[]string{"-colour"}, "-colour"},
		"an argument":         {[]string{"-queue-url", "q", "o-1"}, `"o-1"`},
		"a pattern that ends": {[]string{"-queue-url", "q", "-type", "[a-"}, `"[a-"`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(test.args, environment(nil), io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one about %s", err, test.want)
			}
		})
	}
}

func TestHelpTellsTheFlags(t *testing.T) {
	var help bytes.Buffer
	if _, err := parse([]string{"-help"}, environment(nil), &help); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("the error is %v", err)
	}
	for _, name := range []string{"-queue-url", "-endpoint", "-order", "-type", "-no-color"} {
		if !strings.Contains(help.String(), name) {
			t.Errorf("the help does not tell %s:\n%s", name, help.String())
		}
	}
}
