package cloudwatchlogs

import (
	"context"
	"strings"

	"example.com/saga/localcloud/eventbridge"
)

var _ eventbridge.Deliverer = (*Service)(nil)

// Deliver logs what a rule delivers, with the event's time. All events of one
// rule go to one stream, which has the rule's name.
func (s *Service) Deliver(_ context.Context, d eventbridge.Delivery) error {
	name := groupOf(d.Target)
	s.mu.Lock()
	known := s.groups[name] != nil
	s.mu.Unlock()
	if !known {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeNoResource, Message: "The log group " + name + " does not exist."}
	}
	rule := d.Rule[strings.LastIndex(d.Rule, "/")+1:]
	if err := s.Put(name, rule, d.Event.Time, string(d.Body)); err != nil {
		return &eventbridge.DeliveryError{Code: eventbridge.CodeInvalidParameter, Message: err.Error()}
	}
	return nil
}

// groupOf returns the name of a group that is identified by its name, or by its
// ARN with or without the trailing :*.
func groupOf(identifier string) string {
	if _, name, isARN := strings.Cut(identifier, ":log-group:"); isARN {
		return strings.TrimSuffix(name, ":*")
	}
	return identifier
}
