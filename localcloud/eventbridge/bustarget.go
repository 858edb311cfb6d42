package eventbridge

import (
	"context"
	"fmt"
)

// Accept accepts an event that a rule forwards from another bus. The event
// stays as it is, its id, account and time included. An event can be forwarded
// only once: a second hop is refused, to any bus.
func (s *Service) Accept(ctx context.Context, busARN string, e Event) error {
	if e.forwarded {
		return &DeliveryError{Code: CodeThirdHop, Message: fmt.Sprintf(
			"Event ingestion rejected for event %s because an event can be sent to an event bus target only once. "+
				"This event was previously delivered to an event bus target.", e.ID)}
	}
	e.forwarded = true
	known, err := s.accept(ctx, busARN, e)
	if err != nil {
		return err
	}
	if !known {
		return &DeliveryError{Code: CodeNoResource, Message: "Event bus " + busARN + " does not exist."}
	}
	return nil
}

// forwarder delivers to the buses of the service itself.
type forwarder struct{ to *Service }

func (f forwarder) Deliver(ctx context.Context, d Delivery) error {
	return f.to.Accept(ctx, d.Target, d.Event)
}
