package sweeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/sweeper"
	"example.com/saga/pkg/telemetry"
)

// A booking is requested by a guest, confirmed by an event, and withdrawn a day after it
// was requested.
type booking struct {
	RequestedAt, EndedAt time.Time
}

type (
	request   struct{}
	note      struct{}
	remind    struct{}
	withdraw  struct{}
	requested struct{}
	reminded  struct{}
	withdrawn struct{}
	confirmed struct{}
)

func (request) EventType() string   { return "booking.request" }
func (note) EventType() string      { return "booking.note" }
func (remind) EventType() string    { return "booking.remind" }
func (withdraw) EventType() string  { return "booking.withdraw" }
func (requested) EventType() string { return "booking.requested" }
func (reminded) EventType() string  { return "booking.reminded" }
func (withdrawn) EventType() string { return "booking.withdrawn" }
func (confirmed) EventType() string { return "room.confirmed" }

var errEnded = errors.New("the booking has ended")

func decide(b booking, in participant.Input) (participant.Decision[booking], error) {
	var events []event.Data
	switch in.Data.(type) {
	case request:
		b.RequestedAt, events = in.Now, []event.Data{requested{}}
	case note:
		b.RequestedAt = in.Now
	case remind:
		events = []event.Data{reminded{}}
	case withdraw:
		if !b.EndedAt.IsZero() {
			return participant.Decision[booking]{}, errEnded
		}
		b.EndedAt, events = in.Now, []event.Data{withdrawn{}}
	case confirmed:
		b.EndedAt = in.Now
	}
	return participant.Decision[booking]{State: b, Events: events}, nil
}

// due returns a minute after the request, until the booking has ended.
func due(b booking) time.Time {
	if b.RequestedAt.IsZero() || !b.EndedAt.IsZero() {
		return time.Time{}
	}
	return b.RequestedAt.Add(time.Minute)
}

func visit(b booking, lastHandled, now time.Time) sweeper.Action {
	action := sweeper.Action{Republish: now.Sub(lastHandled) >= time.Minute}
	if now.Sub(b.RequestedAt) >= 24*time.Hour {
		action.Command = withdraw{}
	}
	return action
}

// language has the events of the booking, without schemas.
type language struct{}

func (language) Decode(event.Event) (event.Data, error) { return confirmed{}, nil }

func (language) Seal(e event.Event) (event.Event, error) {
	e.DataSchema = "https://example.com/" + e.Type
	return e, nil
}

// hotel is the context of bookings in memory, with a sweeper.
type hotel struct {
	sweeper.Config[booking]

	t         *testing.T
	bookings  *participant.Participant[booking]
	store     *faultyStore
	publisher *faultyPublisher
	logs      *bytes.Buffer
	now       time.Time
}

// faultyStore counts its calls, and fails for one subject.
type faultyStore struct {
	*memory.Store

	broken         string
	queries, loads int
}

func (s *faultyStore) Due(ctx context.Context, by time.Time, limit int) ([]string, error) {
	s.queries++
	return s.Store.Due(ctx, by, limit)
}

func (s *faultyStore) Load(ctx context.Context, subject string) (participant.Record, error) {
	s.loads++
	if subject == s.broken {
		return participant.Record{}, errBroken
	}
	return s.Store.Load(ctx, subject)
}

// faultyPublisher fails while err is set.
type faultyPublisher struct {
	memory.Publisher

	err error
}

var errBroken = errors.New("broken")

func (p *faultyPublisher) Publish(ctx context.Context, events ...event.Event) error {
	if p.err != nil {
		return p.err
	}
	return p.Publisher.Publish(ctx, events...)
}

