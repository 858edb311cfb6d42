package logs

import (
	"context"
	"strings"

	"example.com/saga/local/bus"
)

var _ bus.Deliverer = (*Service)(nil)

// Deliver logs what a rule delivers, with the event's time. All events of one
// rule go to one stream, which has the rule's name.
func (s *Service) Deliver(_ context.Context, d bus.Delivery) error {
	name := groupOf(d.Target)
	s.mu.Lock()
	known := s.groups[name] != nil
	s.mu.Unlock()
	if !known {
		return &bus.DeliveryError{Code: bus.CodeNoResource, Message: "The log group " + name + " does not exist."}
	}
	rule := d.Rule[strings.LastIndex(d.Rule, "/")+1:]
	if err := s.Put(name, rule, d.Event.Time, string(d.Body)); err != nil {
		return &bus.DeliveryError{Code: bus.CodeInvalidParameter, Message: err.Error()}
	}
	return nil
}

// groupOf takes a group's name, or its ARN with or without the trailing :*.
func groupOf(identifier string) string {
	if _, name, isARN := strings.Cut(identifier, ":log-group:"); isARN {
		return strings.TrimSuffix(name, ":*")
	}
	return identifier
}
