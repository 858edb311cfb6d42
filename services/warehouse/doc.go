// Package warehouse is the bounded context that keeps the stock and ships.
//
// It owns the pivot of the saga: whether an order is shipped or cancelled is
// decided by the commit of its record, and nowhere else.
//
//	owns         the stock of each SKU, the reservation and the shipment of each order
//	consumes     order.placed, order.cancellation-requested,
//	             warehouse.stock-received, payment.declined, payment.refunded,
//	             loyalty.points-awarded
//	publishes    warehouse.stock-reserved, warehouse.stock-unavailable,
//	             warehouse.order-shipped, warehouse.shipment-failed,
//	             warehouse.stock-released, warehouse.cancellation-refused
//	compensates  stock-reserved by stock-released
package warehouse
