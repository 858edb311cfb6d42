package httpapi

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
	"example.com/saga/services/order"
)

// schemas returns the schemas of the document: those of requests are those that the code
// validates with.
func schemas(t *testing.T) object {
	t.Helper()
	text := object{"type": "string"}
	summary := object{
		"orderId": object{"type": "string", "format": "uuid"}, "status": object{"$ref": "#/components/schemas/OrderStatus"},
		"correlationId": object{"type": "string", "description": "The correlation id of all events of the order."},
	}
	placed, read := maps.Clone(summary), maps.Clone(summary)
	placed["token"] = object{
		"type": "string", "description": "Reads and cancels the order. It is there if the API is open to everyone.",
	}
	read["reason"] = object{"$ref": "#/components/schemas/Reason"}
	read["timeline"] = object{
		"type": "array", "items": object{"$ref": "#/components/schemas/TimelineEntry"},
		"description": "The events of the order. A cause comes before its effects.",
	}
	all := object{
		"OrderStatus":  object{"enum": statuses(), "description": "How far the order is."},
		"Reason":       object{"enum": reasons(t), "description": "Why the order does not end with its shipment."},
		"OrderSummary": structure(summary, "orderId", "status", "correlationId"),
		"PlacedOrder":  structure(placed, "orderId", "status", "correlationId"),
		"OrderDetails": structure(read, "orderId", "status", "correlationId", "timeline"),
		"TimelineEntry": structure(object{
			"type": text, "id": text, "source": text, "time": object{"type": "string", "format": "date-time"},
			"causationId": object{"type": "string", "description": "The id of the event that caused this one."},
			"gap":         object{"const": true, "description": "The event's cause is missing before it."},
		}, "type", "id", "source", "time"),
		"Problem": structure(object{
			"type":  object{"type": "string", "format": "uri", "description": "The address of the meaning of the problem's type."},
			"title": text, "status": object{"type": "integer"}, "detail": text,
			"errors": object{"type": "array", "maxItems": httpcommand.MaximumErrors, "items": object{"$ref": "#/components/schemas/ProblemError"}},
		}, "type", "title", "status", "detail"),
		"ProblemError": structure(object{
			"pointer": object{"type": "string", "description": "A JSON Pointer (RFC 6901) to the wrong member."}, "detail": text,
		}, "pointer", "detail"),
	}
	for component, encoded := range map[string][]byte{"Order": orderSchema, "Cancellation": cancellationSchema} {
		addSchema(t, all, component, encoded)
	}
	return all
}

func structure(properties object, required ...string) object {
	return object{"type": "object", "properties": properties, "required": required}
}

// addSchema adds the schema of a request, and its definitions beside it. Few tools resolve
// references within a schema that has an id of its own.
func addSchema(t *testing.T, all object, component string, encoded []byte) {
	t.Helper()
	var schema object
	moved := strings.ReplaceAll(string(encoded), `"#/$defs/`, `"#/components/schemas/`+component+".")
	if err := json.Unmarshal([]byte(moved), &schema); err != nil {
		t.Fatal(err)
	}
	definitions, _ := schema["$defs"].(object)
	for name, definition := range definitions {
		all[component+"."+name] = definition
	}
	maps.DeleteFunc(schema, func(keyword string, _ any) bool { return strings.HasPrefix(keyword, "$") })
	all[component] = schema
}

// statuses returns the statuses of an order that can be read.
func statuses() []order.Status {
	var all []order.Status
	for progress := order.Placed; progress <= order.Shipped; progress++ {
		all = append(all, order.State{Progress: progress}.Status())
	}
	return append(all, order.State{Rollback: order.RollbackRequested}.Status(), order.State{Rollback: order.RollbackComplete}.Status())
}

// reasons returns the reasons in the schema of the events.
func reasons(t *testing.T) []string {
	t.Helper()
	encoded, err := os.ReadFile("../../../pkg/contract/schema/types.1.json")
	if err != nil {
		t.Fatal(err)
	}
	type definition struct {
		Ref   string
		Const string
		Enum  []string
		AnyOf []definition
	}
	var types struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(encoded), `"$ref"`, `"ref"`)), &types); err != nil {
		t.Fatal(err)
	}
	var valuesOf func(definition) []string
	valuesOf = func(d definition) []string {
		if name, refers := strings.CutPrefix(d.Ref, "#/$defs/"); refers {
			return valuesOf(types.Defs[name])
		}
		values := slices.Clone(d.Enum)
		if d.Const != "" {
			values = append(values, d.Const)
		}
		for _, each := range d.AnyOf {
			values = append(values, valuesOf(each)...)
		}
		return values
	}
	return valuesOf(types.Defs["reason"])
}

const (
	exampleID          = "6f1c1c0e-3c1b-5d5a-8f0a-1d2c3b4a5968"
	exampleCorrelation = "0b8f6f3e-54c1-5a53-9f0e-7b1e2d3c4a51"
)

func exampleOrder() placeRequest {
	return placeRequest{
		CustomerID: "c-42", Items: []requestItem{{SKU: "123", Quantity: 2, Price: 1250}}, Currency: "EUR", PaymentMethod: "card",
		ShippingAddress: "23 Fake Street",
	}
}

func exampleSummary(status order.Status) summary {
	return summary{OrderID: exampleID, Status: status, CorrelationID: exampleCorrelation}
}

func exampleDetails() details {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const placed, unavailable = "2d0f6f3c-1b5e-5a0d-8b5f-9d4f0c9d1e01", "8a4b5c6d-7e8f-5a1b-9c2d-3e4f5a6b7c02"
	return details{
		summary: exampleSummary(order.StatusCancelled), Reason: contract.OutOfStock,
		Timeline: []order.Entry{
			{Type: contract.OrderPlaced{}.EventType(), ID: placed, Source: contract.SourceOrder, Time: at},
			{
				Type: contract.StockUnavailable{}.EventType(), ID: unavailable, Source: contract.SourceWarehouse, Time: at.Add(time.Second),
				CausationID: placed,
			},
		},
	}
}
