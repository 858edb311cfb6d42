package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/deadletter/deadlettertest"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/redrive"
	"example.com/saga/operator/replay"
	"example.com/saga/operator/rule"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/printable"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// office is an operator with its output.
type office struct {
	operator

	out, problems bytes.Buffer
}

func newOffice() *office {
	o := &office{}
	o.operator = operator{stdout: &o.out, stderr: &o.problems, clock: func() time.Time { return now }}
	return o
}

func assertEqual[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAWrongCommandLineIsExplainedInOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"no command":           {nil, "a command is missing"},
		"no such command":      {[]string{"purge"}, `there is no command "purge"`},
		"no such flag":         {[]string{"dlq", "-colour"}, "-colour"},
		"nowhere":              {[]string{"dlq"}, "say where the saga is"},
		"too many arguments":   {[]string{"dlq", "-stack", "s", "a", "b"}, `unexpected argument "b"`},
		"a flag too late":      {[]string{"letters", "-stack", "s", "a", "-json"}, `unexpected argument "-json" (flags come first)`},
		"an audit of what":     {[]string{"audit", "-stack", "s", "a"}, `unexpected argument "a"`},
		"a rotation of what":   {[]string{"rotate", "-stack", "s", "a"}, `unexpected argument "a"`},
		"a rotation of no key": {[]string{"rotate", "-stack", "s", "-key", "house"}, `there is no key "house"`},
		"a second step":        {[]string{"rotate", "-stack", "s", "-key", "orders", "-finish"}, "no second step"},
		"redrive what":         {[]string{"redrive", "-stack", "s"}, "say which queue"},
		"replay to where":      {[]string{"replay", "-stack", "s", "-order", "o"}, "name the destination with -to"},
		"replay what":          {[]string{"replay", "-stack", "s", "-to", "Shop"}, "name the events with -order or -from"},
		"replay until":         {[]string{"replay", "-stack", "s", "-to", "Shop", "-until", "2026-03-01T10:00:00Z"}, "name the events with -order or -from"},
		"replay too much":      {[]string{"replay", "-stack", "s", "-to", "Shop", "-order", "o", "-from", "2026-03-01T10:00:00Z"}, "use either -order, or -from and -until"},
		"replay when":          {[]string{"replay", "-stack", "s", "-to", "Shop", "-from", "yesterday"}, `-from "yesterday" is not a time such as 2026-11-25T10:00:00Z`},
		"replay until when":    {[]string{"replay", "-stack", "s", "-to", "Shop", "-from", "2026-03-01T10:00:00Z", "-until", "11:00"}, `-until "11:00" is not a time`},
		"replay backwards":     {[]string{"replay", "-stack", "s", "-to", "Shop", "-from", "2026-03-01T10:00:00Z", "-until", "2026-03-01T11:00:00+02:00"}, "-from 2026-03-01T10:00:00Z is not before -until 2026-03-01T09:00:00Z"},
		"replay the future":    {[]string{"replay", "-stack", "s", "-to", "Shop", "-from", "2026-03-01T12:00:00Z"}, "is not before -until 2026-03-01T12:00:00Z"},
		"which order":          {[]string{"order", "-stack", "s"}, "say which order"},
		"two orders":           {[]string{"order", "-stack", "s", "o-1", "o-2"}, `unexpected argument "o-2"`},
		"discard what":         {[]string{"discard", "-stack", "s"}, "say which queue"},
		"the record of what":   {[]string{"record", "-stack", "s"}, "say which order"},
		"two records":          {[]string{"record", "-stack", "s", "o-1", "o-2"}, `unexpected argument "o-2"`},
		"the balance of whom":  {[]string{"balance", "-stack", "s"}, "say which customer"},
		"two balances":         {[]string{"balance", "-stack", "s", "c-1", "c-2"}, `unexpected argument "c-2"`},
		"erase whom":           {[]string{"erase", "-stack", "s"}, "say which customer"},
		"erase too many":       {[]string{"erase", "-stack", "s", "c-1", "c-2"}, `unexpected argument "c-2"`},
		"a pattern that ends":  {[]string{"watch", "-stack", "s", "-type", "[a-"}, `-type "[a-" is not a pattern`},
		"watch what":           {[]string{"watch", "-stack", "s", "o-1"}, `unexpected argument "o-1"`},
		"receive what":         {[]string{"receive", "-stack", "s"}, "say what was received, as SKU=QUANTITY"},
		"receive how many":     {[]string{"receive", "-stack", "s", "123=1", "456"}, `"456" cannot be received: it is not SKU=QUANTITY`},
		"examples in AWS":      {[]string{"examples", "-stack", "s"}, "there are examples for the local cloud only"},
		"a site of what":       {[]string{"site", "dist"}, "say which template, with -template, and which folder"},
		"a site where":         {[]string{"site", "-template", "t.json"}, "say which template, with -template, and which folder"},
		"a site of a stack":    {[]string{"site", "-stack", "s", "dist"}, "flag provided but not defined: -stack"},
		"redrive how many":     {[]string{"redrive", "-stack", "s", "-max", "0", "q"}, "-max 0 is not between 1 and 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice()
			assertEqual(t, "the exit code", exitUsage, o.run(t.Context(), c.arguments))
			problem := o.problems.String()
			if !strings.HasPrefix(problem, "operator: ") || !strings.Contains(problem, c.want) ||
				!strings.HasSuffix(problem, ": see operator help\n") || strings.Count(problem, "\n") != 1 {
				t.Errorf("the problem is %q", problem)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	for want, arguments := range map[string][]string{
		"usage: operator dlq     [flags] [QUEUE]":         {"help"},
		"usage: operator dlq [flags] [QUEUE]\n":           {"dlq", "-h"},
		"print JSON lines, whole":                         {"letters", "-h"},
		"-dry-run":                                        {"redrive", "-help"},
		"-until time":                                     {"replay", "-h"},
		"-allow-dead-letters":                             {"audit", "-h"},
		"the same as -allow-dead-letters":                 {"audit", "-h"},
		"-finish":                                         {"rotate", "-h"},
		"-wait long":                                      {"erase", "-h"},
		"usage: operator order [flags] ORDER":             {"order", "-h"},
		"usage: operator discard [flags] QUEUE":           {"discard", "-h"},
		"-invalid":                                        {"redrive", "-h"},
		"usage: operator record [flags] ORDER":            {"record", "-h"},
		"usage: operator balance [flags] CUSTOMER":        {"balance", "-h"},
		"-order id":                                       {"watch", "-h"},
		"-type pattern":                                   {"watch", "-h"},
		"-no-color":                                       {"watch", "-h"},
		"each event goes to one reader of the queue only": {"watch", "-h"},
		"usage: operator receive [flags] SKU=QUANTITY…\n": {"receive", "-h"},
		"usage: operator examples [flags]\n":              {"examples", "-h"},
		"usage: operator site [flags] DIR\n":              {"site", "-h"},
	} {
		o := newOffice()
		assertEqual(t, "the exit code", exitOK, o.run(t.Context(), arguments))
		if !strings.Contains(o.out.String(), want) || o.problems.Len() > 0 {
			t.Errorf("%v prints %q and %q", arguments, o.out.String(), o.problems.String())
		}
	}
}

func TestAFailureIsExplainedInOneLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ready.json")
	ready := `{"awsEndpointUrl": "http://127.0.0.1:1", "region": "local", "queues": {"Shop/DeadLetters": "http://127.0.0.1:1/0/d"}}`
	if err := os.WriteFile(path, []byte(ready), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		readyFile string
		arguments []string
		want      string
	}{
		"no local cloud":     {path + "-gone", []string{"dlq"}, "is the local cloud running"},
		"no such queue":      {path, []string{"dlq", "Shop/Queue"}, `there is no dead-letter queue "Shop/Queue": there are Shop/DeadLetters`},
		"nothing to redrive": {path, []string{"redrive", "Shop/Queue"}, `there is no dead-letter queue "Shop/Queue"`},
		"nothing to discard": {path, []string{"discard", "Shop/Queue"}, `there is no dead-letter queue "Shop/Queue"`},
		"no orders":          {path, []string{"order", "o-1"}, "the stack has no Order/Table"},
		"nothing to rotate":  {path, []string{"rotate"}, "the stack has no Notification/ApiKey"},
		"no keys to rotate":  {path, []string{"rotate", "-key", "orders"}, "the stack has no Order/Keys"},
		"nothing to replay":  {path, []string{"replay", "-to", "Shop", "-order", "o-1"}, "the stack has no GlobalBus/Archive/Archive"},
		"nothing to erase":   {path, []string{"erase", "c-42"}, "the stack has no GlobalBus/Archive/Archive"},
		"no records":         {path, []string{"record", "o-1"}, "the stack has no Order/Table"},
		"no points":          {path, []string{"balance", "c-42"}, "the stack has no Loyalty/Table"},
		"nothing to watch":   {path, []string{"watch"}, "the stack has no Observability/Events"},
		"no queue to watch":  {path, []string{"watch", "-queue"}, "the stack has no Observability/Queue: the setting ObservabilityQueue is off"},
		"nothing to audit":   {path, []string{"audit"}, "the stack has no Observability/Events"},
		"nowhere to receive": {path, []string{"receive", "123=1"}, "the stack has no GlobalBus"},
		"no template":        {path, []string{"site", "-template", path + "-gone", path}, "no such file"},
		"no rules":           {path, []string{"site", "-template", path, path}, path + ": the template has no rules"},
		"no examples":        {path, []string{"examples"}, "the stack has no URL of Order/Api"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice()
			o.readyFile = c.readyFile
			assertEqual(t, "the exit code", exitError, o.run(t.Context(), c.arguments))
			if problem := o.problems.String(); !strings.Contains(problem, c.want) || strings.Count(problem, "\n") != 1 {
				t.Errorf("the problem is %q", problem)
			}
		})
	}
}

