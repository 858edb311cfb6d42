// Package sandbox is a register of customers for demonstrations and tests.
package sandbox

import (
	"context"
	"strings"
)

// BlockedPrefix is the prefix of the ids of excluded customers.
const BlockedPrefix = "blocked"

// Customers is a loyalty.Customers without data: it blocks by prefix.
type Customers struct{}

// Blocked implements loyalty.Customers.
func (Customers) Blocked(_ context.Context, customerID string) (bool, error) {
	return strings.HasPrefix(customerID, BlockedPrefix), nil
}
