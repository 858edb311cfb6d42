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

	"example.com/saga/localcloud/cloud"
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
	want := "12:00:00.000  0190f3a2-0000                         item.sold                      counter\n" +
		"12:00:00.000  7                                     parcel.packed-and-labelled     counter\n"
	if got != want {
		t.Errorf("the lines are\n%s, want\n%s", got, want)
	}
}

func TestASubjectIsWholeWhereThereIsRoom(t *testing.T) {
	const id = "0190f3a2-0000-7000-8000-0123456789ab"
	for width, want := range map[int]string{80: id[:8], 99: id[:8], 100: id, 200: id, 0: id} {
		got := show(console.Style{Width: width}, func(c *console.Console) { c.Event(event("1", id, "item.sold")) })
		if subject := strings.Fields(got)[1]; subject != want {
			t.Errorf("%d columns show the subject %s, want %s", width, subject, want)
		}
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
		c.Ready(console.Banner{Stack: "shop", Addresses: cloud.Addresses{UsageURL: "http://x/usage"}})
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

func failure() loss.Failure {
	return loss.Failure{
		Time: noon, Function: "Shop/Worker", Request: "r-1", Attempt: 1, Attempts: 3,
		Event: loss.Event{ID: "1", Type: "item.sold", Subject: "s-1"}, Reason: "it went wrong",
	}
}

func TestAFailedAttemptIsOneLine(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*loss.Failure)
		want string
	}{
		"at an event":   {func(*loss.Failure) {}, "attempt 1 of 3: it went wrong type=item.sold id=1 subject=s-1"},
		"at a message":  {func(f *loss.Failure) { f.Messages = []string{"m-1"} }, "attempt 1 of 3: it went wrong type=item.sold id=1 subject=s-1 message=m-1"},
		"without limit": {func(f *loss.Failure) { f.Attempts = 0 }, "attempt 1: it went wrong type=item.sold id=1 subject=s-1"},
		"of an invocation": {
			func(f *loss.Failure) { f.Attempt, f.Attempts, f.Event = 0, 0, loss.Event{} }, "it went wrong request=r-1",
		},
		"at several messages": {func(f *loss.Failure) {
			f.Event, f.Messages = loss.Event{}, []string{"m-1", "m-2", "m-3", "m-4"}
		}, "attempt 1 of 3: it went wrong messages=m-1,m-2,m-3 and 1 more"},
		"with a long error": {
			func(f *loss.Failure) { f.Reason = strings.Repeat("é", 300) }, "attempt 1 of 3: " + strings.Repeat("é", 199) + "… type=item.sold id=1 subject=s-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := failure()
			test.edit(&f)
			got := show(console.Style{}, func(c *console.Console) { c.Failure(f) })
			if want := "12:00:00.000  FAILED    Shop/Worker: " + test.want + "\n"; got != want {
				t.Errorf("shown is %q, want %q", got, want)
			}
		})
	}
}

func TestADeadLetterIsOneLineWithTheCommandThatShowsIt(t *testing.T) {
	d := loss.DeadLetter{
		Time: noon, URL: "http://127.0.0.1:1/0/dead", Queue: "Shop/Dead", From: "Shop/Queue", Message: "m-1",
		Event: loss.Event{ID: "1", Type: "item.sold", Subject: "s-1"}, Reason: "it was received 3 times",
	}
	const head = "12:00:00.000  DLQ       Shop/Dead from Shop/Queue: it was received 3 times type=item.sold id=1 subject=s-1 message=m-1; shown by: "
	for command, want := range map[string]string{
		"make dlq QUEUE={queue}":         "make dlq QUEUE=Shop/Dead",
		console.DefaultDeadLetterCommand: "aws sqs receive-message --endpoint-url http://127.0.0.1:1 --queue-url http://127.0.0.1:1/0/dead --visibility-timeout 0",
		"look":                           "look",
	} {
		got := show(console.Style{DeadLetterCommand: command}, func(c *console.Console) { c.DeadLetter(d) })
		if got != head+want+"\n" {
			t.Errorf("shown is %q, want %q", got, head+want)
		}
	}
	bare := loss.DeadLetter{Time: noon, Queue: "A queue; its", Message: "m-1"}
	got := show(console.Style{DeadLetterCommand: "dlq {queue}"}, func(c *console.Console) { c.DeadLetter(bare) })
	if want := "12:00:00.000  DLQ       A queue; its message=m-1; shown by: dlq 'A queue; its'\n"; got != want {
		t.Errorf("shown is %q, want %q", got, want)
	}
}

