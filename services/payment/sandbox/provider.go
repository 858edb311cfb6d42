// Package sandbox is a payment provider for demonstrations and tests. Its ledger uses
// references as idempotency keys.
package sandbox

import (
	"context"

	"example.com/saga/pkg/contract"
	"example.com/saga/services/payment"
)

// Declined is the only payment method that the provider declines.
const Declined = "card-declined"

// Entry is the entry of a reference in the ledger.
type Entry struct {
	Amount   contract.Money
	Accepted bool
	// Barred is true after a refund: nothing more can be taken.
	Barred bool
}

// Ledger stores the entries.
type Ledger interface {
	// Open writes the entry unless the reference has one, and returns the stored
	// entry.
	Open(ctx context.Context, reference string, entry Entry) (Entry, error)
	// Bar bars the reference, whether it has an entry or not, and returns the stored
	// entry.
	Bar(ctx context.Context, reference string) (Entry, error)
}

// Provider is a payment.Gateway.
type Provider struct {
	Ledger Ledger
}

var _ payment.Gateway = Provider{}

// Charge implements payment.Gateway.
func (p Provider) Charge(ctx context.Context, charge payment.Charge) (bool, error) {
	entry, err := p.Ledger.Open(ctx, charge.Reference, Entry{
		Amount:   charge.Amount,
		Accepted: charge.Method != Declined,
	})
	return entry.Accepted, err
}

// Refund implements payment.Gateway.
func (p Provider) Refund(ctx context.Context, reference string) (contract.Money, error) {
	entry, err := p.Ledger.Bar(ctx, reference)
	if !entry.Accepted {
		return contract.Money{}, err
	}
	return entry.Amount, err
}
