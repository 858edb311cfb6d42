package console_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/console"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/printable"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)

func event(id, subject, kind string) console.Event {
	return console.Event{Time: noon, Bus: "shop", ID: id, Subject: subject, Type: kind, Source: "counter"}
}

func show(style console.Style, do func(*console.Console)) string {
	var out bytes.Buffer
	do(console.New(&out, style))
	return out.String()
}

func TestAnEventIsOneAlignedLine(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Event(event("1", "0190f3a2-0000", "item.sold"))
		c.Event(event("2", "7", "parcel.packed-and-labelled"))
	})
	want := "12:00:00.000  0190f3a2  item.sold                      counter\n" +
		"12:00:00.000  7         parcel.packed-and-labelled     counter\n"
	if got != want {
		t.Errorf("the lines are\n%s, want\n%s", got, want)
	}
}

func TestAnEventOnSeveralBusesIsShownOnce(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Event(event("1", "a", "item.sold"))
		c.Event(event("1", "a", "item.sold"))
	})
	if lines := strings.Count(got, "\n"); lines != 1 {
		t.Errorf("%d lines are shown, want 1:\n%s", lines, got)
	}
}

func highlight(t *testing.T, given string) console.Highlight {
	t.Helper()
	parsed, err := console.ParseHighlight(given)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestColoursTellSubjectsAndHighlightedTypesApart(t *testing.T) {
	style := console.Style{Color: true, Highlights: []console.Highlight{
		highlight(t, "red=lost|broken"), highlight(t, "yellow=^item\\.returned$"), highlight(t, "green=^item"),
	}}
	lines := strings.Split(show(style, func(c *console.Console) {
		c.Event(event("1", "a", "item.sold"))
		c.Event(event("2", "a", "item.broken"))
		c.Event(event("3", "b", "item.returned"))
		c.Event(event("4", "b", "parcel.sent"))
	}), "\n")
	for i, want := range []string{"  \x1b[32mitem.sold", "  \x1b[31mitem.broken", "  \x1b[33mitem.returned", "  parcel.sent"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %q has not %q", lines[i], want)
		}
	}
	colorOf := func(line string) string { return strings.Split(line, "m")[0] }
	if colorOf(lines[0]) != colorOf(lines[1]) || colorOf(lines[0]) == colorOf(lines[2]) {
		t.Errorf("the subjects' colours are %q", lines)
	}
}

func TestAHighlightNeedsAColourAndAnExpression(t *testing.T) {
	for given, want := range map[string]string{
		"red": "it must be COLOR=REGEXP", "=x": `there is no colour ""`, "pink=x": `there is no colour "pink"; there are blue, cyan, green, magenta, red, yellow`,
		"red=(": "missing closing )",
	} {
		if _, err := console.ParseHighlight(given); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives the error %v, want %s", given, err, want)
		}
	}
}

func TestForProgramsEveryLineIsAJSONObject(t *testing.T) {
	got := show(console.Style{JSON: true}, func(c *console.Console) {
		c.Event(event("1", "a", "item.sold"))
		c.Log(noon, "Shop/Worker", `{"level":"WARN","msg":"late","item":"a"}`)
		c.Ready(console.Banner{Stack: "shop", Usage: "http://x/usage"})
	})
	var kinds []string
	for line := range strings.Lines(got) {
		var object map[string]map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for kind := range object {
			kinds = append(kinds, kind)
		}
	}
	if strings.Join(kinds, " ") != "event log ready" {
		t.Errorf("the lines are of the kinds %v", kinds)
	}
}

func lost() loss.Loss {
	return loss.Loss{
		Time: noon, Kind: loss.Rule, Name: "Shop/ToQueue", Target: "Shop/Queue", Reason: "it is full",
		Event: loss.Event{ID: "1", Type: "item.sold", Subject: "s-1"},
	}
}