func TestAProcessForADebuggerIsOneLineWithTheCommandThatAttachesToIt(t *testing.T) {
	debug := func(c *console.Console) { c.Debug(console.Debugged{Time: noon, Function: "Shop/Worker", PID: 7}) }
	if got, want := show(console.Style{}, debug), "12:00:00.000  DEBUG     Shop/Worker: process 7; in Go: dlv attach 7\n"; got != want {
		t.Errorf("shown is %q, want %q", got, want)
	}
	if got := show(console.Style{JSON: true}, debug); !strings.Contains(got, `"function":"Shop/Worker","pid":7}`) {
		t.Errorf("for programs it is %s", got)
	}
}

func TestForProgramsAFailureAndADeadLetterAreWhole(t *testing.T) {
	got := show(console.Style{JSON: true}, func(c *console.Console) {
		f := failure()
		f.Reason, f.Messages = strings.Repeat("x", 300), []string{"1", "2", "3", "4"}
		c.Failure(f)
		c.DeadLetter(loss.DeadLetter{Time: noon, URL: "u", Queue: "Shop/Dead", Message: "m-1"})
	})
	at := noon.Format(time.RFC3339)
	want := `{"failure":{"time":"` + at + `","function":"Shop/Worker","request":"r-1","attempt":1,"attempts":3,"id":"1","type":"item.sold",` +
		`"subject":"s-1","messages":["1","2","3","4"],"reason":"` + strings.Repeat("x", 300) + `"}}` + "\n" +
		`{"deadLetter":{"time":"` + at + `","url":"u","queue":"Shop/Dead","message":"m-1"}}` + "\n"
	if got != want {
		t.Errorf("shown is %s, want %s", got, want)
	}
}

