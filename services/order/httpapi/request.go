package httpapi

import (
	"fmt"
	"strconv"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
)

// maximumTotal is the maximum total of an order, in minor units.
const maximumTotal = 1_000_000_000_000

// placeRequest is the body of POST /orders, as in its schema.
type placeRequest struct {
	CustomerID      string        `json:"customerId"`
	Items           []requestItem `json:"items"`
	Currency        string        `json:"currency"`
	PaymentMethod   string        `json:"paymentMethod"`
	ShippingAddress string        `json:"shippingAddress"`
}

// requestItem is an item of an order. Its currency is optional, and that of the order.
type requestItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
	Currency string `json:"currency,omitempty"`
}

// readPlace reads and checks a request to place an order.
func readPlace(r *httpcommand.Request) (placeRequest, error) {
	var request placeRequest
	if err := r.Read(&request); err != nil {
		return request, err
	}
	if request.order("").Total().Amount > maximumTotal {
		tooMuch := httpcommand.NewFieldError(fmt.Sprintf("must cost at most %d minor units together", maximumTotal), "items")
		return request, &httpcommand.Error{Type: badOrder, Errors: []httpcommand.FieldError{tooMuch}}
	}
	return request, nil
}

// otherCurrencies returns an error for each item whose currency is not the order's. The
// order may have any other errors.
func otherCurrencies(value any) []httpcommand.FieldError {
	order, _ := value.(map[string]any)
	items, _ := order["items"].([]any)
	currency, hasCurrency := order["currency"].(string)
	var errs []httpcommand.FieldError
	for i, each := range items {
		item, _ := each.(map[string]any)
		if other, ok := item["currency"].(string); hasCurrency && ok && other != currency {
			errs = append(errs, httpcommand.NewFieldError("must be the order's currency: an order is paid in one", "items", strconv.Itoa(i), "currency"))
		}
	}
	return errs
}

// order returns the order as data of the published language.
func (r placeRequest) order(id string) contract.OrderPlaced {
	items := make([]contract.Item, len(r.Items))
	for i, item := range r.Items {
		items[i] = contract.Item{SKU: item.SKU, Quantity: item.Quantity, Price: item.Price, Currency: r.Currency}
	}
	return contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      r.CustomerID,
		Items:           items,
		ShippingAddress: r.ShippingAddress,
		PaymentMethod:   r.PaymentMethod,
	}
}
