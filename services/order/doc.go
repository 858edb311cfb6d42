// Package order is the bounded context that accepts orders, reports their status, and
// publishes the end of a cancelled order.
//
//	owns         the status and the timeline of each order
//	consumes     warehouse.stock-reserved, warehouse.stock-unavailable,
//	             warehouse.order-shipped, warehouse.shipment-failed,
//	             warehouse.stock-released, warehouse.cancellation-refused,
//	             payment.taken, payment.declined, payment.refunded,
//	             loyalty.points-awarded, loyalty.award-rejected,
//	             loyalty.points-revoked
//	publishes    order.placed, order.cancellation-requested, order.cancelled
//	compensates  nothing: it holds nothing
package order
