// Package payment is the bounded context that takes and refunds money.
//
//	owns         the payment of each order
//	consumes     warehouse.stock-reserved, loyalty.award-rejected,
//	             loyalty.points-revoked
//	publishes    payment.taken, payment.declined, payment.refunded
//	compensates  taken by refunded
package payment
