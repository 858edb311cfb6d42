package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/printable"
	"example.com/saga/pkg/sqsbody"
)

// dlq shows the dead-letter queues, or the dead letters in one of them.
func (o operator) dlq(ctx context.Context, given []string) error {
	flags := o.newFlags("dlq", "[QUEUE]")
	asJSON := flags.Bool("json", false, "print JSON lines, whole, and no table")
	if err := flags.parse(given, 1, o.stdout); err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return o.showQueues(ctx, sqs.NewFromConfig(config), found, *asJSON)
	}
	reader, queue, err := openQueue(ctx, config, found, flags.Arg(0))
	if err != nil {
		return err
	}
	return o.showDeadLetters(ctx, reader, queue, *asJSON)
}

// openQueue returns the dead-letter queue with a name, and a reader of its dead letters.
func openQueue(ctx context.Context, config aws.Config, in stack.Stack, name string) (dlq.Reader, deadletter.Queue, error) {
	queue, err := queueOf(sqs.NewFromConfig(config), in, name)
	if err != nil {
		return dlq.Reader{}, queue, err
	}
	reader, err := newDeadLetters(ctx, config, in)
	return reader, queue, err
}

// newDeadLetters returns a reader of the dead letters of a stack.
func newDeadLetters(ctx context.Context, config aws.Config, in stack.Stack) (dlq.Reader, error) {
	functions := logs.Functions{Client: cloudwatchlogs.NewFromConfig(config), Stack: in}
	return dlq.NewReader(ctx, sqs.NewFromConfig(config), functions, in)
}

func queueOf(client deadletter.Client, in stack.Stack, name string) (deadletter.Queue, error) {
	url, err := in.DeadLetterQueue(name)
	return deadletter.Queue{Client: client, Name: name, URL: url}, err
}

// summary is what is shown of a queue.
type summary struct {
	Queue       string     `json:"queue"`
	DeadLetters int        `json:"letters"`
	Oldest      *time.Time `json:"oldest,omitempty"`
}

func (o operator) showQueues(ctx context.Context, client deadletter.Client, in stack.Stack, asJSON bool) error {
	var queues []summary
	for _, name := range in.DeadLetterQueues() {
		queue := deadletter.Queue{Client: client, Name: name, URL: in.Queues[name]}
		found, err := summarize(ctx, queue)
		if err != nil {
			return err
		}
		queues = append(queues, found)
	}
	if asJSON {
		return printJSON(o, queues)
	}
	table := [][]string{{"QUEUE", "DEAD LETTERS", "OLDEST"}}
	for _, queue := range queues {
		age := "-"
		if queue.Oldest != nil {
			age = o.age(*queue.Oldest)
		}
		table = append(table, []string{queue.Queue, fmt.Sprint(queue.DeadLetters), age})
	}
	return o.printTable(table)
}

// summarize reads the dead letters themselves, if there are any: SQS does not return
// the age of the oldest.
func summarize(ctx context.Context, queue deadletter.Queue) (summary, error) {
	count, err := queue.Count(ctx)
	found := summary{Queue: queue.Name, DeadLetters: count}
	if err != nil || count == 0 {
		return found, err
	}
	messages, err := queue.Look(ctx, deadletter.Maximum)
	if len(messages) > 0 {
		oldest := slices.MinFunc(messages, func(a, b deadletter.Message) int { return a.Sent.Compare(b.Sent) })
		found.Oldest = &oldest.Sent
	}
	return found, err
}

// shown is what is shown of a dead letter.
type shown struct {
	Queue string             `json:"queue"`
	ID    string             `json:"id"`
	Sent  time.Time          `json:"sent"`
	Event deadletter.Content `json:"event"`
	// Reason is whole, and has the root cause at its end.
	Reason string `json:"reason"`
	// LastError is the last error in the log of the function about the event.
	LastError  string            `json:"lastError,omitempty"`
	Group      string            `json:"group,omitempty"`
	Attributes map[string]string `json:"attributes"`
	Body       string            `json:"body"`
	// Encoding is how Body is escaped: as it is in the queue, if it cannot be
	// decoded, or because JSON has no bytes that are not UTF-8.
	Encoding string `json:"bodyEncoding,omitempty"`
}

func showDeadLetter(d dlq.DeadLetter) shown {
	s := shown{
		Queue: d.Queue, ID: d.ID, Sent: d.Sent, Event: d.Event, Reason: d.Reason, LastError: d.LastError,
		Group: d.Group, Body: d.Body, Attributes: texts(d.Message),
	}
	switch {
	case d.Undecoded != nil:
		s.Encoding = d.Attribute(sqsbody.Attribute)
	case !utf8.ValidString(d.Body):
		s.Body, s.Encoding = sqsbody.Encode(d.Body)
	}
	return s
}

func (o operator) showDeadLetters(ctx context.Context, reader dlq.Reader, queue deadletter.Queue, asJSON bool) error {
	count, err := queue.Count(ctx)
	if err != nil {
		return err
	}
	found, err := reader.Read(ctx, queue)
	if err != nil {
		return err
	}
	err = o.printDeadLetters(found, asJSON)
	if hidden := count - len(found); err == nil && hidden > 0 {
		o.warn("%d more cannot be received now: they are behind others of their message group, or another receiver has them", hidden)
	}
	return err
}

// printDeadLetters prints one line for each dead letter.
func (o operator) printDeadLetters(all []dlq.DeadLetter, asJSON bool) error {
	if asJSON {
		lines := make([]shown, len(all))
		for i, d := range all {
			lines[i] = showDeadLetter(d)
		}
		return printJSON(o, lines)
	}
	table := [][]string{{"DEAD LETTER", "AGE", "EVENT", "EVENT ID", "ORDER", "REASON"}}
	for _, d := range all {
		table = append(table, []string{
			d.ID, o.age(d.Sent), typeOf(d.Event), cmp.Or(d.Event.ID, "-"), cmp.Or(d.Event.Order, "-"), shortened(d.Why()),
		})
	}
	return o.printTable(table)
}

// typeOf returns the type of the event in a dead letter.
func typeOf(content deadletter.Content) string { return cmp.Or(content.Type, "not an event") }

// texts returns the attributes as text, binary ones in hexadecimal.
func texts(m deadletter.Message) map[string]string {
	all := make(map[string]string, len(m.Attributes))
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		attribute := m.Attributes[name]
		all[name] = aws.ToString(attribute.StringValue)
		if attribute.StringValue == nil {
			all[name] = fmt.Sprintf("%x", attribute.BinaryValue)
		}
	}
	return all
}

func (o operator) age(of time.Time) string {
	return max(o.clock().Sub(of), 0).Round(time.Second).String()
}

// printTable prints rows with aligned columns.
func (o operator) printTable(rows [][]string) error {
	out := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable.Line(cell)
		}
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return out.Flush()
}

// printJSON prints one line for each value.
func printJSON[T any](o operator, values []T) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			return err
		}
	}
	_, err := o.stdout.Write(printable.JSON(lines.Bytes()))
	return err
}

// warn prints what is worth knowing beside the result.
func (o operator) warn(format string, args ...any) {
	//nolint:errcheck // There is nowhere else to report it.
	fmt.Fprintln(o.stderr, printable.Line(fmt.Sprintf("operator: "+format, args...)))
}

// shortened fits a reason into a table.
func shortened(reason string) string {
	const most = 120
	runes := []rune(reason)
	if len(runes) <= most {
		return reason
	}
	return string(runes[:most-1]) + "…"
}
