package contract

import "time"

// PointsAwarded has the points that the customer got for the order.
type PointsAwarded struct {
	Points    int64     `json:"points"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// AwardRejected means that no points were awarded.
type AwardRejected struct {
	Reason Reason `json:"reason"`
}

// PointsRevoked compensates PointsAwarded; the points may be 0.
type PointsRevoked struct {
	Points int64  `json:"points"`
	Reason Reason `json:"reason"`
}

// EventType is loyalty.points-awarded.
func (PointsAwarded) EventType() string { return "loyalty.points-awarded" }

// EventType is loyalty.award-rejected.
func (AwardRejected) EventType() string { return "loyalty.award-rejected" }

// EventType is loyalty.points-revoked.
func (PointsRevoked) EventType() string { return "loyalty.points-revoked" }
