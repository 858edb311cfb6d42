package lambda

import (
	"bytes"
	"sync"
)

const (
	// maximumLine is where a line without an end is cut, as CloudWatch Logs does.
	maximumLine = 256 << 10
	// maximumTail is what Lambda returns of a log.
	// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
	maximumTail = 4 << 10
)

// lines cuts a process's output into lines, and keeps the end of it.
type lines struct {
	write func(line string)

	mu      sync.Mutex
	partial []byte
	end     []byte
}

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
	l.end = append(append(l.end, line...), '\n')
	l.end = l.end[max(0, len(l.end)-maximumTail):]
	l.write(line)
}

func (l *lines) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = nil
}

func (l *lines) tail() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.end)
}
