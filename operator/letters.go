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
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/letter"
	"example.com/saga/operator/stack"
	"example.com/saga/pkg/printable"
	"example.com/saga/pkg/sqsbody"
)

// letters shows the dead-letter queues, or the letters in one of them.
func (o operator) letters(ctx context.Context, given []string) error {
	flags := o.newFlags("letters", "[QUEUE]")
	asJSON := flags.Bool("json", false, "print JSON lines, whole, and no table")
	if err := flags.parse(given, 1, o.stdout); err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(config)
	if flags.NArg() == 0 {
		return o.showQueues(ctx, client, found, *asJSON)
	}
	queue, err := queueOf(client, found, flags.Arg(0))
	if err != nil {
		return err
	}
	return o.showLetters(ctx, client, found, queue, *asJSON)
}

func queueOf(client letter.Client, in stack.Stack, name string) (letter.Queue, error) {
	url, err := in.DeadLetterQueue(name)
	return letter.Queue{Client: client, Name: name, URL: url}, err
}

// summary is what is shown of a queue.
type summary struct {
	Queue   string     `json:"queue"`
	Letters int        `json:"letters"`
	Oldest  *time.Time `json:"oldest,omitempty"`
}

func (o operator) showQueues(ctx context.Context, client letter.Client, in stack.Stack, asJSON bool) error {
	var queues []summary
	for _, name := range in.DeadLetterQueues() {
		queue := letter.Queue{Client: client, Name: name, URL: in.Queues[name]}
		found, err := summarize(ctx, queue)
		if err != nil {
			return err
		}
		queues = append(queues, found)
	}
	if asJSON {
		return printJSON(o, queues)
	}
	table := [][]string{{"QUEUE", "LETTERS", "OLDEST"}}
	for _, queue := range queues {
		age := "-"
		if queue.Oldest != nil {
			age = o.age(*queue.Oldest)
		}
		table = append(table, []string{queue.Queue, fmt.Sprint(queue.Letters), age})
	}
	return o.printTable(table)
}

// summarize looks at the letters themselves, if there are any: SQS does not tell
// the age of the oldest.
func summarize(ctx context.Context, queue letter.Queue) (summary, error) {
	count, err := queue.Count(ctx)
	found := summary{Queue: queue.Name, Letters: count}
	if err != nil || count == 0 {
		return found, err
	}
	letters, err := queue.Look(ctx, letter.Maximum)
	if len(letters) > 0 {
		oldest := slices.MinFunc(letters, func(a, b letter.Letter) int { return a.Sent.Compare(b.Sent) })
		found.Oldest = &oldest.Sent
	}
	return found, err
}

// shown is what is shown of a letter.
type shown struct {
	ID         string            `json:"id"`
	Sent       time.Time         `json:"sent"`
	Event      letter.Content    `json:"event"`
	Reason     string            `json:"reason"`
	Group      string            `json:"group,omitempty"`
	Attributes map[string]string `json:"attributes"`
	Body       string            `json:"body"`
	// Encoding is how Body is escaped: as it is in the queue, if it cannot be
	// decoded, or because JSON has no bytes that are not UTF-8.
	Encoding string `json:"bodyEncoding,omitempty"`
}

func (o operator) showLetters(ctx context.Context, client letter.Client, in stack.Stack, queue letter.Queue, asJSON bool) error {
	sources, err := letter.FindSources(ctx, client, in.Queues)
	if err != nil {
		return err
	}
	count, err := queue.Count(ctx)
	if err != nil {
		return err
	}
	letters, err := queue.Look(ctx, letter.Maximum)
	if err != nil {
		return err
	}
	all := make([]shown, len(letters))
	for i, l := range letters {
		all[i] = shown{ID: l.ID, Sent: l.Sent, Event: l.Content(), Reason: l.Reason(sources), Group: l.Group, Body: l.Body, Attributes: texts(l)}
		switch {
		case l.Undecoded != nil:
			all[i].Encoding = l.Attribute(sqsbody.Attribute)
		case !utf8.ValidString(l.Body):
			all[i].Body, all[i].Encoding = sqsbody.Encode(l.Body)
		}
	}
	if asJSON {
		err = printJSON(o, all)
	} else {
		err = o.printLetters(all)
	}
	if hidden := count - len(all); err == nil && hidden > 0 {
		o.note("%d more cannot be seen now: they are behind others of their message group, or somebody else looks at them", hidden)
	}
	return err
}

func (o operator) printLetters(all []shown) error {
	table := [][]string{{"LETTER", "AGE", "EVENT", "EVENT ID", "ORDER", "REASON"}}
	for _, l := range all {
		table = append(table, []string{
			l.ID, o.age(l.Sent), typeOf(l.Event), cmp.Or(l.Event.ID, "-"), cmp.Or(l.Event.Order, "-"), shortened(l.Reason),
		})
	}
	return o.printTable(table)
}

// typeOf tells what kind of event is in a letter, if it is one.
func typeOf(content letter.Content) string { return cmp.Or(content.Type, "not an event") }

// texts gives the attributes as text, binary ones in hexadecimal.
func texts(l letter.Letter) map[string]string {
	all := make(map[string]string, len(l.Attributes))
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		attribute := l.Attributes[name]
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

// note tells what is worth knowing beside the result.
func (o operator) note(format string, args ...any) {
	//nolint:errcheck // There is nowhere else to tell.
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