func TestTheSiteIsWrittenWithoutASaga(t *testing.T) {
	o, folder := newOffice(), filepath.Join(t.TempDir(), "site")
	arguments := []string{"site", "-template", "../infra/testdata/prod.golden.json", folder}
	assertEqual(t, "the exit code", exitOK, o.run(t.Context(), arguments))
	if page, err := os.ReadFile(filepath.Join(folder, "index.html")); !strings.Contains(string(page), "order.placed") {
		t.Errorf("its first page is %q, %v", page, err)
	}
}

const (
	dead  = "https://sqs/000000000000/dead"
	event = `{"type":"order.placed","id":"e-1","subject":"o-1"}`
)

func shop() (*deadlettertest.SQS, stack.Stack) {
	return deadlettertest.New(), stack.Stack{Queues: map[string]string{
		"Shop/DeadLetters": dead, "Shop/Undelivered": "https://sqs/000000000000/undelivered",
	}}
}

func ago(d time.Duration) int64 { return now.Add(-d).UnixMilli() }

func TestEveryDeadLetterQueueIsShown(t *testing.T) {
	fake, in := shop()
	fake.Put(dead, event, "", ago(time.Minute), nil)
	fake.Put(dead, event, "", ago(time.Hour), nil)
	o := newOffice()
	if err := o.showQueues(t.Context(), fake, in, false); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the table", ""+
		"QUEUE             DEAD LETTERS  OLDEST\n"+
		"Shop/DeadLetters  2             1h0m0s\n"+
		"Shop/Undelivered  0             -\n", o.out.String())
	o = newOffice()
	if err := o.showQueues(t.Context(), fake, in, true); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "the JSON lines", ""+
		`{"queue":"Shop/DeadLetters","letters":2,"oldest":"2026-03-01T11:00:00Z"}`+"\n"+
		`{"queue":"Shop/Undelivered","letters":0}`+"\n", o.out.String())
}

