package activity

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mostBytes is how much of the stream is kept: about 40,000 notices.
const mostBytes = 16 << 20

// heartbeat is the time after which an idle stream sends a comment, so that the end of a
// connection is noticed.
const heartbeat = 15 * time.Second

// Log keeps the last notices, and streams them as server-sent events. The id of each is
// the run and its number, so that a reader that was interrupted continues after the last
// one that it has read, with the header Last-Event-ID.
//
// https://html.spec.whatwg.org/multipage/server-sent-events.html
type Log struct {
	run    string
	logger *slog.Logger

	mu sync.Mutex
	// kept are the last notices as they are sent, size their bytes together. forgotten
	// is how many there were before.
	kept            [][]byte
	size, forgotten int
	limit           int
	// added is closed by the next notice.
	added chan struct{}
}

// NewLog returns an empty log of the run that began at a time.
func NewLog(began time.Time, logger *slog.Logger) *Log {
	return &Log{run: strconv.FormatInt(began.UnixMilli(), 10), logger: logger, limit: mostBytes, added: make(chan struct{})}
}

// Add adds a notice.
func (l *Log) Add(kind Kind, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		l.logger.ErrorContext(context.Background(), "what has happened is not streamed", "kind", kind, "error", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	number := l.forgotten + len(l.kept) + 1
	frame := fmt.Appendf(nil, "id: %s-%d\nevent: %s\ndata: %s\n\n", l.run, number, kind, encoded)
	l.kept, l.size = append(l.kept, frame), l.size+len(frame)
	for l.size > l.limit {
		l.size -= len(l.kept[0])
		l.kept[0] = nil
		l.kept, l.forgotten = l.kept[1:], l.forgotten+1
	}
	close(l.added)
	l.added = make(chan struct{})
}

// after returns the notices after the first n and how many there are now, and a channel
// that is closed by the next one. What is not kept any more is a notice of its own.
func (l *Log) after(n int) (frames [][]byte, count int, added <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if missed := l.forgotten - n; missed > 0 {
		frames, n = append(frames, gap(missed, false)), l.forgotten
	}
	return append(frames, l.kept[n-l.forgotten:]...), l.forgotten + len(l.kept), l.added
}

// gap returns a notice without an id: a reader's last id stays that of a notice.
func gap(count int, anotherRun bool) []byte {
	return fmt.Appendf(nil, "event: %s\ndata: {\"count\":%d,\"anotherRun\":%t}\n\n", Missed, count, anotherRun)
}

// read returns how many notices a reader has read, by its last id.
func (l *Log) read(last string) (n int, known bool) {
	run, number, _ := strings.Cut(last, "-")
	n, err := strconv.Atoi(number)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || run != l.run || n < 0 || n > l.forgotten+len(l.kept) {
		return 0, false
	}
	return n, true
}

// ServeHTTP streams the notices after the one in Last-Event-ID, or without that all that
// are kept, and then each as it comes.
func (l *Log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	last := r.Header.Get("Last-Event-ID")
	n, known := l.read(last)
	frames := [][]byte{[]byte(": connected\n\n")}
	if last != "" && !known {
		frames = append(frames, gap(0, true))
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		more, count, added := l.after(n)
		n = count
		if !send(w, append(frames, more...)) {
			return
		}
		frames = nil
		select {
		case <-r.Context().Done():
			return
		case <-added:
		case <-beat.C:
			frames = [][]byte{[]byte(": still here\n\n")}
		}
	}
}

// send reports whether the reader is still there.
func send(w http.ResponseWriter, frames [][]byte) bool {
	for _, frame := range frames {
		if _, err := w.Write(frame); err != nil {
			return false
		}
	}
	return http.NewResponseController(w).Flush() == nil
}
