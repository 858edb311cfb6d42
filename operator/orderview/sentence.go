package orderview

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/saga/operator/deadletter"
	"example.com/saga/operator/dlq"
	"example.com/saga/operator/logs"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// Sentence returns why the order ended, or where it stands and why: in one sentence, and
// in further ones what else went wrong.
func (v View) Sentence() string {
	var said []string
	switch {
	case !v.Known():
		said = []string{"No context has a record of this order."}
	case v.Order.Progress == order.Unplaced:
		said = []string{"The order context has no record of it, only " + v.holders() + ": its record has expired, or it is not an order."}
	case v.Order.Progress == order.Erased:
		said = []string{"It was erased at " + v.Order.ErasedAt.UTC().Format(time.RFC3339) + ": nothing else is left of it."}
	case v.Order.Progress == order.Shipped:
		said = append([]string{"Shipped after " + Span(v.Age()) + "."}, v.refused()...)
	case v.Order.Rollback == order.RollbackComplete:
		said = []string{fmt.Sprintf("Cancelled after %s: %s. %s.", Span(v.Age()), v.why(), v.returned())}
	default:
		said = append([]string{v.unfinished()}, v.deadline()...)
	}
	if v.Order.Ended() {
		said = append(said, v.delay()...)
	}
	return strings.Join(append(said, v.otherDeadLetters()...), " ")
}

func (v View) holders() string {
	names := make([]string, len(v.Contexts))
	for i, c := range v.Contexts {
		names[i] = Title(c.Name)
	}
	return strings.Join(names, " and ")
}

// why returns why the order is rolled back.
func (v View) why() string {
	switch v.Order.Reason {
	case contract.OutOfStock:
		var data contract.StockUnavailable
		if v.data(&data) && len(data.Missing) > 0 {
			return "there was not enough stock of " + strings.Join(data.Missing, ", ")
		}
		return "there was not enough stock"
	case contract.PaymentWasDeclined:
		return "the payment was declined"
	case contract.AwardWasRejected:
		return "the award of points was rejected"
	case contract.Undeliverable:
		return "the carrier does not deliver to the address"
	case contract.CancelledByCustomer:
		return "the customer cancelled it"
	case contract.TimedOut:
		return "it had not ended by its deadline"
	default:
		return "the reason is " + string(v.Order.Reason)
	}
}

// find returns the event of the type of the given data that a context published.
func (v View) find(data event.Data) (Event, bool) {
	i := slices.IndexFunc(v.Events, func(e Event) bool { return e.Recorded && e.Type == data.EventType() })
	if i < 0 {
		return Event{}, false
	}
	return v.Events[i], true
}

// data decodes the data of an event of the order, and reports whether it is known.
func (v View) data(into event.Data) bool {
	e, found := v.find(into)
	return found && e.Data != nil && json.Unmarshal(e.Data, into) == nil
}

// returned returns what the order had and what became of it.
func (v View) returned() string {
	parts := []string{"No stock was reserved"}
	if _, reserved := v.find(contract.StockReserved{}); reserved {
		parts[0] = "The stock was not given back"
		if _, released := v.find(contract.StockReleased{}); released {
			parts[0] = "The stock was given back"
		}
	}
	parts = append(parts, v.refunded())
	if _, awarded := v.find(contract.PointsAwarded{}); awarded {
		_, revoked := v.find(contract.PointsRevoked{})
		parts = append(parts, returned(points(v.Balance.Awarded), revoked, "revoked"))
	}
	return strings.Join(parts, "; ")
}

func (v View) refunded() string {
	if _, taken := v.find(contract.PaymentTaken{}); !taken {
		return "nothing was charged"
	}
	_, refunded := v.find(contract.PaymentRefunded{})
	if v.Balance.Taken.Amount == 0 {
		return returned("the payment was", refunded, "refunded")
	}
	return returned(Amount(v.Balance.Taken)+" were", refunded, "refunded")
}

func points(n int64) string {
	if n == 1 {
		return "1 point was"
	}
	return fmt.Sprintf("%d points were", n)
}

func returned(what string, done bool, how string) string {
	if done {
		return what + " " + how
	}
	return what + " not " + how
}

// refused returns that a cancellation was refused, if one was.
func (v View) refused() []string {
	if _, refused := v.find(contract.CancellationRefused{}); !refused {
		return nil
	}
	var data contract.CancellationRequested
	if v.data(&data) && data.Reason == contract.TimedOut {
		return []string{"Its cancellation at the deadline was refused: it was shipped already."}
	}
	return []string{"Its cancellation was refused: it was shipped already."}
}

// unfinished returns where an order stands that has not ended, and why.
func (v View) unfinished() string {
	expected := v.Expected()
	if len(expected) == 0 {
		return fmt.Sprintf("%s: nothing more is expected to happen.", v.stage())
	}
	step := expected[0]
	if d := step.Delivery.DeadLetter; d != nil {
		said := fmt.Sprintf("Stopped for %s: %s.", Span(v.since(step.Event)), stopped(step, *d))
		if d.FailedTooOften() && d.LastError == "" {
			said = strings.Join(append([]string{said}, v.ended("")...), " ")
		}
		return said
	}
	return fmt.Sprintf("%s: %s has still to handle %s.%s", v.stage(), Title(step.Delivery.Consumer), step.Type, v.trouble(step))
}