func TestALossIsShownInEveryStyle(t *testing.T) {
	const text = "LOST      rule Shop/ToQueue to Shop/Queue: it is full type=item.sold id=1 subject=s-1"
	for name, test := range map[string]struct {
		style console.Style
		want  string
	}{
		"in red on a terminal": {console.Style{Color: true}, "12:00:00.000  \x1b[31m" + text + "\x1b[0m\n"},
		"plain elsewhere":      {console.Style{}, "12:00:00.000  " + text + "\n"},
		"when it is quiet":     {console.Style{Quiet: true}, "12:00:00.000  " + text + "\n"},
		"for programs": {console.Style{JSON: true}, `{"loss":{"time":"` + noon.Format(time.RFC3339) +
			`","kind":"rule","name":"Shop/ToQueue","target":"Shop/Queue","id":"1","type":"item.sold","subject":"s-1","reason":"it is full"}}` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := show(test.style, func(c *console.Console) { c.Loss(lost()) })
			if got != test.want {
				t.Errorf("shown is %q, want %q", got, test.want)
			}
		})
	}
}

func TestALossThatIsNoEventNamesNone(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Loss(loss.Loss{Time: noon, Kind: loss.Function, Name: "Shop/Worker", Reason: "it failed"})
	})
	if want := "12:00:00.000  LOST      function Shop/Worker: it failed\n"; got != want {
		t.Errorf("shown is %q, want %q", got, want)
	}
}

func TestQuietIsOnlyWhatIsLost(t *testing.T) {
	got := show(console.Style{Quiet: true}, func(c *console.Console) {
		c.Event(event("1", "a", "item.sold"))
		c.Log(noon, "Worker", `{"level":"ERROR","msg":"late"}`)
		c.Ready(console.Banner{Stack: "shop"})
	})
	if got != "" {
		t.Errorf("shown is %q", got)
	}
}

func TestOnlyWhatNeedsAttentionIsShownOfTheLogs(t *testing.T) {
	for text, want := range map[string]string{
		`{"level":"INFO","msg":"handled"}`:                         "",
		`{"level":"DEBUG","msg":"handled"}`:                        "",
		`{"_aws":{"Timestamp":1}}`:                                 "",
		"START RequestId: 1":                                       "",
		`{"level":"WARN","msg":"late","by":"2s"}`:                  "12:00:00.000  WARN      Worker: late by=2s\n",
		`{"time":"now","level":"ERROR","msg":"lost","error":"no"}`: "12:00:00.000  ERROR     Worker: lost error=no\n",
		"panic: runtime error\n":                                   "12:00:00.000  ERROR     Worker: panic: runtime error\n",
		"1 Task timed out after 3.00 seconds":                      "12:00:00.000  ERROR     Worker: 1 Task timed out after 3.00 seconds\n",
	} {
		got := show(console.Style{}, func(c *console.Console) { c.Log(noon, "Worker", text) })
		if got != want {
			t.Errorf("%s shows %q, want %q", text, got, want)
		}
	}
}

// hostile is text that controls a terminal, begins a line, and runs backwards.
const hostile = "\x1b[2J\u009b31m\u202e\u2028x\x7f\xff\r\n12:00:00.000  ok"

const harmless = `\x1b[2J\u009b31m\u202e\u2028x\x7f\xff\r\n12:00:00.000  ok`

