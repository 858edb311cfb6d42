package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/services/order"
)

var update = flag.Bool("update", false, "write what is generated, instead of comparing it")

func TestTheGeneratedOpenAPIDocumentIsThatOfTheCode(t *testing.T) {
	generated := encode(t, generateDocument(t))
	if *update {
		if err := os.WriteFile("openapi.json", generated, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(OpenAPI()), string(generated)); diff != "" {
		t.Errorf("openapi.json is not as generated; make golden writes it (-file +generated):\n%s", diff)
	}
}

// encode encodes a value as JSON that is YAML too, as which many tools read it: it has no
// escaped surrogates. Other characters beyond ASCII are escaped, because patterns have some
// that editors remove or display in another order.
func encode(t *testing.T, value any) []byte {
	t.Helper()
	var encoded, escaped bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	for _, r := range encoded.String() {
		if r < 0x80 || r > 0xFFFF {
			escaped.WriteRune(r)
		} else {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	return escaped.Bytes()
}

type object = map[string]any

// operation is a method of a path, with its answers.
type operation struct {
	id, summary string
	description string
	parameters  []object
	body        object
	response    object
	// credential is the security scheme of the open API, if it needs one.
	credential string
}

// operations are the operations by method and path. That of HEAD is that of GET.
func operations() map[string]operation {
	id := object{
		"name": "id", "in": "path", "required": true, "description": "The id of the order, as in the answer to POST /orders.", "schema": object{"type": "string"},
	}
	return map[string]operation{
		"POST /orders": {
			id: "placeOrder", summary: "Place an order",
			description: "The order is stored, and its saga begins. The same request with the same Idempotency-Key gets the same answer, and places no second order.",
			parameters: []object{{
				"name": "Idempotency-Key", "in": "header",
				"description": "Makes the request safe to repeat. Use a UUID of version 4 or 7: an API that is open to everyone accepts no other.",
				"schema":      object{"type": "string", "pattern": "^[A-Za-z0-9._~:+/=-]{1,255}$"},
				"example":     "7d9f4e3a-5b1c-4c8e-9a56-2f1f6d0b7c11",
			}},
			body: object{"required": true, "content": content("Order", exampleOrder())},
			response: object{
				"description": "The order is stored.", "headers": object{"Location": header("The path of the order.")},
				"content": content("PlacedOrder", exampleSummary(order.StatusPlaced)),
			},
		},
		"GET /orders/{id}": {
			id: "getOrder", summary: "Read an order", parameters: []object{id}, credential: "orderToken",
			description: "The status and the timeline follow what has happened by a second, and by up to 20 seconds while few orders are placed.",
			response:    object{"description": "The order.", "content": content("OrderDetails", exampleDetails())},
		},
		"POST /orders/{id}/cancellation": {
			id: "cancelOrder", summary: "Request the cancellation of an order", parameters: []object{id}, credential: "orderToken",
			description: "The warehouse decides later whether the order is still cancelled. The request may be repeated.",
			body:        object{"required": false, "content": content("Cancellation", object{})},
			response: object{
				"description": "The cancellation is requested.", "content": content("OrderSummary", exampleSummary(order.StatusCancelling)),
			},
		},
		"GET /problems/{type}": {
			id: "getProblemType", summary: "Read what a type of problem means",
			parameters: []object{{
				"name": "type", "in": "path", "required": true, "description": "The name of the type.", "schema": object{"type": "string"}, "example": "too-late",
			}},
			response: object{
				"description": "The status, the title and the meaning of the type.",
				"content": object{"text/plain; charset=utf-8": object{
					"schema": object{"type": "string"}, "example": "409 Too late\n\nThe order has ended and cannot be cancelled.\n",
				}},
			},
		},
		"GET /openapi.json": {
			id: "getOpenAPI", summary: "Read this document",
			response: object{
				"description": "This document.",
				"content":     object{"application/json": object{"schema": object{"type": "object"}}},
			},
		},
	}
}

// newAPI makes an API whose routes are not used.
func newAPI(t *testing.T) *httpcommand.API {
	t.Helper()
	api, err := (&API{
		Orders: struct{ Orders }{}, Logger: slog.New(slog.DiscardHandler), Clock: time.Now, NewID: uuid.NewString, Deadline: time.Hour,
		Keys: func(context.Context) (keyring.Keys, error) { return keyring.Keys{}, nil },
	}).Handler()
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// generateDocument returns the OpenAPI document.
func generateDocument(t *testing.T) object {
	t.Helper()
	api := newAPI(t)
	described, paths, elsewhere := operations(), make(object), make(object)
	for _, o := range api.Operations() {
		item, _ := paths[o.Path].(object)
		switch {
		case o.Path == "":
			elsewhere = problemResponses(o.Problems)
			continue
		case item == nil:
			item = make(object)
			paths[o.Path] = item
		}
		if o.Method == "" {
			item["x-other-methods"] = object{"responses": problemResponses(o.Problems)}
			continue
		}
		from := strings.Replace(o.Method, http.MethodHead, http.MethodGet, 1) + " " + o.Path
		description, has := described[from]
		if !has {
			t.Fatalf("%s %s is not described", o.Method, o.Path)
		}
		item[strings.ToLower(o.Method)] = description.document(o)
	}
	for name := range described {
		method, path, _ := strings.Cut(name, " ")
		if item, has := paths[path].(object); !has || item[strings.ToLower(method)] == nil {
			t.Errorf("%s is described, and not in the code", name)
		}
	}
	return object{
		"openapi": "3.1.1",
		"info": object{
			"title": "Order API", "version": "1",
			"description": "Places, shows and cancels orders. Every error that the API returns is a problem document (RFC 9457), whose type is " +
				"the address of its meaning; compare what follows /problems/ in it. AWS itself returns 403 for a request that IAM refuses, " +
				"413 for more than 6 MB, 429 if too many requests arrive at once, and 502 if the function failed, which is to be treated like 503: " +
				"these are no problem documents.",
		},
		"servers": []object{{"url": "/", "description": "The API that returned this document."}},
		"paths":   paths,
		// Answers at any path that is not in paths.
		"x-other-paths": object{"responses": elsewhere},
		"components": object{
			"schemas": schemas(t), "examples": problemExamples(api.ProblemTypes()),
			"headers": object{"NoStore": object{
				"description": "Answers are not cached.", "required": true, "schema": object{"type": "string", "const": "no-store"},
			}},
			"securitySchemes": object{
				"iam": object{
					"type": "apiKey", "in": "header", "name": "Authorization", "x-amazon-apigateway-authtype": "awsSigv4",
					"description": "A signature (AWS Signature Version 4, service lambda) of an IAM identity that may invoke the function's URL. " +
						"Every path needs it, unless the API is open to everyone.",
				},
				"orderToken": object{
					"type": "http", "scheme": "bearer",
					"description": "Where the API is open to everyone: the token of the order, from the answer to POST /orders.",
				},
			},
		},
	}
}

// document returns the operation of a document. The answers to HEAD have no content.
func (o operation) document(of httpcommand.Operation) object {
	responses := problemResponses(of.Problems)
	response := maps.Clone(o.response)
	response["headers"] = withNoStore(o.response["headers"])
	responses[strconv.Itoa(of.Status)] = response
	id := o.id
	if of.Method == http.MethodHead {
		id = strings.Replace(id, "get", "head", 1)
		for _, each := range responses {
			delete(each.(object), "content")
		}
	}
	open := object{}
	if o.credential != "" {
		open[o.credential] = []string{}
	}
	document := object{
		"operationId": id, "summary": o.summary, "responses": responses, "security": []object{{"iam": []string{}}, open},
	}
	if o.description != "" {
		document["description"] = o.description
	}
	if o.parameters != nil {
		document["parameters"] = o.parameters
	}
	if o.body != nil {
		document["requestBody"] = o.body
	}
	return document
}

// problemResponses returns the answers with problems by their status.
func problemResponses(types []httpcommand.ProblemType) object {
	byStatus := make(map[int][]httpcommand.ProblemType)
	for _, each := range types {
		byStatus[each.Status] = append(byStatus[each.Status], each)
	}
	responses := make(object)
	for status, types := range byStatus {
		var titles []string
		examples, headers := make(object), make(object)
		for _, each := range types {
			titles = append(titles, each.Title)
			examples[each.Name] = object{"$ref": "#/components/examples/" + each.Name}
			if each.Header != "" {
				headers[each.Header] = header(headerDescriptions[each.Header])
				headers[each.Header].(object)["required"] = len(types) == 1
			}
		}
		responses[strconv.Itoa(status)] = object{
			"description": strings.Join(titles, ", or: ") + ".", "headers": withNoStore(headers),
			"content": object{"application/problem+json": object{
				"schema": object{"allOf": []object{
					{"$ref": "#/components/schemas/Problem"},
					{"properties": object{"status": object{"const": status}}},
				}},
				"examples": examples,
			}},
		}
	}
	return responses
}

// headerDescriptions describe the header fields of problems.
var headerDescriptions = map[string]string{
	"Allow":           "The allowed methods.",
	"Accept":          "The accepted media type, if that was wrong.",
	"Accept-Encoding": "The accepted encoding, if that was wrong.",
	"Retry-After":     "The seconds after which to repeat the request.",
}

// problemExamples returns an example of each problem by the name of its type.
func problemExamples(types []httpcommand.ProblemType) object {
	errors := map[string][]httpcommand.FieldError{
		httpcommand.UnknownField:  {httpcommand.NewFieldError("is not a member of the schema", "coupon")},
		httpcommand.RepeatedField: {httpcommand.NewFieldError("is there twice", "items", "0", "quantity")},
		badOrder: {
			httpcommand.NewFieldError("must be at least 1", "items", "0", "quantity"), httpcommand.NewFieldError("is missing", "shippingAddress"),
		},
	}
	examples := make(object)
	for _, each := range types {
		examples[each.Name] = object{"summary": each.Title, "value": httpcommand.Document{
			Type: "https://orders.example.com/problems/" + each.Name, Title: each.Title, Status: each.Status, Detail: each.Meaning,
			Errors: errors[each.Name],
		}}
	}
	return examples
}

func header(description string) object {
	return object{"description": description, "required": true, "schema": object{"type": "string"}}
}

// withNoStore returns header fields with that of all answers.
func withNoStore(headers any) object {
	all := object{"Cache-Control": object{"$ref": "#/components/headers/NoStore"}}
	if others, has := headers.(object); has {
		maps.Copy(all, others)
	}
	return all
}

func content(schema string, example any) object {
	return object{"application/json": object{"schema": object{"$ref": "#/components/schemas/" + schema}, "example": example}}
}