func (v View) since(e Event) time.Duration { return max(v.ReadAt.Sub(e.Time), 0) }

// stage returns the stage of an order that has not ended, and how long it is in it.
func (v View) stage() string {
	rollingBack := Span(max(v.ReadAt.Sub(v.Order.RollbackSince), 0))
	switch v.Order.Rollback {
	case order.RollbackRequested:
		return fmt.Sprintf("Being cancelled for %s because %s", rollingBack, v.why())
	case order.RollbackRunning:
		return fmt.Sprintf("Rolling back for %s because %s", rollingBack, v.why())
	case order.RollbackNone, order.RollbackComplete:
	}
	return "Running for " + Span(v.Age())
}

// stopped returns why a dead letter stops a step.
func stopped(step Step, d dlq.DeadLetter) string {
	consumer := Title(step.Delivery.Consumer)
	switch {
	case d.Attempts > 0 && d.LastError == "":
		return fmt.Sprintf("%s failed %d times on %s, and its log has no error of it", consumer, d.Attempts, step.Type)
	case d.FailedTooOften():
		return fmt.Sprintf("%s failed %d times on %s: %s", consumer, d.Attempts, step.Type, dlq.RootFirst(d.LastError))
	case d.Attribute(deadletter.RuleARN) != "":
		return fmt.Sprintf("%s was not delivered to %s: %s", step.Type, consumer, d.Why())
	}
	return fmt.Sprintf("%s cannot handle %s: %s", consumer, step.Type, d.Why())
}

// trouble returns what is known about why a step is not done yet.
func (v View) trouble(step Step) string {
	var said []string
	if d := step.Delivery; d.Failed > 0 {
		said = append(said, fmt.Sprintf("It failed %s, and is tried again: %s.", times(d.Failed), dlq.RootFirst(d.LastError)))
	}
	if step.Logged == 0 && v.since(step.Event) >= clockTolerance {
		said = append(said, "The event log does not have the event: it was committed, and may not be published yet.")
	}
	said = append(said, v.ended(", and the work is repeated")...)
	if len(said) == 0 {
		return ""
	}
	return " " + strings.Join(said, " ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// deadline returns when an order that goes forward is cancelled.
func (v View) deadline() []string {
	switch {
	case v.Order.Rollback != order.RollbackNone || v.Order.Deadline.IsZero():
		return nil
	case v.ReadAt.Before(v.Order.Deadline):
		return []string{"It is cancelled in " + Span(v.Order.Deadline.Sub(v.ReadAt)) + " if it has not ended."}
	}
	return []string{"Its deadline has passed, and its cancellation is to be requested."}
}

// delay returns what took long of an order that has ended: one step took most of the time,
// or a process ended and another one had to finish its work.
func (v View) delay() []string {
	var said []string
	if e, took := v.Slowest(); took >= slow && 2*took > v.Age() {
		text := fmt.Sprintf("Most of it, %s, was until %s published %s", Span(took), Title(e.Publisher), e.Type)
		if cause, known := v.event(e.Cause); known {
			text += v.failures(cause, e.Publisher)
		}
		said = append(said, text+".")
	}
	return append(said, v.ended(", and the work was repeated")...)
}

// failures returns how often a consumer failed on an event, and the last error.
func (v View) failures(e Event, consumer string) string {
	for _, d := range e.Deliveries {
		if d.Consumer == consumer && d.Failed > 0 {
			return fmt.Sprintf(", after it had failed %s on %s: %s", times(d.Failed), e.Type, dlq.RootFirst(d.LastError))
		}
	}
	return ""
}

// ended returns which processes ended while the order waited, how, and what then.
func (v View) ended(then string) []string {
	if len(v.Ends) == 0 {
		return nil
	}
	var functions []string
	for _, line := range v.Ends {
		if !slices.Contains(functions, line.Function) {
			functions = append(functions, line.Function)
		}
	}
	processes := "a process"
	if len(v.Ends) > 1 {
		processes = fmt.Sprintf("%d processes", len(v.Ends))
	}
	how := logs.End(v.Ends[len(v.Ends)-1].Text)
	return []string{fmt.Sprintf("Meanwhile %s of %s ended (%s)%s.", processes, strings.Join(functions, ", "), how, then)}
}

// otherDeadLetters returns what dead letters there are that do not stop the order.
func (v View) otherDeadLetters() []string {
	step, isStopped := v.Stopped()
	var said []string
	for _, d := range v.DeadLetters {
		switch {
		case isStopped && step.Delivery.DeadLetter.ID == d.ID:
		case d.Context == contract.Notification:
			said = append(said, fmt.Sprintf("The notification of %s was not delivered: %s.", d.Event.Type, d.Why()))
		case !v.Known():
			said = append(said, fmt.Sprintf("A dead letter in %s is about it: %s.", d.Queue, d.Why()))
		default:
			said = append(said, fmt.Sprintf("A dead letter in %s does not stop it: %s.", d.Queue, d.Why()))
		}
	}
	return said
}
