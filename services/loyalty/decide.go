package loyalty

import (
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// spendPerPoint is the amount in minor units that earns one point.
const spendPerPoint = 100

// Decide is the decision of the loyalty context: a pure function of the state,
// the event, and whether the customer is blocked.
func Decide(s State, in participant.Input, blocked bool) (Decision, error) {
	switch data := in.Data.(type) {
	case contract.PaymentTaken:
		return award(s, data, blocked, in.Now), nil
	case contract.ShipmentFailed:
		return revoke(s, data.Reason), nil
	}
	return Decision{}, fmt.Errorf("%w: the loyalty context does not consume %s", event.ErrInvalid, in.Event.Type)
}

func award(s State, taken contract.PaymentTaken, blocked bool, now time.Time) Decision {
	switch s.Status {
	case Unknown:
	case Awarded, Rejected, Revoked, Erased:
		return Decision{State: s}
	}
	s.CustomerID = taken.CustomerID
	if blocked {
		s.Status = Rejected
		return Decision{State: s, Events: []event.Data{
			contract.AwardRejected{Reason: contract.AwardWasRejected},
		}}
	}
	s.Status = Awarded
	s.Points = taken.Amount.Amount / spendPerPoint
	s.ExpiresAt = now.AddDate(1, 0, 0)
	return Decision{State: s, Events: []event.Data{
		contract.PointsAwarded{Points: s.Points, ExpiresAt: s.ExpiresAt},
	}}
}

// revoke decides on a failed shipment, which may arrive before the payment. Then the
// award is revoked first, and nothing is awarded when the payment arrives. After a
// rejection the rollback has already started.
func revoke(s State, reason contract.Reason) Decision {
	switch s.Status {
	case Unknown, Awarded:
	case Rejected, Revoked, Erased:
		return Decision{State: s}
	}
	points := s.Points
	s.Status, s.Points, s.ExpiresAt = Revoked, 0, time.Time{}
	return Decision{State: s, Events: []event.Data{
		contract.PointsRevoked{Points: points, Reason: reason},
	}}
}
