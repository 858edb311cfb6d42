// Package warehouse is the bounded context that keeps the stock and ships.
//
// It owns the pivot of the saga: whether an order is shipped or cancelled is
// decided by the commit of its record, and nowhere else.
//
//	owns         the stock of each SKU, the reservation of each order
//	consumes     order.placed, loyalty.points-awarded, order.cancellation-requested,
//	             payment.declined, payment.refunded, warehouse.stock-received
//	publishes    warehouse.stock-reserved, warehouse.stock-unavailable,
//	             warehouse.order-shipped, warehouse.shipment-failed,
//	             warehouse.cancellation-refused, warehouse.stock-released
//	compensates  stock-reserved by stock-released
package warehouse
