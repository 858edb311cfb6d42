package contract

// PaymentTaken means that the full amount is taken.
type PaymentTaken struct {
	CustomerID string `json:"customerId"`
	Amount     Money  `json:"amount"`
}

// PaymentDeclined means that nothing was taken.
type PaymentDeclined struct {
	Reason Reason `json:"reason"`
}

// PaymentRefunded compensates PaymentTaken; the amount may be 0, and then has
// no currency.
type PaymentRefunded struct {
	Amount Money  `json:"amount"`
	Reason Reason `json:"reason"`
}

// EventType is payment.taken.
func (PaymentTaken) EventType() string { return "payment.taken" }

// EventType is payment.declined.
func (PaymentDeclined) EventType() string { return "payment.declined" }

// EventType is payment.refunded.
func (PaymentRefunded) EventType() string { return "payment.refunded" }