// logged has the last error about each event.
type logged map[string]string

func (l logged) LastErrors(context.Context, string, time.Time) (map[string]string, error) {
	return l, nil
}

// show shows the dead letters of the queue.
func show(t *testing.T, o *office, fake *deadlettertest.SQS, in stack.Stack, asJSON bool) {
	t.Helper()
	queue, err := queueOf(fake, in, "Shop/DeadLetters")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.showDeadLetters(t.Context(), reader(fake, in), queue, asJSON); err != nil {
		t.Fatal(err)
	}
}

func TestDeadLettersAreShownAndCannotControlTheTerminal(t *testing.T) {
	fake, in := shop()
	fake.Put(dead, event, "", ago(time.Minute), map[string]string{deadletter.ErrorCode: "INVALID_EVENT", deadletter.ErrorMessage: "a\x1b[2J\nb"})
	fake.Put(dead, "not JSON", "", ago(time.Second), map[string]string{deadletter.ErrorCode: "X", deadletter.ErrorMessage: strings.Repeat("y", 500)})
	o := newOffice()
	show(t, o, fake, in, false)
	assertEqual(t, "the table", ""+
		"DEAD LETTER  AGE   EVENT         EVENT ID  ORDER  REASON\n"+
		"m-1          1m0s  order.placed  e-1       o-1    a\\x1b[2J\\nb (INVALID_EVENT)\n"+
		"m-2          1s    not an event  -         -      "+strings.Repeat("y", 119)+"…\n", o.out.String())
	assertEqual(t, "warnings", "", o.problems.String())
}

