package main

import (
	"context"
	"log/slog"
	"math/rand/v2"

	"example.com/saga/localcloud/fault"
)

// dice are those of the faults that were asked for, or nil. They tell the seed,
// without which nobody could repeat what they do.
func (o options) dice(ctx context.Context, logger *slog.Logger) *fault.Injector {
	if len(o.faults) == 0 {
		return nil
	}
	seed := o.seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	logger.WarnContext(ctx, "faults will strike", "faults", o.faults, "seed", seed)
	return fault.NewInjector(seed, o.faults)
}
