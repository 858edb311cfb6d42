package loyalty

import (
	"context"
	"fmt"
	"time"

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
	// ExpiresAt is when the points expire.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// Entry returns what the award adds to the customer's points. An award without an expiry
// was made before there were entries, and has none.
func (s State) Entry() participant.Entry {
	if s.Status != Awarded || s.Points == 0 || s.ExpiresAt.IsZero() {
		return participant.Entry{}
	}
	return participant.Entry{Account: CustomerAccount(s.CustomerID), Amount: s.Points, ExpiresAt: s.ExpiresAt}
}

// Decision is the result of an event.
type Decision = participant.Decision[State]

// CustomerAccount returns the name of the account of a customer's points. The points are
// the balance of the account: the sum over the awards that have not expired.
func CustomerAccount(customerID string) string { return "customer#" + customerID }

// Customers is the register of customers.
type Customers interface {
	// Blocked reports whether the customer is excluded from the programme.
	Blocked(ctx context.Context, customerID string) (bool, error)
}

// Context returns the configuration of the loyalty context, without what it runs on.
func Context(customers Customers) participant.Config[State] {
	return participant.Config[State]{
		Source: contract.SourceLoyalty, Decide: Decider(customers), Begins: []event.Data{contract.PaymentTaken{}}, Entry: State.Entry,
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