func TestDeadLettersAreShownWholeAsJSON(t *testing.T) {
	fake, in := shop()
	fake.Put(dead, "<not>\tJSON", "g-1", ago(time.Minute), map[string]string{deadletter.ErrorCode: "X", deadletter.ErrorMessage: "y"})
	o := newOffice()
	show(t, o, fake, in, true)
	assertEqual(t, "the line", `{"queue":"Shop/DeadLetters","id":"m-1","sent":"2026-03-01T11:59:00Z","event":{"type":"","id":"","order":""},"reason":"X: y","group":"g-1",`+
		`"attributes":{"ERROR_CODE":"X","ERROR_MESSAGE":"y"},"body":"<not>\tJSON"}`+"\n", o.out.String())
}

func TestTheBodyFromBeforeItWasEscapedIsShownAndCannotControlTheTerminal(t *testing.T) {
	for name, c := range map[string]struct{ sent, encoding, shown string }{
		"with U+FFFF":            {"100%25 %EF%BF%BF", "percent", `"body":"100% \uffff"`},
		"with what controls":     {"%1B[2J\u009b2J\x7f\u202e\U0010FFFF é😀", "percent", `"body":"\u001b[2J\u009b2J\u007f\u202e\udbff\udfff é😀"`},
		"with bytes, not UTF-8":  {"é%25%FF", "percent", `"body":"é%25%FF","bodyEncoding":"percent"`},
		"of nothing":             {"(empty)", "empty", `"body":""`},
		"that cannot be decoded": {"%zz", "percent", `"body":"%zz","bodyEncoding":"percent"`},
	} {
		t.Run(name, func(t *testing.T) {
			fake, in := shop()
			fake.Put(dead, c.sent, "", ago(time.Minute), map[string]string{deadletter.ErrorCode: "X", "BODY_ENCODING": c.encoding})
			o := newOffice()
			show(t, o, fake, in, true)
			if got := o.out.String(); !strings.HasSuffix(got, c.shown+"}\n") {
				t.Errorf("it is shown as %s", got)
			}
		})
	}
	fake, in := shop()
	fake.Put(dead, `{"type":"a%EF%BF%BF%1B","id":"\u202eb","subject":"%C2%9B%FF"}`, "", ago(time.Minute), map[string]string{"BODY_ENCODING": "percent"})
	o := newOffice()
	show(t, o, fake, in, false)
	if _, row, _ := strings.Cut(o.out.String(), "\n"); strings.ContainsFunc(row, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("the table has %q", row)
	}
}

func TestDeadLettersAsJSONAndProblemsCannotControlTheTerminal(t *testing.T) {
	const hostile = "\u009b2J\u202e\u2028\x7f"
	fake, in := shop()
	fake.Put(dead, hostile, "", ago(time.Minute), nil)
	o := newOffice()
	show(t, o, fake, in, true)
	if got := o.out.String(); !strings.Contains(got, `"body":"\u009b2J\u202e\u2028\u007f"`) || printable.Text(got) != got {
		t.Errorf("the line is %q", got)
	}
	o.fail(errors.New(hostile + "\n" + hostile))
	o.warn("%s", hostile)
	assertEqual(t, "the problems", `operator: \u009b2J\u202e\u2028\x7f; \u009b2J\u202e\u2028\x7f`+"\n"+
		`operator: \u009b2J\u202e\u2028\x7f`+"\n", o.problems.String())
}

func TestDeadLettersThatCannotBeReceivedAreWarnedOf(t *testing.T) {
	fake, in := shop()
	for range 12 {
		fake.Put(dead, event, "o-1", ago(time.Minute), nil)
	}
	o := newOffice()
	show(t, o, fake, in, false)
	if !strings.HasPrefix(o.problems.String(), "operator: 2 more cannot be received now") {
		t.Errorf("the warning is %q", o.problems.String())
	}
}

