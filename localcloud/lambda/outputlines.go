package lambda

import (
	"bytes"
	"strings"
	"sync"
)

const (
	// maximumLine is where a line without an end is cut, as CloudWatch Logs does.
	maximumLine = 256 << 10
	// maximumKeptLines are shown when a process does not start.
	maximumKeptLines = 20
)

// lines cuts a process's output into lines, and remembers the last ones.
type lines struct {
	write func(line string)

	mu      sync.Mutex
	partial []byte
	last    []string
}

// Write adds a piece of output.
func (l *lines) Write(piece []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, piece...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		switch {
		case end >= 0:
			l.emit(string(bytes.TrimSuffix(l.partial[:end], []byte("\r"))))
			l.partial = l.partial[end+1:]
		case len(l.partial) > maximumLine:
			l.emit(string(l.partial[:maximumLine]))
			l.partial = l.partial[maximumLine:]
		default:
			return len(piece), nil
		}
	}
}

// flush emits the last line if it has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.emit(string(l.partial))
		l.partial = nil
	}
}

// line emits a line that the local cloud itself writes.
func (l *lines) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.emit(text)
}

func (l *lines) emit(line string) {
	l.last = append(l.last, line)
	if len(l.last) > maximumKeptLines {
		l.last = l.last[1:]
	}
	l.write(line)
}

func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}
