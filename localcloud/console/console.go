// Package console is what a person looks at: every event of every order as it
// happens, in columns and, on a terminal, in colours; or, for programs, one JSON
// object a line.
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
}

// HasColors tells whether a file leads to a terminal, which has colours. noColor
// is the environment variable NO_COLOR: any text in it means none.
func HasColors(file *os.File, noColor string) bool {
	return noColor == "" && term.IsTerminal(int(file.Fd()))
}

// Console writes to one place, a whole line at a time.
type Console struct {
	style Style

	mu   sync.Mutex
	out  io.Writer
	err  error
	seen map[string]bool
	// order lists what seen has, the oldest first.
	order []string
}

// New makes a console that writes to out.
func New(out io.Writer, style Style) *Console {
	return &Console{style: style, out: out, seen: map[string]bool{}}
}

// Event is an event that a bus has accepted.
type Event struct {
	Time   time.Time `json:"time"`
	Bus    string    `json:"bus"`
	ID     string    `json:"id"`
	Order  string    `json:"order"`
	Type   string    `json:"type"`
	Source string    `json:"source"`
}

// Event shows an event, the first time that it is seen.
func (c *Console) Event(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.style.Quiet || !c.firstSeen(e.ID) {
		return
	}
	if c.style.JSON {
		c.object("event", e)
		return
	}
	c.line("%s  %s  %s %s", clock(e.Time),
		c.paint(orderColor(e.Order), fmt.Sprintf("%-8.8s", e.Order)),
		c.paint(typeColor(e.Type), fmt.Sprintf("%-30s", e.Type)),
		c.paint(faint, e.Source))
}

func (c *Console) firstSeen(id string) bool {
	if c.seen[id] {
		return false
	}
	c.seen[id] = true
	c.order = append(c.order, id)
	if len(c.order) > remembered {
		delete(c.seen, c.order[0])
		c.order = c.order[1:]
	}
	return true
}

// Err is the first error that writing gave.
func (c *Console) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// line writes one line for a person.
func (c *Console) line(format string, args ...any) {
	c.write(fmt.Appendf(nil, format+"\n", args...))
}

// object writes one line for a program: the value in a member named after what
// it is.
func (c *Console) object(kind string, value any) {
	text, err := json.Marshal(map[string]any{kind: value})
	if err != nil {
		c.fail(err)
		return
	}
	c.write(append(printable.JSON(text), '\n'))
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
