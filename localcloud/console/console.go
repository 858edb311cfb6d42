// Package console shows what happens in a cloud to people: every event as it happens, in
// columns and, on a terminal, in colours; or to programs, one JSON object a line.
package console

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"example.com/saga/localcloud/printable"
)

// remembered is how many event ids the console keeps, to show an event once
// although it passes several buses.
const remembered = 4096

// Style is how to write.
type Style struct {
	// JSON asks for lines for programs, and not for people.
	JSON bool
	// Quiet shows nothing but losses.
	Quiet bool
	Color bool
	// Width is how many columns there are, or 0 if there is no limit.
	Width int
	// DeadLetterCommand shows a dead-letter queue. {queue} stands for its construct
	// path, {url} for its URL, and {endpoint} for the address of the AWS APIs.
	DeadLetterCommand string
	// Highlights colour events by their types. The first that matches counts.
	Highlights []Highlight
}

// HasColors reports whether a file leads to a terminal, which has colours. noColor
// is the environment variable NO_COLOR: any text in it means none.
func HasColors(file *os.File, noColor string) bool {
	return noColor == "" && term.IsTerminal(int(file.Fd()))
}

// Columns returns how many columns a terminal has. It is 0 for a file that is none,
// and for a terminal of an unknown size.
func Columns(file *os.File) int {
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Console writes to one place, a whole line at a time.
type Console struct {
	style Style

	mu   sync.Mutex
	out  io.Writer
	err  error
	seen map[string]bool
	// queue lists what seen has, the oldest first.
	queue []string
}

// New makes a console that writes to out.
func New(out io.Writer, style Style) *Console {
	return &Console{style: style, out: out, seen: map[string]bool{}}
}

// Event is an event that a bus has accepted.
type Event struct {
	Time time.Time `json:"time"`
	Bus  string    `json:"bus"`
	ID   string    `json:"id"`
	// Subject is that of the CloudEvent in the detail, or empty.
	Subject string `json:"subject"`
	// Type is the detail type.
	Type   string `json:"type"`
	Source string `json:"source"`
}

// Event shows an event, the first time that it is seen.
func (c *Console) Event(e Event) {
	if c.firstSeen(e.ID) {
		c.show("event", e, func() {
			c.line("%s  %s  %s %s", clock(e.Time),
				c.paint(subjectColor(e.Subject), c.subject(e.Subject)),
				c.paint(c.typeColor(e.Type), fmt.Sprintf("%-30s", e.Type)),
				c.paint(faint, e.Source))
		})
	}
}

// show writes a value for a program, or calls text, which writes it for a person.
func (c *Console) show(kind string, value any, text func()) {
	if c.style.Quiet && kind != "loss" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.style.JSON {
		text()
		return
	}
	encoded, err := json.Marshal(map[string]any{kind: value})
	if err != nil {
		c.fail(err)
		return
	}
	c.write(append(printable.JSON(encoded), '\n'))
}

// subject returns a subject for its column, whole if a UUID, a type and a source fit
// into the line.
func (c *Console) subject(of string) string {
	const begun, whole, wide = 8, 36, 100
	if c.style.Width > 0 && c.style.Width < wide {
		return fmt.Sprintf("%-*.*s", begun, begun, of)
	}
	return fmt.Sprintf("%-*s", whole, of)
}

func (c *Console) firstSeen(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen[id] {
		return false
	}
	c.seen[id] = true
	c.queue = append(c.queue, id)
	if len(c.queue) > remembered {
		delete(c.seen, c.queue[0])
		c.queue = c.queue[1:]
	}
	return true
}

// Err returns the first error of writing.
func (c *Console) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *Console) line(format string, args ...any) {
	c.write(fmt.Appendf(nil, format+"\n", args...))
}

func (c *Console) write(text []byte) {
	if _, err := c.out.Write(text); err != nil {
		c.fail(err)
	}
}

func (c *Console) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func clock(t time.Time) string { return t.Local().Format("15:04:05.000") }