func TestQuietIsOnlyWhatIsLost(t *testing.T) {
	got := show(console.Style{Quiet: true}, func(c *console.Console) {
		c.Failure(failure())
		c.DeadLetter(loss.DeadLetter{Time: noon, Queue: "Shop/Dead", Message: "m-1"})
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
		`{"level":"INFO","msg":"handled"}`:                                                "",
		`{"level":"DEBUG","msg":"handled"}`:                                               "",
		`{"_aws":{"Timestamp":1}}`:                                                        "",
		"START RequestId: 1":                                                              "",
		`{"level":"WARN","msg":"late","by":"2s"}`:                                         "12:00:00.000  WARN      Worker: late by=2s\n",
		`{"time":"now","level":"ERROR","msg":"lost","error":"no"}`:                        "12:00:00.000  ERROR     Worker: lost error=no\n",
		`{"level":"WARN","msg":"late","n":1234567,"list":["a",1],"none":null,"empty":""}`: `12:00:00.000  WARN      Worker: late list=["a",1] n=1234567` + "\n",
		`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"shop","Dimensions":[["service"]],"Metrics":[{"Name":"Late","Unit":"Count"}]}]},` +
			`"level":"WARN","msg":"late","service":"worker","Late":1}`: "12:00:00.000  WARN      Worker: late service=worker\n",
		`{"_aws":"?","level":"WARN","msg":"late"}`:                             "12:00:00.000  WARN      Worker: late\n",
		`{"timestamp":"now","level":"ERROR","message":"lost","requestId":"1"}`: "12:00:00.000  ERROR     Worker: lost requestId=1\n",
		`{"severity":"critical","message":"lost","ts":1.5}`:                    "12:00:00.000  ERROR     Worker: lost\n",
		`{"level":"warning","msg":"late","message":"kept out"}`:                "12:00:00.000  WARN      Worker: late\n",
		`{"level":40,"time":1,"msg":"late"}`:                                   "12:00:00.000  WARN      Worker: late\n",
		`{"level":30,"time":1,"msg":"late"}`:                                   "",
		`{"level":"WARN","msg":"` + strings.Repeat("x", 300) + `"}`:            "12:00:00.000  WARN      Worker: " + strings.Repeat("x", 199) + "…\n",
		"2026-11-22T12:00:00.000Z\t1\tERROR\tit went wrong":                    "12:00:00.000  ERROR     Worker: 2026-11-22T12:00:00.000Z 1 ERROR it went wrong\n",
		"2026-11-22T12:00:00.000Z\t1\tINFO\tit went well":                      "",
		"[ERROR] ValueError: no":                                               "12:00:00.000  ERROR     Worker: [ERROR] ValueError: no\n",
		"panic: runtime error\n":                                               "12:00:00.000  ERROR     Worker: panic: runtime error\n",
		"1 Task timed out after 3.00 seconds":                                  "12:00:00.000  ERROR     Worker: 1 Task timed out after 3.00 seconds\n",
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
		c.Failure(loss.Failure{Time: noon, Function: hostile, Reason: hostile, Messages: []string{hostile}})
		c.DeadLetter(loss.DeadLetter{Time: noon, Queue: "dead", From: hostile, Message: hostile, Reason: hostile})
		c.Loss(loss.Loss{Time: noon, Kind: loss.Rule, Name: hostile, Target: hostile, Reason: hostile, Event: loss.Event{ID: hostile, Type: hostile, Subject: hostile}})
		c.Ready(console.Banner{
			Stack: hostile, Paused: []string{hostile}, Setup: hostile,
			Addresses: cloud.Addresses{
				FunctionURLs: map[string]string{hostile: hostile}, Outputs: map[string]string{hostile: hostile},
				DeliveriesURL: hostile, UsageURL: hostile, TracesURL: hostile, AWSEndpointURL: hostile, Region: hostile,
			},
		})
	})
	want := "12:00:00.000  \\x1b[2J" + strings.Repeat(" ", 34) + harmless + " " + harmless + "\n" +
		"12:00:00.000  ERROR     " + harmless + ": panic: " + harmless + "\n" +
		"12:00:00.000  WARN      Worker: \\x1b[2J \\u009b=\\u202e\\n\n" +
		"12:00:00.000  FAILED    " + harmless + ": " + harmless + " message=" + harmless + "\n" +
		"12:00:00.000  DLQ       dead from " + harmless + ": " + harmless + " message=" + harmless + "; shown by: \n" +
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
			Stack: "shop", Took: 1234567 * time.Microsecond, TakenPorts: []int{4600, 4601},
			Addresses: cloud.Addresses{
				FunctionURLs:  map[string]string{"Shop/Worker": "http://127.0.0.1:2/"},
				Outputs:       map[string]string{"ShopUrl": "http://127.0.0.1:2/", "Bus": "shop"},
				DeliveriesURL: "http://127.0.0.1:1/deliveries", UsageURL: "http://127.0.0.1:1/usage", TracesURL: "http://127.0.0.1:1/traces",
				AWSEndpointURL: "http://127.0.0.1:1", Region: "eu-west-1",
			},
			Paused: []string{"Shop/Worker", "Shop/Packer"},
			Setup:  "Buy something:\n  curl http://127.0.0.1:2/items\n\n",
		})
	})
	const want = `
shop is up, after 1.235s. Ctrl-C stops it.
These addresses are not the usual ones: other programs have the ports [4600 4601].

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

AWS clients, in a shell of their own (version 1 of the AWS CLI calls the real SQS without --endpoint-url):
  export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local

Resume Shop/Worker, Shop/Packer:
  curl -X POST http://127.0.0.1:1/resume

Buy something:
  curl http://127.0.0.1:2/items

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the banner differs (-want +got):\n%s", diff)
	}
}

func TestTheBannerOfAStackWithoutURLsAndOutputsIsShort(t *testing.T) {
	got := show(console.Style{}, func(c *console.Console) {
		c.Ready(console.Banner{Stack: "shop", Addresses: cloud.Addresses{
			UsageURL: "http://127.0.0.1:1/usage", TracesURL: "http://127.0.0.1:1/traces", AWSEndpointURL: "http://127.0.0.1:1", Region: "eu-west-1",
		}})
	})
	const want = `
shop is up, after 0s. Ctrl-C stops it.

Calls, counters and queue depths:
  curl http://127.0.0.1:1/usage

Traces:
  curl http://127.0.0.1:1/traces

AWS clients, in a shell of their own (version 1 of the AWS CLI calls the real SQS without --endpoint-url):
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
