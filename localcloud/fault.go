package main

import (
	"context"
	"log/slog"

	"example.com/saga/localcloud/fault"
)

// dice are those of the faults that were asked for, or nil. They tell the seed,
// without which nobody could repeat what they do.
func (o options) dice(ctx context.Context, logger *slog.Logger) *fault.Injector {
	if len(o.faults) == 0 {
		return nil
	}
	logger.WarnContext(ctx, "faults will strike", "faults", o.faults, "seed", o.seed)
	return fault.NewInjector(o.seed, o.faults)
}
