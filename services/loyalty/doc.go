// Package loyalty is the bounded context that rewards customers with points.
//
//	owns         the award of each order, and by them the points of each customer
//	consumes     warehouse.shipment-failed, payment.taken
//	publishes    loyalty.points-awarded, loyalty.award-rejected,
//	             loyalty.points-revoked
//	compensates  points-awarded by points-revoked
package loyalty
