package console

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"example.com/saga/localcloud/loss"
)

// DefaultDeadLetterCommand shows a dead-letter queue, and hides no message from other
// receivers. It has the endpoint because version 1 of the AWS CLI ignores
// AWS_ENDPOINT_URL for SQS.
const DefaultDeadLetterCommand = "aws sqs receive-message --endpoint-url {endpoint} --queue-url {url} --visibility-timeout 0"

// Loss shows what is lost.
func (c *Console) Loss(l loss.Loss) {
	text := fmt.Sprintf("%s %s", l.Kind, l.Name)
	if l.Target != "" {
		text += " to " + l.Target
	}
	c.problem("loss", l, l.Time, red, "LOST", text+": "+l.Reason+identity(l.Event))
}

// Failure shows a failed attempt of a function.
func (c *Console) Failure(f loss.Failure) {
	text := f.Function + ":"
	if f.Attempt > 0 {
		text += fmt.Sprintf(" attempt %d", f.Attempt)
		if f.Attempts > 0 {
			text += fmt.Sprintf(" of %d", f.Attempts)
		}
		text += ":"
	}
	text += " " + shortened(f.Reason) + identity(f.Event)
	switch count := len(f.Messages); {
	case count == 0 && f.ID == "":
		text += " request=" + f.Request
	case count == 1:
		text += " message=" + f.Messages[0]
	case count > 1:
		shown := f.Messages[:min(count, shownMessages)]
		text += fmt.Sprintf(" messages=%s", strings.Join(shown, ","))
		if hidden := count - len(shown); hidden > 0 {
			text += fmt.Sprintf(" and %d more", hidden)
		}
	}
	c.problem("failure", f, f.Time, yellow, "FAILED", text)
}

// shownMessages is how many ids of a batch fit into a line.
const shownMessages = 3

// DeadLetter shows a message that has come to a dead-letter queue, and the command
// that shows the queue.
func (c *Console) DeadLetter(d loss.DeadLetter) {
	text := d.Queue
	if d.From != "" {
		text += " from " + d.From
	}
	if d.Reason != "" {
		text += ": " + shortened(d.Reason)
	}
	text += identity(d.Event) + " message=" + d.Message
	c.problem("deadLetter", d, d.Time, red, "DLQ", text+"; shown by: "+c.deadLetterCommand(d))
}

// Debugged is a process that a debugger can attach to.
type Debugged struct {
	Time     time.Time `json:"time"`
	Function string    `json:"function"`
	PID      int       `json:"pid"`
}

// Debug shows a process that a debugger can attach to, with the command for a program in Go.
func (c *Console) Debug(d Debugged) {
	c.problem("debug", d, d.Time, green, "DEBUG", fmt.Sprintf("%s: process %d; in Go: dlv attach %[2]d", d.Function, d.PID))
}

func (c *Console) deadLetterCommand(d loss.DeadLetter) string {
	endpoint, err := url.Parse(d.URL)
	if err != nil {
		return err.Error()
	}
	return strings.NewReplacer(
		"{queue}", word(d.Queue), "{url}", word(d.URL), "{endpoint}", endpoint.Scheme+"://"+endpoint.Host,
	).Replace(c.style.DeadLetterCommand)
}

// word returns a text as one word of a shell's command line.
func word(text string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// identity returns what identifies an event, each member after a space.
func identity(e loss.Event) string {
	var text strings.Builder
	for _, member := range [][2]string{{"type", e.Type}, {"id", e.ID}, {"subject", e.Subject}} {
		if member[1] != "" {
			fmt.Fprintf(&text, " %s=%s", member[0], shortened(member[1]))
		}
	}
	return text.String()
}

func (c *Console) problem(kind string, value any, at time.Time, with color, label, text string) {
	c.show(kind, value, func() {
		c.line("%s  %s", clock(at), c.paint(with, fmt.Sprintf("%-8s  %s", label, text)))
	})
}
