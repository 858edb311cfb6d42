package capacity

import (
	"strings"
	"testing"
	"time"
)

func TestARateAllowsASecondAtOnceAndThenWaits(t *testing.T) {
	r := perSecond(10)
	if !r.take(0, 10) || r.take(0, 1) {
		t.Error("a rate of 10 a second does not allow exactly 10 at once")
	}
	if wait := r.wait(0, 1); wait != 100*time.Millisecond {
		t.Errorf("the next waits for %v", wait)
	}
	if !r.take(time.Minute, 10) || r.take(time.Minute, 1) {
		t.Error("what is not used is kept for longer than a second")
	}
	if unlimited := (rate{}); !unlimited.take(0, 1e9) {
		t.Error("the zero rate has a limit")
	}
}

func TestATableSustainsTwiceItsPreviousPeakAfterHalfAnHour(t *testing.T) {
	table := newTable(100, 1000)
	written := func(from time.Duration) (units float64) {
		for at := from; at < from+2*time.Minute; at += 10 * time.Millisecond {
			if table.take(at, 10) {
				units += 10
			}
		}
		return units / 120
	}
	if got := written(0); got < 100 || got > 102 {
		t.Errorf("a table that is warm for 100 sustains %.0f", got)
	}
	if got := written(10 * time.Minute); got > 102 {
		t.Errorf("ten minutes later it sustains %.0f", got)
	}
	if got := written(40 * time.Minute); got < 195 || got > 210 {
		t.Errorf("half an hour later it sustains %.0f", got)
	}
}

func TestAFunctionStartsUpToItsReservationAndItsScalingRate(t *testing.T) {
	f := function{account: &account{unreserved: 5}, reserved: 3, scale: rate{perSecond: 1, burst: 2 * time.Second}}
	var started []bool
	for range 3 {
		_, ok := f.start(0)
		started = append(started, ok)
	}
	if !started[0] || !started[1] || started[2] {
		t.Errorf("with 2 new environments in 2 s, started are %v", started)
	}
	if cold, ok := f.start(time.Second); !cold || !ok {
		t.Errorf("a second later cold is %t, started %t", cold, ok)
	}
	if _, ok := f.start(time.Minute); ok {
		t.Error("more than the reservation run at once")
	}
	f.end()
	if cold, ok := f.start(time.Minute); cold || !ok {
		t.Errorf("after an end cold is %t, started %t", cold, ok)
	}
	other := function{account: f.account, scale: rate{}}
	for range 5 {
		if _, ok := other.start(0); !ok {
			t.Error("a reservation uses up what others share")
		}
	}
	if _, ok := other.start(0); ok {
		t.Error("more than the account allows run at once")
	}
}

func TestPollersBecomeMoreOnlyWhileMessagesWait(t *testing.T) {
	q := queue{batch: 1, limit: 20, pollers: initialPollers}
	q.grow(time.Minute)
	if q.pollers != initialPollers {
		t.Errorf("without messages there are %.0f pollers", q.pollers)
	}
	q.waiting, q.inFlight = make([]message, 3), initialPollers
	q.grow(time.Minute + time.Second)
	if want := initialPollers + pollersAMinute/60.0; q.pollers != want {
		t.Errorf("a second later there are %.1f pollers, want %.1f", q.pollers, want)
	}
	q.inFlight = 10
	q.grow(2 * time.Minute)
	if q.pollers != q.limit {
		t.Errorf("after a minute there are %.0f pollers, want the limit %.0f", q.pollers, q.limit)
	}
}

func TestATemplateWithoutTheSagaIsAnError(t *testing.T) {
	for template, want := range map[string]string{
		"":   "the template",
		`{}`: "no function with a URL",
		`{"Resources": {"R": {"Type": "AWS::Events::Rule", "Properties": 1}}}`:                                                        "R: ",
		`{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"DEADLINE": "soon"}}}}}}`: "F: ",
	} {
		if _, err := Read([]byte(template)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", template, err, want)
		}
	}
	if _, err := ReadMeasured("# Cost"); err == nil {
		t.Error("a document without a measurement is read")
	}
}
