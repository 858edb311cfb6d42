package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/jsonschema"
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
	SKU      string  `json:"sku"`
	Quantity integer `json:"quantity"`
	Price    integer `json:"price"`
	Currency string  `json:"currency,omitempty"`
}

// integer is an integer as in JSON Schema, for which 5, 5.0 and 0.5e1 are the same.
type integer int64

// UnmarshalJSON decodes a number within the limits of its schema.
func (i *integer) UnmarshalJSON(text []byte) error {
	exact, err := jsonschema.Integer(string(text))
	*i = integer(exact)
	return err
}

// readPlace reads and checks a request to place an order.
func (s *server) readPlace(r *http.Request) (placeRequest, error) {
	var request placeRequest
	body, err := readBody(r)
	if err != nil {
		return request, err
	}
	if len(body) == 0 {
		return request, newProblem(noBody, "Send the order as a JSON object.")
	}
	value, err := decode(body)
	if err != nil {
		return request, err
	}
	if err := checkBody(body, badOrder, append(s.order.check(value), otherCurrencies(value)...)); err != nil {
		return request, err
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return request, err
	}
	if request.order("").Total().Amount > maximumTotal {
		return request, newProblem(badOrder, "", newDetail(fmt.Sprintf("must cost at most %d minor units together", maximumTotal), "items"))
	}
	return request, nil
}

// readCancellation reads and checks a request to cancel an order, whose body has no
// content.
func (s *server) readCancellation(r *http.Request) error {
	body, err := readBody(r)
	if err != nil || len(body) == 0 {
		return err
	}
	value, err := decode(body)
	if err != nil {
		return err
	}
	return checkBody(body, badCancellation, s.cancellation.check(value))
}

// otherCurrencies returns an error for each item whose currency is not the order's. The
// order may have any other errors.
func otherCurrencies(value any) []detail {
	order, _ := value.(map[string]any)
	items, _ := order["items"].([]any)
	currency, hasCurrency := order["currency"].(string)
	var errs []detail
	for i, each := range items {
		item, _ := each.(map[string]any)
		if other, ok := item["currency"].(string); hasCurrency && ok && other != currency {
			errs = append(errs, newDetail("must be the order's currency: an order is paid in one", "items", strconv.Itoa(i), "currency"))
		}
	}
	return errs
}

// order returns the order as data of the published language.
func (r placeRequest) order(id string) contract.OrderPlaced {
	items := make([]contract.Item, len(r.Items))
	for i, item := range r.Items {
		items[i] = contract.Item{SKU: item.SKU, Quantity: int64(item.Quantity), Price: int64(item.Price), Currency: r.Currency}
	}
	return contract.OrderPlaced{
		OrderID:         id,
		CustomerID:      r.CustomerID,
		Items:           items,
		ShippingAddress: r.ShippingAddress,
		PaymentMethod:   r.PaymentMethod,
	}
}
