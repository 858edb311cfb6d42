package order_test

import (
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
)

// table has what becomes of an order in each status because of each event and
// command.
func table() []row {
	return []row{
		// Commands.
		{unplaced, place, becomes(placed, orderPlaced)},
		{placed, place, becomes(placed)},
		{reserved, place, becomes(reserved)},
		{paid, place, becomes(paid)},
		{awarded, place, becomes(awarded)},
		{shipped, place, becomes(shipped)},
		{requested, place, becomes(requested)},
		{running, place, becomes(running)},
		{cancelled, place, becomes(cancelled)},

		{unplaced, cancel, fails(order.ErrUnknown)},
		{placed, cancel, becomes(back(placed, order.Requested, contract.CancelledByCustomer), cancellationRequested)},
		{reserved, cancel, becomes(back(reserved, order.Requested, contract.CancelledByCustomer), cancellationRequested)},
		{paid, cancel, becomes(back(paid, order.Requested, contract.CancelledByCustomer), cancellationRequested)},
		{awarded, cancel, becomes(back(awarded, order.Requested, contract.CancelledByCustomer), cancellationRequested)},
		{shipped, cancel, fails(order.ErrTooLate)},
		{requested, cancel, becomes(requested)},
		{running, cancel, becomes(running)},
		{cancelled, cancel, fails(order.ErrTooLate)},

		// Forward. An event never takes an order back to an earlier step.
		{unplaced, stockReserved, fails(event.ErrInvalid)},
		{placed, stockReserved, becomes(reserved)},
		{reserved, stockReserved, becomes(reserved)},
		{paid, stockReserved, becomes(paid)},
		{awarded, stockReserved, becomes(awarded)},
		{shipped, stockReserved, becomes(shipped)},
		{requested, stockReserved, becomes(at(requested, order.Reserved))},
		{running, stockReserved, becomes(at(running, order.Reserved))},
		{cancelled, stockReserved, becomes(at(cancelled, order.Reserved))},

		{unplaced, paymentTaken, fails(event.ErrInvalid)},
		{placed, paymentTaken, becomes(paid)},
		{reserved, paymentTaken, becomes(paid)},
		{paid, paymentTaken, becomes(paid)},
		{awarded, paymentTaken, becomes(awarded)},
		{shipped, paymentTaken, becomes(shipped)},
		{requested, paymentTaken, becomes(at(requested, order.Paid))},
		{running, paymentTaken, becomes(at(running, order.Paid))},
		{cancelled, paymentTaken, becomes(at(cancelled, order.Paid))},

		{unplaced, pointsAwarded, fails(event.ErrInvalid)},
		{placed, pointsAwarded, becomes(awarded)},
		{reserved, pointsAwarded, becomes(awarded)},
		{paid, pointsAwarded, becomes(awarded)},
		{awarded, pointsAwarded, becomes(awarded)},
		{shipped, pointsAwarded, becomes(shipped)},
		{requested, pointsAwarded, becomes(at(requested, order.Awarded))},
		{running, pointsAwarded, becomes(at(running, order.Awarded))},
		{cancelled, pointsAwarded, becomes(at(cancelled, order.Awarded))},

		// The pivot: an order that is rolled back cannot have been shipped.
		{unplaced, orderShipped, fails(event.ErrInvalid)},
		{placed, orderShipped, becomes(shipped)},
		{reserved, orderShipped, becomes(shipped)},
		{paid, orderShipped, becomes(shipped)},
		{awarded, orderShipped, becomes(shipped)},
		{shipped, orderShipped, becomes(shipped)},
		{requested, orderShipped, becomes(shipped)},
		{running, orderShipped, fails(event.ErrInvalid)},
		{cancelled, orderShipped, fails(event.ErrInvalid)},

		{unplaced, cancellationRefused, fails(event.ErrInvalid)},
		{placed, cancellationRefused, becomes(shipped)},
		{reserved, cancellationRefused, becomes(shipped)},
		{paid, cancellationRefused, becomes(shipped)},
		{awarded, cancellationRefused, becomes(shipped)},
		{shipped, cancellationRefused, becomes(shipped)},
		{requested, cancellationRefused, becomes(shipped)},
		{running, cancellationRefused, fails(event.ErrInvalid)},
		{cancelled, cancellationRefused, fails(event.ErrInvalid)},

		// Backward. The first reason stands until the rollback is complete.
		{unplaced, paymentDeclined, fails(event.ErrInvalid)},
		{placed, paymentDeclined, becomes(back(placed, order.Running, contract.PaymentWasDeclined))},
		{reserved, paymentDeclined, becomes(back(reserved, order.Running, contract.PaymentWasDeclined))},
		{paid, paymentDeclined, becomes(back(paid, order.Running, contract.PaymentWasDeclined))},
		{awarded, paymentDeclined, becomes(back(awarded, order.Running, contract.PaymentWasDeclined))},
		{shipped, paymentDeclined, fails(event.ErrInvalid)},
		{requested, paymentDeclined, becomes(back(requested, order.Running, contract.PaymentWasDeclined))},
		{running, paymentDeclined, becomes(running)},
		{cancelled, paymentDeclined, becomes(cancelled)},

		{unplaced, awardRejected, fails(event.ErrInvalid)},
		{placed, awardRejected, becomes(back(placed, order.Running, contract.AwardWasRejected))},
		{reserved, awardRejected, becomes(back(reserved, order.Running, contract.AwardWasRejected))},
		{paid, awardRejected, becomes(back(paid, order.Running, contract.AwardWasRejected))},
		{awarded, awardRejected, becomes(back(awarded, order.Running, contract.AwardWasRejected))},
		{shipped, awardRejected, fails(event.ErrInvalid)},
		{requested, awardRejected, becomes(back(requested, order.Running, contract.AwardWasRejected))},
		{running, awardRejected, becomes(running)},
		{cancelled, awardRejected, becomes(cancelled)},

		{unplaced, shipmentFailed, fails(event.ErrInvalid)},
		{placed, shipmentFailed, becomes(back(placed, order.Running, contract.Undeliverable))},
		{reserved, shipmentFailed, becomes(back(reserved, order.Running, contract.Undeliverable))},
		{paid, shipmentFailed, becomes(back(paid, order.Running, contract.Undeliverable))},
		{awarded, shipmentFailed, becomes(back(awarded, order.Running, contract.Undeliverable))},
		{shipped, shipmentFailed, fails(event.ErrInvalid)},
		{requested, shipmentFailed, becomes(back(requested, order.Running, contract.Undeliverable))},
		{running, shipmentFailed, becomes(running)},
		{cancelled, shipmentFailed, becomes(cancelled)},

		{unplaced, pointsRevoked, fails(event.ErrInvalid)},
		{placed, pointsRevoked, becomes(back(placed, order.Running, contract.Undeliverable))},
		{reserved, pointsRevoked, becomes(back(reserved, order.Running, contract.Undeliverable))},
		{paid, pointsRevoked, becomes(back(paid, order.Running, contract.Undeliverable))},
		{awarded, pointsRevoked, becomes(back(awarded, order.Running, contract.Undeliverable))},
		{shipped, pointsRevoked, fails(event.ErrInvalid)},
		{requested, pointsRevoked, becomes(back(requested, order.Running, contract.Undeliverable))},
		{running, pointsRevoked, becomes(running)},
		{cancelled, pointsRevoked, becomes(cancelled)},

		{unplaced, paymentRefunded, fails(event.ErrInvalid)},
		{placed, paymentRefunded, becomes(back(placed, order.Running, contract.Undeliverable))},
		{reserved, paymentRefunded, becomes(back(reserved, order.Running, contract.Undeliverable))},
		{paid, paymentRefunded, becomes(back(paid, order.Running, contract.Undeliverable))},
		{awarded, paymentRefunded, becomes(back(awarded, order.Running, contract.Undeliverable))},
		{shipped, paymentRefunded, fails(event.ErrInvalid)},
		{requested, paymentRefunded, becomes(back(requested, order.Running, contract.Undeliverable))},
		{running, paymentRefunded, becomes(running)},
		{cancelled, paymentRefunded, becomes(cancelled)},

		// The end of the rollback, which is told once.
		{unplaced, stockUnavailable, fails(event.ErrInvalid)},
		{placed, stockUnavailable, becomes(back(placed, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{reserved, stockUnavailable, becomes(back(reserved, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{paid, stockUnavailable, becomes(back(paid, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{awarded, stockUnavailable, becomes(back(awarded, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{shipped, stockUnavailable, fails(event.ErrInvalid)},
		{requested, stockUnavailable, becomes(back(requested, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{running, stockUnavailable, becomes(back(running, order.Complete, contract.OutOfStock), orderCancelled(contract.OutOfStock))},
		{cancelled, stockUnavailable, becomes(cancelled)},

		{unplaced, stockReleased, fails(event.ErrInvalid)},
		{placed, stockReleased, becomes(back(placed, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{reserved, stockReleased, becomes(back(reserved, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{paid, stockReleased, becomes(back(paid, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{awarded, stockReleased, becomes(back(awarded, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{shipped, stockReleased, fails(event.ErrInvalid)},
		{requested, stockReleased, becomes(back(requested, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{running, stockReleased, becomes(back(running, order.Complete, contract.Undeliverable), orderCancelled(contract.Undeliverable))},
		{cancelled, stockReleased, becomes(cancelled)},
	}
}
