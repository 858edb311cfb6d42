package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.com/saga/pkg/contract"
)

// Limits of a request. An order within them makes events that are far below
// what an event may have.
const (
	maximumBody     = 64 * 1024
	maximumItems    = 50
	maximumQuantity = 1_000_000
	maximumPrice    = 100_000_000_000
	maximumTotal    = 1_000_000_000_000
	maximumText     = 1000
	maximumName     = 100
)

var (
	skuPattern      = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
	idPattern       = regexp.MustCompile(`^[0-9a-f-]{36}$`)
	keyPattern      = regexp.MustCompile(`^[A-Za-z0-9._~:+/=-]{1,255}$`)
)

// placeRequest is the body of POST /orders.
type placeRequest struct {
	CustomerID      string        `json:"customerId"`
	Items           []requestItem `json:"items"`
	Currency        string        `json:"currency"`
	PaymentMethod   string        `json:"paymentMethod"`
	ShippingAddress string        `json:"shippingAddress"`
}

// requestItem may name the currency again, but not another one.
type requestItem struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
	Currency string `json:"currency,omitempty"`
}

// readPlace reads and checks a request to place an order.
func readPlace(r *http.Request) (placeRequest, error) {
	var request placeRequest
	body, err := io.ReadAll(io.LimitReader(r.Body, maximumBody+1))
	if err != nil {
		return request, newProblem(unreadableBody, "")
	}
	declared, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) > maximumBody:
		return request, newProblem(tooLarge, "")
	case len(bytes.TrimSpace(body)) == 0:
		return request, newProblem(noBody, "Send the order as a JSON object.")
	case err != nil || declared != "application/json":
		return request, newProblem(mediaType, "").with("Accept", "application/json")
	}
	if err := decode(body, &request); err != nil {
		return request, err
	}
	if errors := request.check(); len(errors) > 0 {
		return request, notAcceptable(errors...)
	}
	return request, nil
}

func decode(body []byte, request *placeRequest) error {
	if !utf8.Valid(body) {
		return newProblem(notJSON, "The body is not UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(request)
	if err == nil {
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return checkMembers(json.NewDecoder(bytes.NewReader(body)))
		}
		return newProblem(notJSON, "There is more than one JSON value in the body.")
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return notAcceptable(mistyped(mismatch))
	}
	if field, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
		return fieldUnknown(field)
	}
	return newProblem(notJSON, "The body is not valid JSON: "+err.Error()+".")
}

// checkMembers refuses what encoding/json lets pass, and others may read in
// another way: a member that is given twice, of which the last wins, and one
// whose name differs in upper and lower case. It reads what was decoded before,
// so nothing else can be wrong with it.
func checkMembers(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	delimiter, _ := token.(json.Delim)
	seen := map[json.Token]bool{}
	for delimiter != 0 && decoder.More() {
		if delimiter == '{' {
			name, err := decoder.Token()
			switch {
			case err != nil:
				return err
			case !slices.Contains(members(), fmt.Sprint(name)):
				return fieldUnknown(fmt.Sprintf("%q", name))
			case seen[name]:
				return newProblem(repeatedField, fmt.Sprintf("The field %q is given twice.", name))
			}
			seen[name] = true
		}
		if err := checkMembers(decoder); err != nil {
			return err
		}
	}
	if delimiter != 0 {
		_, err = decoder.Token()
	}
	return err
}

// members are the names of all fields, exactly as they are written.
func members() []string {
	return []string{"customerId", "items", "sku", "quantity", "price", "currency", "paymentMethod", "shippingAddress"}
}

func fieldUnknown(name string) *problem {
	return newProblem(unknownField, "There is no field "+name+" in an order.")
}

func notAcceptable(errors ...detail) *problem {
	return newProblem(badOrder, "", errors...)
}

// mistyped tells what has the wrong JSON type. The decoder does not tell which
// element of an array it is in, so the pointer goes no further than the array.
func mistyped(mismatch *json.UnmarshalTypeError) detail {
	explanation := fmt.Sprintf("must be %s, not %s", jsonType(mismatch.Type.Kind().String()), mismatch.Value)
	if mismatch.Field == "" {
		return detail{"", explanation}
	}
	array, inside, nested := strings.Cut(mismatch.Field, ".")
	if nested {
		explanation = inside + " " + explanation
	}
	return detail{"/" + array, explanation}
}

func jsonType(kind string) string {
	switch kind {
	case "string":
		return "a string"
	case "int64":
		return "an integer"
	case "slice":
		return "an array"
	}
	return "an object"
}

// check names all that is wrong with the order.
func (r placeRequest) check() []detail {
	var errors []detail
	require := func(holds bool, pointer, explanation string) {
		if !holds {
			errors = append(errors, detail{pointer, explanation})
		}
	}
	require(isName(r.CustomerID), "/customerId", "must have 1 to 100 characters that can be written")
	require(isName(r.PaymentMethod), "/paymentMethod", "must have 1 to 100 characters that can be written")
	require(within(r.ShippingAddress, maximumText), "/shippingAddress", "must have 1 to 1000 characters")
	require(currencyPattern.MatchString(r.Currency), "/currency", "must be an ISO 4217 code, such as EUR")
	require(len(r.Items) > 0, "/items", "must not be empty")
	require(len(r.Items) <= maximumItems, "/items", fmt.Sprintf("must not have more than %d elements", maximumItems))
	var total int64
	// Of too many items it is enough to say that they are too many: an answer
	// that names each would be too long to be sent.
	for i, item := range r.Items[:min(len(r.Items), maximumItems)] {
		at := fmt.Sprintf("/items/%d", i)
		require(skuPattern.MatchString(item.SKU), at+"/sku", "must have 1 to 64 letters, digits, dots, underscores or hyphens")
		require(item.Quantity >= 1 && item.Quantity <= maximumQuantity, at+"/quantity", fmt.Sprintf("must be from 1 to %d", maximumQuantity))
		require(item.Price >= 0 && item.Price <= maximumPrice, at+"/price", fmt.Sprintf("must be from 0 to %d minor units", maximumPrice))
		require(item.Currency == "" || item.Currency == r.Currency, at+"/currency", "must be the order's currency: an order is paid in one")
		if total += item.Quantity * item.Price; len(errors) == 0 {
			require(total <= maximumTotal, "/items", fmt.Sprintf("must not cost more than %d minor units in all", maximumTotal))
		}
	}
	return errors
}

// isName tells whether a text can name something. What JSON could not read is a
// replacement character, which would give two names the same one.
func isName(text string) bool {
	return within(text, maximumName) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError
	})
}

func within(text string, maximum int) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= maximum
}

// order is the request in the words of the published language.
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

// fingerprint is the same for requests that mean the same.
func (r placeRequest) fingerprint() (string, error) {
	encoded, err := json.Marshal(r.order(""))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:16]), nil
}