func TestTheOutcomeOfEachDeadLetterIsPrintedAndDeadLettersThatStayAreAnError(t *testing.T) {
	outcomes := []redrive.Outcome{
		{Message: deadletter.Message{ID: "m-1", Body: event}, To: "queue Shop/Queue"},
		{Message: deadletter.Message{ID: "m-2"}, Err: errors.New("no\nroute")},
	}
	o := newOffice()
	if err := o.printRedriven(outcomes, false, false); err == nil || err.Error() != "1 of 2 dead letters stay in the queue" {
		t.Errorf("the error is %v", err)
	}
	assertEqual(t, "what is printed", "m-1  order.placed  sent to queue Shop/Queue\nm-2  not an event  stays: no\\nroute\n", o.out.String())
	o = newOffice()
	if err := o.printRedriven(outcomes[:1], true, false); err != nil {
		t.Error(err)
	}
	assertEqual(t, "what is printed", "m-1  order.placed  would be sent to queue Shop/Queue\n", o.out.String())
}

func TestOutcomesAreShownAsJSON(t *testing.T) {
	outcomes := []redrive.Outcome{
		{Message: deadletter.Message{ID: "m-1", Body: event}, To: "queue Shop/Queue"},
		{Message: deadletter.Message{ID: "m-2"}, To: "queue Shop/Queue", Err: errors.New("send: no route")},
	}
	o := newOffice()
	if err := o.printRedriven(outcomes, true, true); err == nil {
		t.Error("there is no error")
	}
	assertEqual(t, "the lines", `{"id":"m-1","event":{"type":"order.placed","id":"e-1","order":"o-1"},"result":"would be sent","to":"queue Shop/Queue"}`+"\n"+
		`{"id":"m-2","event":{"type":"","id":"","order":""},"result":"stays","to":"queue Shop/Queue","reason":"send: no route"}`+"\n", o.out.String())
}

func TestWhatCanNeverBeHandledIsCountedBeforeTheRedrive(t *testing.T) {
	o := newOffice()
	o.warnOfInvalid([]redrive.Outcome{{Err: fmt.Errorf("%w: x", redrive.ErrNeverHandled)}, {}, {Err: errors.New("no route")}})
	assertEqual(t, "the warning", "operator: 1 of 3 can never be handled and stay: discard them, or send them with -invalid\n", o.problems.String())
	o = newOffice()
	o.warnOfInvalid([]redrive.Outcome{{}})
	assertEqual(t, "the warning", "", o.problems.String())
}

// reader reads the dead letters of a fake.
func reader(fake *deadlettertest.SQS, in stack.Stack) dlq.Reader {
	return dlq.Reader{Queues: fake, Errors: logged{}, Stack: in}
}

