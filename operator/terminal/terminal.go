// Package terminal writes events as lines: aligned and, on a terminal, coloured, for
// people; or as JSON, for programs. Nothing in an event can control the terminal.
package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/printable"
)

// HasColors reports whether a file is a terminal that shows colours. noColor is the
// environment variable NO_COLOR: any text in it means none.
func HasColors(file *os.File, noColor string) bool {
	return noColor == "" && term.IsTerminal(int(file.Fd()))
}

// Lines writes one aligned line for each event.
type Lines struct {
	Out io.Writer
	// Color allows ANSI escape sequences.
	Color bool
}

// Event writes the local time of an event, the first eight characters of its order's
// id, its type and its source.
func (l Lines) Event(e event.Event, _ json.RawMessage) error {
	_, err := fmt.Fprintf(l.Out, "%s  %s  %s %s\n", e.Time.Local().Format("15:04:05.000"),
		l.paint(orderColor(e.Subject), fmt.Sprintf("%-8.8s", e.Subject)),
		l.paint(typeColor(e.Type), fmt.Sprintf("%-30s", e.Type)),
		l.paint(faint, e.Source))
	return err
}

// Malformed writes a text that is not an event, and the reason.
func (l Lines) Malformed(text string, reason error) error {
	_, err := fmt.Fprintf(l.Out, "%s  %s\n", l.paint(red, "not an event: "+reason.Error()), l.paint(plain, text))
	return err
}

// JSON writes one line of JSON for each event: the CloudEvent itself.
type JSON struct{ Out io.Writer }

// Event writes the given encoding of an event.
func (j JSON) Event(_ event.Event, encoded json.RawMessage) error {
	var line bytes.Buffer
	if err := json.Compact(&line, encoded); err != nil {
		return err
	}
	return j.line(line.Bytes())
}

// Malformed writes an object with the text and the reason.
func (j JSON) Malformed(text string, reason error) error {
	encoded, err := json.Marshal(map[string]string{"raw": text, "error": reason.Error()})
	if err != nil {
		return err
	}
	return j.line(encoded)
}

func (j JSON) line(encoded []byte) error {
	_, err := j.Out.Write(append(printable.JSON(encoded), '\n'))
	return err
}
