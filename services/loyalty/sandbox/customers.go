// Package sandbox has a customer record for demonstrations and tests.
package sandbox

import (
	"context"
	"strings"
)

// BlockedPrefix begins the ids of the customers who are excluded.
const BlockedPrefix = "blocked"

// Customers is a loyalty.Customers.
type Customers struct{}

// Blocked implements loyalty.Customers.
func (Customers) Blocked(_ context.Context, customerID string) (bool, error) {
	return strings.HasPrefix(customerID, BlockedPrefix), nil
}