func TestDiscardingPrintsEachDeadLetterWholeAndRemovesIt(t *testing.T) {
	fake, in := shop()
	fake.Put(dead, event, "", ago(time.Minute), map[string]string{deadletter.ErrorCode: "X", deadletter.ErrorMessage: "y"})
	fake.Put(dead, "other", "", ago(time.Minute), nil)
	queue, err := queueOf(fake, in, "Shop/DeadLetters")
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	if err := o.showDiscarded(t.Context(), reader(fake, in), queue, "m-2", false); err != nil {
		t.Error(err)
	}
	assertEqual(t, "what would be discarded", "DEAD LETTER  AGE   EVENT         EVENT ID  ORDER  REASON\n"+
		"m-2          1m0s  not an event  -         -      unknown reason\n", o.out.String())
	assertEqual(t, "what is left", []string{"m-1", "m-2"}, fake.Visible(dead))
	o = newOffice()
	if err := o.discardAll(t.Context(), reader(fake, in), queue, "m-1"); err != nil {
		t.Error(err)
	}
	assertEqual(t, "the copy", `{"queue":"Shop/DeadLetters","id":"m-1","sent":"2026-03-01T11:59:00Z","event":{"type":"order.placed","id":"e-1","order":"o-1"},`+
		`"reason":"X: y","attributes":{"ERROR_CODE":"X","ERROR_MESSAGE":"y"},"body":"{\"type\":\"order.placed\",\"id\":\"e-1\",\"subject\":\"o-1\"}"}`+"\n", o.out.String())
	assertEqual(t, "the note", "operator: 1 of 2 dead letters in Shop/DeadLetters are discarded\n", o.problems.String())
	assertEqual(t, "what is left", []string{"m-2"}, fake.Visible(dead))
	if err := o.showDiscarded(t.Context(), reader(fake, in), queue, "m-9", false); !errors.Is(err, deadletter.ErrNotFound) {
		t.Errorf("the error is %v", err)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestADeadLetterThatCannotBePrintedIsNotDiscarded(t *testing.T) {
	fake, in := shop()
	fake.Put(dead, event, "", ago(time.Minute), nil)
	queue, err := queueOf(fake, in, "Shop/DeadLetters")
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	o.stdout = full{}
	if err := o.discardAll(t.Context(), reader(fake, in), queue, ""); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the error is %v", err)
	}
	assertEqual(t, "what is left", []string{"m-1"}, fake.Visible(dead))
}

// replays is a fake of EventBridge with a replay in this state.
type replays struct {
	state   types.ReplayState
	started []string
}

func (r *replays) StartReplay(_ context.Context, in *eventbridge.StartReplayInput, _ ...func(*eventbridge.Options)) (*eventbridge.StartReplayOutput, error) {
	r.started = append(r.started, *in.ReplayName)
	return &eventbridge.StartReplayOutput{}, nil
}

func (r *replays) DescribeReplay(context.Context, *eventbridge.DescribeReplayInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeReplayOutput, error) {
	return &eventbridge.DescribeReplayOutput{State: r.state, StateReason: new("too bad"), EventLastReplayedTime: new(now.Add(-time.Minute))}, nil
}

func TestAReplayOfATimeIsReported(t *testing.T) {
	const name = "Shop-20260301T120000.000Z"
	to := replay.Destination{Name: "Shop", Rules: []rule.Rule{{
		Path: "Shop/Consume", Targets: []types.Target{{Arn: new("arn:q")}, {Arn: new("arn:work.fifo")}},
	}}}
	const lag, fifo = "operator: an event may take ten minutes", "operator: work.fifo drops events"
	for rule, c := range map[string]struct {
		what     replayed
		state    types.ReplayState
		out      string
		warnings []string
		started  []string
		err      string
	}{
		"that goes well": {
			replayed{until: now.Add(-time.Hour)},
			types.ReplayStateCompleted,
			"replay " + name + " is COMPLETED, has reached 2026-03-01T11:59:00Z\n",
			[]string{fifo},
			[]string{name},
			"",
		},
		"that is not over for long": {
			replayed{until: now},
			types.ReplayStateCompleted,
			"replay " + name + " is COMPLETED, has reached 2026-03-01T11:59:00Z\n",
			[]string{lag, fifo},
			[]string{name},
			"",
		},
		"that fails": {
			replayed{until: now.Add(-time.Hour)},
			types.ReplayStateFailed,
			"replay " + name + " is FAILED, has reached 2026-03-01T11:59:00Z\n",
			[]string{fifo},
			[]string{name},
			"the replay " + name + " is FAILED: too bad",
		},
		"that is a dry run": {
			replayed{from: now.Add(-time.Hour), until: now.Add(-time.Minute), dryRun: true},
			"",
			"RULE          TARGET\nShop/Consume  arn:q arn:work.fifo\n",
			[]string{lag, fifo, "operator: the events from 2026-03-01T11:00:00Z until 2026-03-01T11:59:00Z would be replayed to\n"},
			nil, "",
		},
	} {
		t.Run(rule, func(t *testing.T) {
			o, fake := newOffice(), &replays{state: c.state}
			err := o.replayTime(t.Context(), fake, stack.Stack{}, to, c.what)
			if (err == nil) != (c.err == "") || (err != nil && err.Error() != c.err) {
				t.Errorf("the error is %v", err)
			}
			assertEqual(t, "what is printed", c.out, o.out.String())
			assertEqual(t, "the replays", c.started, fake.started)
			warnings := strings.SplitAfter(o.problems.String(), "\n")
			if len(warnings) != len(c.warnings)+1 {
				t.Fatalf("the warnings are %q", warnings)
			}
			for i, want := range c.warnings {
				if !strings.HasPrefix(warnings[i], want) {
					t.Errorf("a warning is %q, not %s", warnings[i], want)
				}
			}
		})
	}
}

func TestAnOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	closed, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	o := newOffice()
	o.stdout = closed
	fake, in := shop()
	for _, asJSON := range []bool{true, false} {
		if err := o.showQueues(t.Context(), fake, in, asJSON); !errors.Is(err, os.ErrClosed) {
			t.Errorf("as JSON %s: the error is %v", fmt.Sprint(asJSON), err)
		}
	}
}

func TestViolatedInvariantsAreCountedOnceEach(t *testing.T) {
	for want, violations := range map[string][]audit.Violation{
		"1 invariant is violated":   {{Invariant: 3}, {Invariant: 3}},
		"2 invariants are violated": {{Invariant: 8}, {Invariant: 3}, {Invariant: 8}},
	} {
		if err := violated(violations); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if err := violated(nil); err != nil {
		t.Errorf("without violations the error is %v", err)
	}
}
