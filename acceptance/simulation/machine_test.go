package simulation

import (
	"fmt"
	"slices"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
	"example.com/saga/services/order"
	"example.com/saga/services/payment"
	"example.com/saga/services/warehouse"
)

// machine is a context's decision as a state machine.
type machine struct {
	context string
	states  []string
	inputs  []input
	// decide returns the state after an input, the data of the published events, and
	// whether counters are adjusted.
	decide func(state string, in input) (after string, published []event.Data, adjusts bool, err error)
}

// input is an event or a command; when is what else the outcome depends on.
type input struct {
	data event.Data
	when string
}

func (in input) participant(refused ...string) participant.Input {
	return participant.Input{
		Event:   event.Event{ID: "e-1", Type: in.data.EventType(), Subject: "o-1", CorrelationID: "saga of o-1"},
		Data:    in.data,
		Now:     time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Refused: refused,
	}
}

// What the outcome depends on besides the state and the event.
const (
	outOfStock    = "short of stock"
	undeliverable = "undeliverable"
	declines      = "the provider declines"
	blocked       = "customer blocked"
)

// unknown is the name of the state of an order that a context has no record of.
const unknown = "unknown"

// stateName returns the name of a status.
func stateName(status string) string {
	if status == "" {
		return unknown
	}
	return status
}

// status returns the status with the name of a state.
func status(name string) string {
	if name == unknown {
		return ""
	}
	return name
}

// inputsOf returns the inputs, and an empty event for each other type that a context
// consumes.
func inputsOf(context string, inputs ...input) []input {
	for _, data := range contract.Catalogue().ConsumedBy(context) {
		isThere := func(in input) bool { return in.data.EventType() == data.EventType() }
		if !slices.ContainsFunc(inputs, isThere) {
			inputs = append(inputs, input{data: data})
		}
	}
	return inputs
}

func warehouseMachine() machine {
	return machine{
		context: contract.SourceWarehouse,
		states:  []string{unknown, "reserved", "shipped", "failing", "released", "unavailable", "erased"},
		inputs: inputsOf(contract.SourceWarehouse,
			input{data: placed},
			input{placed, outOfStock},
			input{data: awarded},
			input{awarded, undeliverable},
			input{data: requested},
			input{data: declined},
			input{data: refunded},
			input{data: contract.StockReceived{SKU: "123", Quantity: 1}},
		),
		decide: func(name string, in input) (string, []event.Data, bool, error) {
			var refused []string
			if in.when == outOfStock {
				refused = []string{warehouse.StockItem("123")}
			}
			s := warehouse.State{Status: warehouse.Status(status(name))}
			if s.Status == warehouse.Reserved || s.Status == warehouse.Failing {
				s.Items = pieces
			}
			d, err := warehouse.Decide(s, in.participant(refused...), in.when != undeliverable)
			return stateName(string(d.State.Status)), d.Events, len(d.Adjustments) > 0, err
		},
	}
}

func paymentMachine() machine {
	return machine{
		context: contract.SourcePayment,
		states:  []string{unknown, "taken", "declined", "refunded", "erased"},
		inputs:  inputsOf(contract.SourcePayment, input{data: reserved}, input{reserved, declines}, input{data: rejected}, input{data: revoked}),
		decide: func(name string, in input) (string, []event.Data, bool, error) {
			s := payment.State{Status: payment.Status(status(name))}
			d, err := payment.Decide(s, in.participant(), payment.Answer{Accepted: in.when != declines, Refunded: total})
			return stateName(string(d.State.Status)), d.Events, len(d.Adjustments) > 0, err
		},
	}
}

func loyaltyMachine() machine {
	return machine{
		context: contract.SourceLoyalty,
		states:  []string{unknown, "awarded", "rejected", "revoked", "erased"},
		inputs:  inputsOf(contract.SourceLoyalty, input{data: taken}, input{taken, blocked}, input{data: failed}),
		decide: func(name string, in input) (string, []event.Data, bool, error) {
			s := loyalty.State{Status: loyalty.Status(status(name)), CustomerID: "c-42"}
			if s.Status == loyalty.Erased {
				s.CustomerID = ""
			}
			if s.Status == loyalty.Awarded {
				s.Points, s.ExpiresAt = 25, in.participant().Now.AddDate(1, 0, 0)
			}
			d, err := loyalty.Decide(s, in.participant(), in.when == blocked)
			return stateName(string(d.State.Status)), d.Events, len(d.Adjustments) > 0, err
		},
	}
}

// The states of an order during its rollback. The status of both is cancelling.
const (
	cancellationRequested = "cancellation requested"
	rollingBack           = "rolling back"
)

// orderName returns the name of the state of an order: its status, or the stage of its
// rollback.
func orderName(s order.State) string {
	switch {
	case s.Progress == order.Unplaced:
		return unknown
	case s.Rollback == order.RollbackRequested:
		return cancellationRequested
	case s.Rollback == order.RollbackRunning:
		return rollingBack
	}
	return string(s.Status())
}

// orderStates returns all states of an order, by name. During a rollback it makes no
// difference how far the order had progressed.
func orderStates() map[string][]order.State {
	all := map[string][]order.State{unknown: {{}}, "erased": {{Progress: order.Erased}}}
	for progress := order.Placed; progress <= order.Shipped; progress++ {
		for rollback := order.RollbackNone; rollback <= order.RollbackComplete; rollback++ {
			if progress == order.Shipped && rollback != order.RollbackNone {
				continue
			}
			s := order.State{Progress: progress, Rollback: rollback}
			all[orderName(s)] = append(all[orderName(s)], s)
		}
	}
	return all
}

func orderMachine() machine {
	states := orderStates()
	return machine{
		context: contract.SourceOrder,
		states:  []string{unknown, "placed", "reserved", "paid", "awarded", "shipped", cancellationRequested, rollingBack, "cancelled", "erased"},
		inputs: inputsOf(contract.SourceOrder,
			input{data: order.Place{Order: placed}},
			input{data: order.Cancel{Reason: contract.CancelledByCustomer}},
			input{data: reserved},
			input{data: taken},
			input{data: awarded},
			input{data: contract.OrderShipped{}},
			input{data: contract.StockUnavailable{}},
			input{data: declined},
			input{data: rejected},
			input{data: failed},
			input{data: revoked},
			input{data: refunded},
			input{data: released},
			input{data: contract.CancellationRefused{}},
		),
		decide: func(name string, in input) (string, []event.Data, bool, error) {
			var first order.Decision
			var failure error
			for i, s := range states[name] {
				d, err := order.Decide(s, in.participant())
				if i == 0 {
					first, failure = d, err
				}
				same := orderName(d.State) == orderName(first.State) && (err == nil) == (failure == nil) &&
					slices.Equal(event.Types(d.Events...), event.Types(first.Events...))
				if !same {
					return "", nil, false, fmt.Errorf("the outcome of %s is not the same for all states that are named %s", in.data.EventType(), name)
				}
			}
			return orderName(first.State), first.Events, false, failure
		},
	}
}
