// Package xray is the local cloud's X-Ray: the daemon that Lambda runs beside
// functions, and the traces of what it receives. What AWS's
// services would add to a trace by themselves is not in it.
package xray

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"sync"

	"example.com/saga/localcloud/compact"
)

// maximumDatagram is the largest that UDP has. X-Ray takes documents of 64 KB.
const maximumDatagram = 64 << 10

// maximumTraces is how many traces are kept: the oldest are dropped.
const maximumTraces = 5_000

// receiveBuffer is how many bytes may wait to be read; more are lost.
const receiveBuffer = 4 << 20

// Service collects segment documents.
type Service struct {
	connection *net.UDPConn
	// denied is never read.
	denied *net.UDPConn
	logger *slog.Logger
	ended  chan struct{}

	mu     sync.Mutex
	texts  compact.Texts
	traces []*trace
	byID   map[string]*trace
}

// trace has the segments received so far, in the order in which they began.
type trace struct {
	id       string
	segments []kept
}

// kept is a segment with its document.
type kept struct {
	id       string
	start    float64
	document compact.Text
}

// Trace is a trace: the documents of its segments, as they were sent, in the order in
// which they began.
type Trace struct {
	ID       string            `json:"id"`
	Segments []json.RawMessage `json:"segments"`
}

// Start returns a service that listens on two ports of the loopback interface. It
// must be closed.
func Start(logger *slog.Logger) (*Service, error) {
	connection, err := listenUDP(receiveBuffer)
	if err != nil {
		return nil, err
	}
	denied, err := listenUDP(0)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	s := &Service{connection: connection, denied: denied, logger: logger, ended: make(chan struct{}), byID: map[string]*trace{}}
	go s.listen()
	return s, nil
}

func listenUDP(buffer int) (*net.UDPConn, error) {
	connection, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("listen for segments: %w", err)
	}
	if err := connection.SetReadBuffer(buffer); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for segments: %w", err), connection.Close())
	}
	return connection, nil
}

// Address is where the daemon listens: the value of AWS_XRAY_DAEMON_ADDRESS. What
// a function sends whose role does not permit it is dropped, and the function does
// not learn of it, as on AWS.
func (s *Service) Address(permitted bool) string {
	if !permitted {
		return s.denied.LocalAddr().String()
	}
	return s.connection.LocalAddr().String()
}

// Close ends the daemon. What it has collected stays.
func (s *Service) Close() error {
	err := errors.Join(s.connection.Close(), s.denied.Close())
	<-s.ended
	return err
}

func (s *Service) listen() {
	defer close(s.ended)
	datagram := make([]byte, maximumDatagram)
	for {
		n, _, err := s.connection.ReadFromUDP(datagram)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			err = s.add(datagram[:n])
		}
		if err != nil {
			s.logger.Warn("a segment is lost", "error", err) //nolint:sloglint // A datagram has no context.
		}
	}
}

// add adds a segment to its trace. It replaces one with the same id.
func (s *Service) add(datagram []byte) error {
	parsed, document, err := parse(datagram)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byID[parsed.TraceID]
	if known == nil {
		known = &trace{id: parsed.TraceID}
		s.byID[known.id] = known
		s.traces = append(s.traces, known)
		s.dropOldest()
	}
	added := kept{parsed.ID, parsed.StartTime, s.texts.Keep(string(document))}
	known.segments = append(slices.DeleteFunc(known.segments, func(other kept) bool { return other.id == added.id }), added)
	slices.SortFunc(known.segments, func(a, b kept) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id)) })
	return nil
}

// dropOldest keeps the memory bounded. A segment that comes later than that begins
// its trace anew.
func (s *Service) dropOldest() {
	if len(s.traces) <= maximumTraces {
		return
	}
	delete(s.byID, s.traces[0].id)
	s.traces[0] = nil
	s.traces = s.traces[1:]
}

// All returns the traces, in the order of their first segments' arrival.
func (s *Service) All() []Trace {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Trace, len(s.traces))
	for i, each := range s.traces {
		all[i] = s.read(each)
	}
	return all
}

// Find returns the trace with this id.
func (s *Service) Find(id string) (Trace, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byID[id]
	if known == nil {
		return Trace{}, false
	}
	return s.read(known), true
}

func (s *Service) read(t *trace) Trace {
	read := Trace{t.id, make([]json.RawMessage, len(t.segments))}
	for i, each := range t.segments {
		read.Segments[i] = json.RawMessage(s.texts.Read(each.document))
	}
	return read
}

// segment is a segment document, or that of a subsegment, as far as it is checked.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
type segment struct {
	Name       string   `json:"name"`
	ID         string   `json:"id"`
	TraceID    string   `json:"trace_id"`
	ParentID   string   `json:"parent_id"`
	Type       string   `json:"type"`
	StartTime  float64  `json:"start_time"`
	EndTime    *float64 `json:"end_time"`
	InProgress bool     `json:"in_progress"`
}

var (
	namePattern    = regexp.MustCompile(`^[\p{L}\p{N}\s_.:/%&#=+\\@-]{1,200}$`)
	idPattern      = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceIDPattern = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
)

// parse parses a datagram: a line with the format of the document, of which
// there is only one, and the document.
func parse(datagram []byte) (parsed segment, document []byte, err error) {
	line, document, found := bytes.Cut(datagram, []byte("\n"))
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &head); err != nil || !found || head.Format != "json" || head.Version != 1 {
		return segment{}, nil, fmt.Errorf("it does not begin with the header of the X-Ray daemon, but with %.60q", line)
	}
	if err := json.Unmarshal(document, &parsed); err != nil {
		return segment{}, nil, fmt.Errorf("it is no segment document: %w", err)
	}
	return parsed, document, parsed.check()
}

func (s segment) check() error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Errorf("segment %s: "+format, append([]any{s.ID}, args...)...))
		}
	}
	refuse(!namePattern.MatchString(s.Name), "the name %q is not valid in X-Ray", s.Name)
	refuse(!idPattern.MatchString(s.ID), "the id is not 16 hexadecimal digits")
	refuse(!traceIDPattern.MatchString(s.TraceID), "the trace id %q is not one of X-Ray", s.TraceID)
	refuse(s.ParentID != "" && !idPattern.MatchString(s.ParentID), "the parent id %q is not 16 hexadecimal digits", s.ParentID)
	refuse(s.Type != "" && s.Type != "subsegment", "the type %q is not subsegment", s.Type)
	refuse(s.Type == "subsegment" && s.ParentID == "", "a subsegment has no parent_id")
	refuse(s.StartTime <= 0, "it has no start_time")
	refuse((s.EndTime == nil) != s.InProgress, "it must have either an end_time or be in_progress")
	refuse(s.EndTime != nil && *s.EndTime < s.StartTime, "it ends before it starts")
	return errors.Join(problems...)
}
