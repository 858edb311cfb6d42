// Package sandbox has a carrier for demonstrations and tests.
package sandbox

import "context"

// Undeliverable is the one address that the carrier does not deliver to.
const Undeliverable = "undeliverable"

// Carrier is a warehouse.Carrier that delivers nearly everywhere.
type Carrier struct{}

// Delivers implements warehouse.Carrier.
func (Carrier) Delivers(_ context.Context, address string) (bool, error) {
	return address != Undeliverable, nil
}
