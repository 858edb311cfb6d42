package loyalty

import (
	"context"
	"fmt"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Status is the status of the award for an order.
type Status string

// The statuses.
const (
	Unknown  Status = ""
	Awarded  Status = "awarded"
	Rejected Status = "rejected"
	Revoked  Status = "revoked"
	// Erased is all that is left of an order that was erased.
	Erased Status = "erased"
)

// State is the state of the award for an order.
type State struct {
	Status     Status `json:"status"`
	CustomerID string `json:"customerId,omitempty"`
	Points     int64  `json:"points,omitempty"`
}

// Decision is the result of an event.
type Decision = participant.Decision[State]

// CounterPoints is the counter of a customer's points.
const CounterPoints = "points"

// CustomerItem returns the name of the item with a customer's points.
func CustomerItem(customerID string) string { return "customer#" + customerID }

// Customers is the register of customers.
type Customers interface {
	// Blocked reports whether the customer is excluded from the programme.
	Blocked(ctx context.Context, customerID string) (bool, error)
}

// Context returns the configuration of the loyalty context, without what it runs on.
func Context(customers Customers) participant.Config[State] {
	return participant.Config[State]{
		Source: contract.SourceLoyalty, Decide: Decider(customers), Begins: []event.Data{contract.PaymentTaken{}},
	}
}

// Decider returns the decision of the loyalty context with a register of customers.
func Decider(customers Customers) participant.Decide[State] {
	return func(ctx context.Context, s State, in participant.Input) (Decision, error) {
		blocked := false
		if taken, ok := in.Data.(contract.PaymentTaken); ok && s.Status == Unknown {
			var err error
			if blocked, err = customers.Blocked(ctx, taken.CustomerID); err != nil {
				return Decision{}, fmt.Errorf("look up the customer: %w", err)
			}
		}
		return Decide(s, in, blocked)
	}
}