func newHotel(t *testing.T) *hotel {
	t.Helper()
	h := &hotel{
		t: t, store: &faultyStore{Store: memory.NewStore()}, publisher: &faultyPublisher{}, logs: &bytes.Buffer{},
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	clock := func() time.Time { return h.now }
	bookings, err := participant.New(participant.Config[booking]{
		Source: "booking", Decide: participant.Pure(decide), Store: h.store, Publisher: h.publisher, Language: language{},
		Retention: 30 * 24 * time.Hour, Clock: clock, Due: due,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.bookings = bookings
	logger, err := telemetry.NewLogger(h.logs, telemetry.Config{Service: "booking", Level: "INFO", Namespace: "hotel"})
	if err != nil {
		t.Fatal(err)
	}
	h.Config = sweeper.Config[booking]{
		Source: "booking/sweeper", Sagas: bookings, Index: h.store, Logger: logger, Decide: visit, Over: []error{errEnded},
		Clock: clock, Random: func() float64 { return 0 },
	}
	return h
}

// sweep makes one sweep after a time, and returns its error.
func (h *hotel) sweep(after time.Duration) error {
	h.t.Helper()
	h.now = h.now.Add(after)
	s, err := sweeper.New(h.Config)
	if err != nil {
		h.t.Fatal(err)
	}
	return s.Sweep(h.t.Context())
}

// request requests a booking. It is committed even if it cannot be published.
func (h *hotel) request(subject string) {
	h.t.Helper()
	command := event.Event{ID: subject, Source: "guest", Type: "booking.request", Subject: subject, Time: h.now, CorrelationID: "saga of " + subject}
	if _, err := h.bookings.Execute(h.t.Context(), command, request{}); err != nil && !errors.Is(err, participant.ErrUnpublished) {
		h.t.Fatal(err)
	}
}

// requestUnpublished requests a booking of which no event is published, as if the process
// had ended after the commit.
func (h *hotel) requestUnpublished(subject string) {
	h.t.Helper()
	h.publisher.err = errBroken
	defer func() { h.publisher.err = nil }()
	h.request(subject)
}

// published returns the type and subject of every published event.
func (h *hotel) published() []string {
	var all []string
	for _, e := range h.publisher.Published() {
		all = append(all, e.Type+" "+e.Subject)
	}
	return all
}

func (h *hotel) assertPublished(want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, h.published()); diff != "" {
		h.t.Errorf("published (-want +got):\n%s", diff)
	}
}

// lines returns the log lines since the last call.
func (h *hotel) lines() []map[string]any {
	h.t.Helper()
	var all []map[string]any
	for text := range strings.Lines(h.logs.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			h.t.Fatal(err)
		}
		all = append(all, line)
	}
	h.logs.Reset()
	return all
}

// assertVisitedInPart checks the warning that a sweep has not visited all.
func (h *hotel) assertVisitedInPart(visited int) {
	h.t.Helper()
	lines := h.lines()
	if len(lines) != 2 || lines[0]["level"] != "WARN" || lines[0]["visited"] != float64(visited) || lines[1]["_aws"] == nil {
		h.t.Errorf("the lines are %v", lines)
	}
}

func TestCommandsThatWereCommittedAndNeverPublishedArePublished(t *testing.T) {
	h := newHotel(t)
	var want []string
	for n := range 22 {
		subject := fmt.Sprintf("b-%02d", n)
		if n%3 == 0 {
			h.requestUnpublished(subject)
			want = append(want, "booking.requested "+subject)
		}
	}
	if got := h.published(); len(got) > 0 {
		t.Fatalf("published before the sweep: %v", got)
	}
	if err := h.sweep(time.Minute); err != nil {
		t.Fatal(err)
	}
	h.assertPublished(want...)
}

func TestASagaIsVisitedWhenItIsDueOrAheadOfIt(t *testing.T) {
	for ahead, want := range map[time.Duration]time.Duration{0: time.Minute, 40 * time.Second: 20 * time.Second} {
		h := newHotel(t)
		h.Ahead = ahead
		h.request("b-1")
		loads := h.store.loads
		if err := h.sweep(want - time.Second); err != nil || h.store.loads != loads {
			t.Errorf("%s ahead: %d loads too early, %v", ahead, h.store.loads-loads, err)
		}
		if err := h.sweep(time.Second); err != nil || h.store.loads != loads+1 {
			t.Errorf("%s ahead: %d loads when it is due, %v", ahead, h.store.loads-loads, err)
		}
	}
}

func TestACommandIsCommittedOnceAndBelongsToTheSaga(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.Decide = func(booking, time.Time, time.Time) sweeper.Action { return sweeper.Action{Command: remind{}} }
	for range 2 {
		if err := h.sweep(time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if _, record, err := h.bookings.Load(t.Context(), "b-1"); err != nil || record.Version != 2 {
		t.Errorf("there are %d commits, %v", record.Version, err)
	}
	ids := make(map[string]bool)
	for _, e := range h.publisher.Published() {
		ids[e.ID] = true
		if e.CorrelationID != "saga of b-1" {
			t.Errorf("%s has the correlation id %q", e.Type, e.CorrelationID)
		}
	}
	if len(ids) != 2 || !slices.Contains(h.published(), "booking.reminded b-1") {
		t.Errorf("published are %v with %d ids", h.published(), len(ids))
	}
}

func TestACommandForASagaThatHasPublishedNothingHasTheSubjectAsCorrelationID(t *testing.T) {
	h := newHotel(t)
	command := event.Event{ID: "1", Source: "guest", Type: "booking.note", Subject: "b-1", Time: h.now, CorrelationID: "saga of b-1"}
	if _, err := h.bookings.Execute(t.Context(), command, note{}); err != nil {
		t.Fatal(err)
	}
	if err := h.sweep(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if published := h.publisher.Published(); len(published) != 1 || published[0].Type != "booking.withdrawn" || published[0].CorrelationID != "b-1" {
		t.Errorf("published are %v", published)
	}
}

func TestAfterACommandThatIsTooLateNothingIsDone(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.Sagas = ended{h.bookings}
	if err := h.sweep(24 * time.Hour); err != nil {
		t.Error(err)
	}
	h.Over = nil
	if err := h.sweep(0); !errors.Is(err, errEnded) {
		t.Errorf("an error that is not in Over is lost: %v", err)
	}
}

// ended has sagas that have ended when a command is executed.
type ended struct{ sweeper.Sagas[booking] }

func (ended) Execute(context.Context, event.Event, event.Data) (booking, error) {
	return booking{}, errEnded
}

func TestWhatIsNoLongerDueIsSkipped(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.now = h.now.Add(time.Hour)
	h.request("b-2")
	h.Index = stale{"b-1", "b-2", "never-requested"}
	err := h.bookings.Handle(t.Context(), event.Event{
		ID: "1", Source: "room", Type: "room.confirmed", Subject: "b-1", CorrelationID: "saga of b-1", Time: h.now, Data: json.RawMessage("{}"),
	})
	if err := errors.Join(err, h.sweep(0)); err != nil {
		t.Fatal(err)
	}
	h.assertPublished("booking.requested b-1", "booking.requested b-2")
	if lines := h.lines(); len(lines) != 1 || lines[0][sweeper.OldestUnfinished] != 0.0 {
		t.Errorf("the lines are %v", lines)
	}
}

// stale is an index with subjects that are not due.
type stale []string

func (s stale) Due(context.Context, time.Time, int) ([]string, error) { return s, nil }

func TestWithNothingDueASweepIsOneQueryAndTheAgeIsZero(t *testing.T) {
	h := newHotel(t)
	if err := h.sweep(0); err != nil || h.store.queries != 1 || h.store.loads != 0 {
		t.Errorf("%d queries, %d loads, %v", h.store.queries, h.store.loads, err)
	}
	if lines := h.lines(); len(lines) != 1 || lines[0][sweeper.OldestUnfinished] != 0.0 || lines[0]["_aws"] == nil {
		t.Errorf("the lines are %v", lines)
	}
}

func TestTheAgeIsThatOfTheOldest(t *testing.T) {
	h := newHotel(t)
	h.request("b-1")
	h.now = h.now.Add(time.Minute)
	h.request("b-2")
	if err := h.sweep(time.Minute); err != nil {
		t.Fatal(err)
	}
	lines := h.lines()
	if last := lines[len(lines)-1]; last[sweeper.OldestUnfinished] != 120.0 {
		t.Errorf("the line is %v", last)
	}
}

func TestAfterAnErrorOfOneSagaTheSweepVisitsTheOthers(t *testing.T) {
	h := newHotel(t)
	for _, subject := range []string{"b-1", "b-2", "b-3"} {
		h.requestUnpublished(subject)
	}
	h.store.broken = "b-2"
	err := h.sweep(time.Minute)
	if !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "b-2: ") || strings.Contains(err.Error(), "b-3") {
		t.Errorf("the error is %v", err)
	}
	h.assertPublished("booking.requested b-1", "booking.requested b-3")
}

// unread has sagas whose record is loaded, and whose state cannot be read.
type unread struct{ sweeper.Sagas[booking] }

func (u unread) Load(ctx context.Context, subject string) (booking, participant.Record, error) {
	_, record, err := u.Sagas.Load(ctx, subject)
	return booking{}, record, errors.Join(err, errBroken)
}

func TestNothingIsDoneAboutASagaWhoseStateCannotBeRead(t *testing.T) {
	h := newHotel(t)
	h.requestUnpublished("b-1")
	h.Sagas = unread{h.bookings}
	if err := h.sweep(24 * time.Hour); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
	h.assertPublished()
}

func TestTheErrorOfASweepHasAtMostTenErrors(t *testing.T) {
	h := newHotel(t)
	for n := range 25 {
		h.request(fmt.Sprint("b-", n))
	}
	h.publisher.err = errBroken
	err := h.sweep(time.Minute)
	if err == nil || strings.Count(err.Error(), errBroken.Error()) != 10 || !strings.HasSuffix(err.Error(), "and 15 more") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnErrorOfTheIndexIsAnErrorOfTheSweep(t *testing.T) {
	h := newHotel(t)
	h.Index = brokenIndex{}
	if err := h.sweep(0); !errors.Is(err, errBroken) {
		t.Errorf("the error is %v", err)
	}
}

type brokenIndex struct{}

func (brokenIndex) Due(context.Context, time.Time, int) ([]string, error) { return nil, errBroken }

func TestMoreThanOneSweepVisitsIsAWarning(t *testing.T) {
	h := newHotel(t)
	h.Index = stale(slices.Repeat([]string{"never-requested"}, 10_000))
	if err := h.sweep(0); err != nil {
		t.Fatal(err)
	}
	h.assertVisitedInPart(10_000)
}

// While the consumers are down, every sweep republishes. They have to handle all of these
// duplicates when they are up again.
func TestASweepRepublishes500SagasAtMost(t *testing.T) {
	h := newHotel(t)
	for n := range 700 {
		h.requestUnpublished(fmt.Sprint("b-", n))
	}
	if err := h.sweep(time.Minute); err != nil || len(h.published()) != 500 {
		t.Errorf("%d are published again, %v", len(h.published()), err)
	}
}

func TestASweepEndsInTimeToReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHotel(t)
		slow := &slowSagas{}
		h.Sagas, h.Index = slow, stale{"b-1", "b-2", "b-3"}
		s, err := sweeper.New(h.Config)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		err = s.Sweep(ctx)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 29*time.Second || len(slow.loaded) != 1 {
			t.Errorf("the error is %v after %s and %v", err, took, slow.loaded)
		}
		h.assertVisitedInPart(1)
	})
}

// slowSagas do not answer in time.
type slowSagas struct {
	sweeper.Sagas[booking]

	loaded []string
}

func (s *slowSagas) Load(ctx context.Context, subject string) (booking, participant.Record, error) {
	s.loaded = append(s.loaded, subject)
	<-ctx.Done()
	return booking{}, participant.Record{}, ctx.Err()
}

// If the time is too short for all, they are not always the same that are left out.
func TestASweepBeginsAnywhereAndVisitsAll(t *testing.T) {
	for random, want := range map[float64][]string{
		0:     {"booking.requested b-1", "booking.requested b-2", "booking.requested b-3"},
		0.5:   {"booking.requested b-2", "booking.requested b-3", "booking.requested b-1"},
		0.999: {"booking.requested b-3", "booking.requested b-1", "booking.requested b-2"},
	} {
		h := newHotel(t)
		for _, subject := range []string{"b-1", "b-2", "b-3"} {
			h.requestUnpublished(subject)
		}
		h.Random = func() float64 { return random }
		if err := h.sweep(time.Minute); err != nil {
			t.Fatal(err)
		}
		h.assertPublished(want...)
	}
}

// keeping is an index that is empty, and keeps its contexts.
type keeping struct{ contexts []context.Context }

func (k *keeping) Due(ctx context.Context, _ time.Time, _ int) ([]string, error) {
	k.contexts = append(k.contexts, ctx)
	return nil, nil
}

func TestASweepIsInTheTraceOfItsInvocationAndItsContextEndsWithIt(t *testing.T) {
	h := newHotel(t)
	index := &keeping{}
	h.Index = index
	s, err := sweeper.New(h.Config)
	if err != nil {
		t.Fatal(err)
	}
	const root = "1-67891233-abcdef012345678912345678"
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", "Root="+root+";Parent=53995c3f42cd8ad8;Sampled=1") //nolint:staticcheck // The key of package lambda.
	if err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	if lines := h.lines(); len(lines) != 1 || lines[0]["trace_id"] != root {
		t.Errorf("the lines are %v", lines)
	}
	if index.contexts[0].Err() == nil {
		t.Error("the context has not ended")
	}
}

func TestTheErrorNamesEveryMissingField(t *testing.T) {
	_, err := sweeper.New(sweeper.Config[booking]{})
	for _, name := range []string{"Source", "Sagas", "Index", "Logger", "Decide"} {
		if err == nil || !strings.Contains(err.Error(), "no "+name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
