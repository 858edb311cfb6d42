package activity

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var began = time.UnixMilli(1000)

// reader reads a stream.
type reader struct {
	t     *testing.T
	lines *bufio.Scanner
}

// follow begins to read a stream after the notice with an id, or from the beginning.
func follow(t *testing.T, l *Log, last string) reader {
	t.Helper()
	server := httptest.NewServer(l)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		answer.Body.Close()
		server.Close()
	})
	if got := answer.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("the type is %q", got)
	}
	return reader{t, bufio.NewScanner(answer.Body)}
}

// expect reads notices, each written as its lines with spaces between.
func (r reader) expect(want ...string) {
	r.t.Helper()
	for _, each := range want {
		var lines []string
		for r.lines.Scan() && (r.lines.Text() != "" || len(lines) == 0) {
			if text := r.lines.Text(); text != "" && !strings.HasPrefix(text, ":") {
				lines = append(lines, text)
			}
		}
		if got := strings.Join(lines, " "); got != each {
			r.t.Fatalf("the notice is %q (%v), want %q", got, r.lines.Err(), each)
		}
	}
}

// filled returns a log to which so many notices were added, of which it keeps the last
// few.
func filled(n, kept int) *Log {
	l := NewLog(began, slog.New(slog.DiscardHandler))
	for i := range n {
		l.limit = kept * len(fmt.Sprintf("id: 1000-%d\nevent: accepted\ndata: %d\n\n", i+1, i+1))
		l.Add(Accepted, i+1)
	}
	return l
}

func TestAReaderGetsWhatHasHappenedAndThenWhatHappens(t *testing.T) {
	l := filled(2, 2)
	r := follow(t, l, "")
	r.expect("id: 1000-1 event: accepted data: 1", "id: 1000-2 event: accepted data: 2")
	l.limit = mostBytes
	l.Add(ProcessEnded, Ending{Function: "Shop/Worker", PID: 7, Reason: "a\nb", Time: began.UTC()})
	r.expect(`id: 1000-3 event: processEnded data: {"time":"1970-01-01T00:00:01Z","function":"Shop/Worker","pid":7,"reason":"a\nb"}`)
}

func TestAReaderContinuesAfterItsLastNotice(t *testing.T) {
	follow(t, filled(3, 3), "1000-2").expect("id: 1000-3 event: accepted data: 3")
}

func TestAReaderGetsHowMuchItHasMissed(t *testing.T) {
	follow(t, filled(5, 2), "1000-1").expect(`event: missed data: {"count":2,"anotherRun":false}`, "id: 1000-4 event: accepted data: 4", "id: 1000-5 event: accepted data: 5")
	follow(t, filled(5, 2), "").expect(`event: missed data: {"count":3,"anotherRun":false}`, "id: 1000-4 event: accepted data: 4")
}

func TestAReaderOfAnotherRunGetsAllOfThisOne(t *testing.T) {
	for _, last := range []string{"999-1", "1000-3", "1000--1", "1000", "x"} {
		follow(t, filled(2, 2), last).expect(`event: missed data: {"count":0,"anotherRun":true}`, "id: 1000-1 event: accepted data: 1")
	}
}

func TestTheStreamIsBounded(t *testing.T) {
	l := NewLog(began, slog.New(slog.DiscardHandler))
	for range 3 {
		l.Add(Accepted, strings.Repeat("x", mostBytes/2))
	}
	if l.size > mostBytes || len(l.kept) != 1 || l.forgotten != 2 {
		t.Errorf("%d notices of %d bytes are kept, and %d are forgotten", len(l.kept), l.size, l.forgotten)
	}
}
