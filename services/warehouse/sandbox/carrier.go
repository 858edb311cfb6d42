// Package sandbox has a carrier for demonstrations and tests.
package sandbox

import "context"

// Undeliverable is the only address to which the carrier does not deliver.
const Undeliverable = "undeliverable"

// Carrier is a warehouse.Carrier that delivers to every other address.
type Carrier struct{}

// Delivers implements warehouse.Carrier.
func (Carrier) Delivers(_ context.Context, address string) (bool, error) {
	return address != Undeliverable, nil
}