func TestTextFromElsewhereDoesNotControlTheTerminal(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Event(console.Event{Time: noon, Bus: hostile, ID: hostile, Subject: "\x1b[2J", Type: hostile, Source: hostile})
		c.Log(noon, hostile, "panic: "+hostile)
		c.Log(noon, "Worker", `{"level":"WARN","msg":"\u001b[2J","\u009b":"\u202e\n"}`)
		c.Loss(loss.Loss{Time: noon, Kind: loss.Rule, Name: hostile, Target: hostile, Reason: hostile, Event: loss.Event{ID: hostile, Type: hostile, Subject: hostile}})
		c.Ready(console.Banner{
			Stack: hostile, FunctionURLs: map[string]string{hostile: hostile}, Outputs: map[string]string{hostile: hostile},
			Deliveries: hostile, Usage: hostile, Traces: hostile, AWSEndpoint: hostile, Region: hostile, Setup: hostile,
		})
	})
	want := "12:00:00.000  \\x1b[2J      " + harmless + " " + harmless + "\n" +
		"12:00:00.000  ERROR     " + harmless + ": panic: " + harmless + "\n" +
		"12:00:00.000  WARN      Worker: \\x1b[2J \\u009b=\\u202e\\n\n" +
		"12:00:00.000  LOST      rule " + harmless + " to " + harmless + ": " + harmless + " type=" + harmless + " id=" + harmless + " subject=" + harmless + "\n"
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("the lines differ (-want +got):\n%s", diff)
	}
	if banner := got[len(want):]; !strings.Contains(banner, harmless+" is up") || printable.Text(banner) != banner {
		t.Errorf("the banner is %q", banner)
	}
}

func TestTextFromElsewhereDoesNotControlTheTerminalAsJSONEither(t *testing.T) {
	got := show(console.Style{JSON: true}, func(c *console.Console) { c.Event(event("1", "a", hostile)) })
	if strings.Count(got, "\n") != 1 || printable.Text(got) != got {
		t.Errorf("the line is %q", got)
	}
	var line struct{ Event console.Event }
	if err := json.Unmarshal([]byte(got), &line); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(hostile, "\ufffd"); line.Event.Type != want {
		t.Errorf("its type is %q, want %q", line.Event.Type, want)
	}
}

func TestTheBannerSaysWhereEverythingIsAndWhatTheSetupPrints(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Ready(console.Banner{
			Stack: "shop", Took: 1234567 * time.Microsecond,
			FunctionURLs: map[string]string{"Shop/Worker": "http://127.0.0.1:2/"},
			Outputs:      map[string]string{"ShopUrl": "http://127.0.0.1:2/", "Bus": "shop"},
			Deliveries:   "http://127.0.0.1:1/deliveries", Usage: "http://127.0.0.1:1/usage", Traces: "http://127.0.0.1:1/traces",
			AWSEndpoint: "http://127.0.0.1:1", Region: "eu-west-1",
			Setup: "Buy something:\n  curl http://127.0.0.1:2/items\n\n",
		})
	})
	const want = `
shop is up, after 1.235s. Ctrl-C stops it.

Function URLs:
  Shop/Worker  http://127.0.0.1:2/

Outputs:
  Bus      shop
  ShopUrl  http://127.0.0.1:2/

What API destinations have delivered:
  curl http://127.0.0.1:1/deliveries

Calls, counters and queue depths:
  curl http://127.0.0.1:1/usage

Traces:
  curl http://127.0.0.1:1/traces

AWS CLI and SDKs (version 1 of the CLI calls the real queues of AWS unless --endpoint-url is given too):
  export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local

Buy something:
  curl http://127.0.0.1:2/items

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the banner differs (-want +got):\n%s", diff)
	}
}

func TestTheBannerOfAStackWithoutURLsAndOutputsIsShort(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Ready(console.Banner{Stack: "shop", Usage: "http://127.0.0.1:1/usage", Traces: "http://127.0.0.1:1/traces", AWSEndpoint: "http://127.0.0.1:1", Region: "eu-west-1"})
	})
	const want = `
shop is up, after 0s. Ctrl-C stops it.

Calls, counters and queue depths:
  curl http://127.0.0.1:1/usage

Traces:
  curl http://127.0.0.1:1/traces

AWS CLI and SDKs (version 1 of the CLI calls the real queues of AWS unless --endpoint-url is given too):
  export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the banner differs (-want +got):\n%s", diff)
	}
}

func TestAFileHasNoColours(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if console.HasColors(file, "") {
		t.Error("it has")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestAWriteThatFailsIsNotForgotten(t *testing.T) {
	c := console.New(broken{}, console.Style{})
	c.Event(event("1", "a", "item.sold"))
	if err := c.Err(); err == nil || err.Error() != "gone" {
		t.Errorf("the error is %v", err)
	}
}
