package httpapi

import (
	"net/http"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/services/order"
)

// The types of problems of orders.
const (
	unknownOrder    = "unknown-order"
	tooLate         = "too-late"
	erased          = "erased"
	badOrder        = "order"
	badCancellation = "cancellation"
)

func problemTypes() []httpcommand.ProblemType {
	return []httpcommand.ProblemType{
		{Name: unknownOrder, Status: http.StatusNotFound, Title: "Unknown order", Meaning: "There is no order with this id or, where the API is open to everyone, the request does not have its token."},
		{Name: tooLate, Status: http.StatusConflict, Title: "Too late", Meaning: "The order has ended and cannot be cancelled.", Err: order.ErrTooLate},
		{Name: erased, Status: http.StatusGone, Title: "Erased", Meaning: "This order has been erased.", Err: order.ErrErased},
		{Name: badOrder, Status: http.StatusUnprocessableEntity, Title: "Not an acceptable order", Meaning: "Members of the order are missing or not acceptable: see errors."},
		{Name: badCancellation, Status: http.StatusUnprocessableEntity, Title: "Not an acceptable cancellation", Meaning: "The body is not empty and not an empty JSON object."},
	}
}
