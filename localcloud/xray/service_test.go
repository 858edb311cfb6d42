package xray_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/saga/localcloud/xray"
)

// station is a service, what it logs, and a connection that sends to it.
type station struct {
	*xray.Service

	t      *testing.T
	sender net.Conn
	log    *log
}

// log is a buffer that may be read while it is written.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{t: t, log: &log{}}
	var err error
	if s.Service, err = xray.Start(slog.New(slog.NewTextHandler(s.log, nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	var dialer net.Dialer
	if s.sender, err = dialer.DialContext(t.Context(), "udp", s.Address(true)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sender.Close() })
	return s
}

const header = `{"format": "json", "version": 1}` + "\n"

func (s *station) send(datagram string) {
	s.t.Helper()
	if _, err := s.sender.Write([]byte(datagram)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) eventually(what string, condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s did not happen; the log is %s", what, s.log)
		}
	}
}

const (
	first  = "1-67891233-abcdef012345678912345678"
	second = "1-67891234-abcdef012345678912345678"
)

// document is a segment that began at a moment, changed by the test.
func document(traceID, id string, start float64, change func(map[string]any)) string {
	members := map[string]any{"name": "payment", "id": id, "trace_id": traceID, "start_time": start, "end_time": start + 1}
	if change != nil {
		change(members)
	}
	encoded, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func TestATraceHasItsSegmentsInTheOrderInWhichTheyBegan(t *testing.T) {
	s := newStation(t)
	late := document(first, "000000000000000a", 30, func(m map[string]any) { m["annotations"] = map[string]any{"order_id": "o-1"} })
	s.send(header + late)
	s.send(header + document(second, "000000000000000a", 1, nil))
	s.send(header + document(first, "000000000000000b", 10, nil))
	s.send(header + document(first, "000000000000000c", 20, func(m map[string]any) {
		delete(m, "end_time")
		m["in_progress"], m["parent_id"] = true, "000000000000000b"
	}))
	part := document(first, "000000000000000c", 20, func(m map[string]any) { m["type"], m["parent_id"] = "subsegment", "000000000000000b" })
	s.send(header + part)
	s.eventually("the last segment", func() bool {
		found, _ := s.Find(first)
		return len(found.Segments) == 3 && !strings.Contains(string(found.Segments[1]), "in_progress")
	})
	found, _ := s.Find(first)
	encoded, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"` + first + `","segments":[` + document(first, "000000000000000b", 10, nil) + "," + part + "," + late + `]}`
	if string(encoded) != want {
		t.Errorf("the trace is\n%s\nand not\n%s", encoded, want)
	}
	if all := s.All(); len(all) != 2 || all[0].ID != first || all[1].ID != second {
		t.Errorf("the traces are %+v", all)
	}
	if _, known := s.Find("1-00000000-000000000000000000000000"); known || s.log.String() != "" {
		t.Errorf("an unknown trace is found: %v; the log is %s", known, s.log)
	}
}

func TestOnlyTheLatestTracesAreRemembered(t *testing.T) {
	s := newStation(t)
	id := func(n int) string { return fmt.Sprintf("1-67891233-%024x", n) }
	for n := range 5_001 {
		s.send(header + document(id(n), "000000000000000a", 1, nil))
		// What comes faster than it is read is lost.
		s.eventually("the segment", func() bool { _, known := s.Find(id(n)); return known })
	}
	if all := s.All(); len(all) != 5_000 || all[0].ID != id(1) {
		t.Errorf("%d traces are left, the oldest is %s", len(all), all[0].ID)
	}
	if _, known := s.Find(id(0)); known {
		t.Error("the oldest trace is found")
	}
}

func TestWhatXRayWouldNotTakeIsLostWithAWarning(t *testing.T) {
	with := func(member string, value any) string {
		return header + document(first, "000000000000000a", 1, func(m map[string]any) { m[member] = value })
	}
	for name, test := range map[string]struct{ datagram, says string }{
		"no header":                {document(first, "000000000000000a", 1, nil), "header"},
		"another format":           {strings.Replace(header, "json", "xml", 1) + "{}", "header"},
		"another version":          {strings.Replace(header, "1", "2", 1) + "{}", "header"},
		"no JSON":                  {header + "segment", "no segment document"},
		"no name":                  {with("name", ""), "name"},
		"a name with braces":       {with("name", "GET /orders/{id}"), "name"},
		"a name of 201 characters": {with("name", strings.Repeat("x", 201)), "name"},
		"an id of another length":  {with("id", "a"), "16 hexadecimal digits"},
		"a trace id as W3C has it": {with("trace_id", "67891233abcdef012345678912345678"), "trace id"},
		"a parent id that is none": {with("parent_id", "x"), "parent id"},
		"another type":             {with("type", "span"), "type"},
		"a part of nothing":        {with("type", "subsegment"), "parent_id"},
		"no start":                 {with("start_time", 0), "start_time"},
		"an end that is no end":    {with("in_progress", true), "in_progress"},
		"an end before its start":  {with("end_time", 0.5), "ends before"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t)
			s.send(test.datagram)
			s.eventually("the warning", func() bool { return strings.Contains(s.log.String(), "a segment is lost") })
			if !strings.Contains(s.log.String(), test.says) || len(s.All()) != 0 {
				t.Errorf("%d traces, and the log is %s", len(s.All()), s.log)
			}
			s.send(header + document(first, "000000000000000a", 1, nil))
			s.eventually("the next segment", func() bool { return len(s.All()) == 1 })
		})
	}
}

func TestASegmentWithoutPermissionIsDropped(t *testing.T) {
	s := newStation(t)
	var dialer net.Dialer
	denied, err := dialer.DialContext(t.Context(), "udp", s.Address(false))
	if err != nil {
		t.Fatal(err)
	}
	defer denied.Close()
	for range 1000 {
		if _, err := denied.Write([]byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.All(); len(got) != 0 || s.log.String() != "" {
		t.Errorf("the traces are %v, and logged is %s", got, s.log)
	}
}
