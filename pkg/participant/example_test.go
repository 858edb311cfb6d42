package participant_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// account is the state of this example's payment context.
type account struct {
	Taken int64
}

// take is its decision: a pure function of the state and the event.
func take(a account, in participant.Input) (participant.Decision[account], error) {
	reserved, ok := in.Data.(contract.StockReserved)
	if !ok {
		return participant.Decision[account]{}, fmt.Errorf("%w: %s is not for us", event.ErrInvalid, in.Event.Type)
	}
	a.Taken += reserved.Total.Amount
	return participant.Decision[account]{
		State:  a,
		Events: []event.Data{contract.PaymentTaken{CustomerID: reserved.CustomerID, Amount: reserved.Total}},
	}, nil
}

// A participant takes the money for an order. Its queue delivers the event
// twice: the money is taken once, and the same event is published again.
func ExampleParticipant_Handle() {
	ctx := context.Background()
	language, err := contract.NewLanguage()
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	publisher := &memory.Publisher{}
	payment := participant.Participant[account]{
		Source:    contract.SourcePayment,
		Decide:    participant.Pure(take),
		Store:     memory.NewStore(),
		Publisher: publisher,
		Language:  language,
		Clock:     func() time.Time { return now },
		Retention: 15 * 24 * time.Hour,
		Pause:     participant.Jitter(func() float64 { return 0.5 }),
	}
	reserved, err := language.Write(event.Event{
		ID:            "reservation-of-order-1",
		Source:        contract.SourceWarehouse,
		Type:          contract.StockReserved{}.EventType(),
		Subject:       "order-1",
		Time:          now,
		CorrelationID: "saga-1",
		Data: json.RawMessage(`{"customerId": "c-42", "items": [{"sku": "123", "quantity": 2}],
			"total": {"amount": 2500, "currency": "EUR"}, "paymentMethod": "card"}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	for range 2 {
		if err := payment.Handle(ctx, reserved); err != nil {
			fmt.Println(err)
			return
		}
	}

	state, record, err := payment.Load(ctx, "order-1")
	fmt.Println("taken:", state.Taken, "in", record.Version, "commit", err)
	for _, e := range publisher.Published() {
		fmt.Println(e.Type, e.ID, string(e.Data))
	}
	// Output:
	// taken: 2500 in 1 commit <nil>
	// payment.taken dc7ca097-fbac-5dc1-9b83-d7df39b96975 {"customerId":"c-42","amount":{"amount":2500,"currency":"EUR"}}
	// payment.taken dc7ca097-fbac-5dc1-9b83-d7df39b96975 {"customerId":"c-42","amount":{"amount":2500,"currency":"EUR"}}
}
