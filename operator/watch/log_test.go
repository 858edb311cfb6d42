package watch_test

import (
	stdcmp "cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/watch"
)

// fakeLog is a log group that returns pages of two log events, and between them an
// empty one, as CloudWatch Logs may.
type fakeLog struct {
	events []types.FilteredLogEvent
	err    error
	// from is the beginning of the last request.
	from time.Time
	read int
}

// put adds a log event with a timestamp: the message is its id, too.
func (l *fakeLog) put(message string, at time.Time) {
	l.events = append(l.events, types.FilteredLogEvent{EventId: &message, Message: &message, Timestamp: aws.Int64(at.UnixMilli())})
	slices.SortStableFunc(l.events, func(a, b types.FilteredLogEvent) int { return stdcmp.Compare(*a.Timestamp, *b.Timestamp) })
}

func (l *fakeLog) FilterLogEvents(
	_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if l.err != nil {
		return nil, l.err
	}
	if *in.LogGroupName != "events" || !in.Unmask {
		return nil, fmt.Errorf("the request is %+v", in)
	}
	l.from = time.UnixMilli(*in.StartTime)
	found := slices.DeleteFunc(slices.Clone(l.events), func(e types.FilteredLogEvent) bool { return *e.Timestamp < *in.StartTime })
	// A token is the position, and how many pages were empty.
	var position, empty int
	if in.NextToken != nil {
		if _, err := fmt.Sscanf(*in.NextToken, "%d-%d", &position, &empty); err != nil {
			return nil, err
		}
	}
	if position > 0 && empty == 0 && position < len(found) {
		return &cloudwatchlogs.FilterLogEventsOutput{NextToken: aws.String(fmt.Sprintf("%d-1", position))}, nil
	}
	end := min(position+2, len(found))
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: found[position:end]}
	l.read += len(out.Events)
	if end < len(found) {
		out.NextToken = aws.String(fmt.Sprintf("%d-0", end))
	}
	return out, nil
}

// watching is a reader of a log, in a bubble where time passes only while it waits.
type watching struct {
	shown []string
	ready bool
	err   error
	// showing is the error of showing a message.
	showing error
	stop    context.CancelFunc
}

// follow follows the log, and waits until what it has already is read.
func (l *fakeLog) follow(t *testing.T) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{stop: cancel}
	go func() {
		w.err = watch.Log{Client: l, Group: "events", Clock: time.Now}.Follow(ctx, func() { w.ready = true }, func(message string) error {
			w.shown = append(w.shown, message)
			return w.showing
		})
	}()
	synctest.Wait()
	return w
}

// pass lets time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// end ends the reader, and checks what it has shown.
func (w *watching) end(t *testing.T, want ...string) {
	t.Helper()
	w.stop()
	synctest.Wait()
	if w.err != nil || !w.ready {
		t.Errorf("ready is %t, the error %v", w.ready, w.err)
	}
	if diff := cmp.Diff(want, w.shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestEveryLogEventFromNowOnIsShownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log fakeLog
		log.put("long ago", time.Now().Add(-time.Hour))
		log.put("before", time.Now())
		w := log.follow(t)
		for _, message := range []string{"a", "b", "c", "d", "e"} {
			log.put(message, time.Now())
		}
		pass(time.Second)
		log.put("f", time.Now())
		log.put("g", time.Now())
		pass(10 * time.Minute)
		log.put("h", time.Now())
		pass(time.Second)
		w.end(t, "a", "b", "c", "d", "e", "f", "g", "h")
	})
}

func TestALogEventThatAppearsLateIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log fakeLog
		w := log.follow(t)
		pass(time.Minute)
		log.put("first", time.Now())
		pass(time.Second)
		log.put("within the second before the newest", time.Now().Add(-2*time.Second))
		pass(time.Second)
		log.put("of before the beginning", time.Now().Add(-90*time.Second))
		pass(time.Second)
		w.end(t, "first", "within the second before the newest", "of before the beginning")
	})
}

func TestATimestampInTheFutureHidesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log fakeLog
		w := log.follow(t)
		log.put("future", time.Now().Add(time.Hour))
		pass(time.Second)
		log.put("now", time.Now())
		pass(10 * time.Minute)
		log.put("later", time.Now())
		pass(time.Second)
		w.end(t, "future", "now", "later")
	})
}

// A clock that is ahead by more than the overlap puts new log events before the
// window: they are hidden for the difference, and not for ever.
func TestAClockThatIsAheadHidesLogEventsForNoLongerThanThat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = 10 * time.Minute
		var log fakeLog
		behind := func() time.Time { return time.Now().Add(-ahead) }
		w := log.follow(t)
		for range 12 {
			pass(time.Minute)
			log.put(behind().Format(time.TimeOnly), behind())
		}
		pass(time.Second)
		w.end(t, "23:58:00", "23:59:00", "00:00:00", "00:01:00", "00:02:00")
	})
}

func TestAPollReadsTwoMinutesAgainAndNotMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log fakeLog
		w := log.follow(t)
		var all []string
		for n := range 300 {
			all = append(all, fmt.Sprint(n))
			log.put(fmt.Sprint(n), time.Now())
			pass(time.Second)
		}
		if overlap := time.Since(log.from); overlap > 2*time.Minute+2*time.Second {
			t.Errorf("the last poll has read %s", overlap)
		}
		if most := 300 * 122; log.read > most {
			t.Errorf("%d log events were read, want %d at most", log.read, most)
		}
		w.end(t, all...)
	})
}

func TestAnErrorOfTheLogOrOfShowingEndsTheReader(t *testing.T) {
	broken := errors.New("broken")
	for name, breaks := range map[string]func(*fakeLog, *watching){
		"the log": func(l *fakeLog, _ *watching) { l.err = broken },
		"showing": func(_ *fakeLog, w *watching) { w.showing = broken },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log fakeLog
				w := log.follow(t)
				log.put("a", time.Now())
				breaks(&log, w)
				pass(time.Second)
				if !errors.Is(w.err, broken) {
					t.Errorf("the error is %v", w.err)
				}
			})
		})
	}
	t.Run("the log at the beginning", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := (&fakeLog{err: broken}).follow(t)
			if !errors.Is(w.err, broken) || w.ready {
				t.Errorf("ready is %t, the error %v", w.ready, w.err)
			}
		})
	})
}

func TestTheEndOfTheContextIsNoErrorOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log fakeLog
		w := log.follow(t)
		w.stop()
		log.err = context.Canceled
		pass(time.Second)
		if w.err != nil {
			t.Errorf("the error is %v", w.err)
		}
	})
}
