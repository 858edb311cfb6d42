package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/printable"
)

// jsonLines prints one CloudEvent a line, for programs.
type jsonLines struct{ out io.Writer }

func (p jsonLines) event(_ event.Event, encoded json.RawMessage) error {
	var line bytes.Buffer
	if err := json.Compact(&line, encoded); err != nil {
		return err
	}
	return p.line(line.Bytes())
}

func (p jsonLines) raw(body string, reason error) error {
	encoded, err := json.Marshal(map[string]string{"raw": body, "error": reason.Error()})
	if err != nil {
		return err
	}
	return p.line(encoded)
}

func (p jsonLines) line(encoded []byte) error {
	_, err := p.out.Write(append(printable.JSON(encoded), '\n'))
	return err
}

// terminal prints aligned lines, for people.
type terminal struct {
	out    io.Writer
	colour bool
}

// Colours of a terminal, as ANSI escape sequences.
const (
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	magenta = "\x1b[35m"
	faint   = "\x1b[2m"
	reset   = "\x1b[0m"
)

func (p terminal) event(e event.Event, _ json.RawMessage) error {
	var data bytes.Buffer
	if err := json.Compact(&data, e.Data); err != nil {
		return err
	}
	return p.line(
		p.in(faint, e.Time.UTC().Format("15:04:05.000")),
		fmt.Sprintf("%-36s", printable.Line(e.Subject)),
		p.in(colourOf(e.Source), fmt.Sprintf("%-30s", printable.Line(e.Type))),
		p.in(faint, printable.Line(data.String())),
	)
}

func (p terminal) raw(body string, reason error) error {
	return p.line(p.in(red, "not an event: "+printable.Line(reason.Error())), printable.Line(body))
}

func (p terminal) line(columns ...string) error {
	_, err := fmt.Fprintln(p.out, strings.Join(columns, "  "))
	return err
}

func (p terminal) in(colour, text string) string {
	if !p.colour || colour == "" {
		return text
	}
	return colour + text + reset
}

// colourOf gives each bounded context its colour.
func colourOf(source string) string {
	switch source {
	case contract.SourceOrder:
		return blue
	case contract.SourceWarehouse:
		return yellow
	case contract.SourcePayment:
		return green
	case contract.SourceLoyalty:
		return magenta
	}
	return ""
}
