package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	if diff := cmp.Diff(string(openAPI), string(generated)); diff != "" {
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
	status      int
	response    object
	problems    []problemKind
	// credential is the security scheme of the open API, if it needs one.
	credential string
}

// operations are the operations by method and path. That of HEAD is that of GET.
func operations() map[string]operation {
	id := object{
		"name": "id", "in": "path", "required": true, "description": "The id of the order, as in the answer to POST /orders.", "schema": object{"type": "string"},
	}
	body := []problemKind{unreadableBody, notJSON, unknownField, tooLarge, mediaType, contentEncoding}
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
			body:   object{"required": true, "content": content("Order", exampleOrder())},
			status: http.StatusAccepted,
			response: object{
				"description": "The order is stored.", "headers": object{"Location": header("The path of the order.")},
				"content": content("PlacedOrder", exampleSummary(order.StatusPlaced)),
			},
			problems: append(body, noBody, repeatedField, badKey, erased, badOrder, keyReused, unavailable),
		},
		"GET /orders/{id}": {
			id: "getOrder", summary: "Read an order", parameters: []object{id}, credential: "orderToken", status: http.StatusOK,
			description: "The status and the timeline follow what has happened by a second, and by up to 20 seconds while few orders are placed.",
			response:    object{"description": "The order.", "content": content("OrderDetails", exampleDetails())},
			problems:    []problemKind{unknownOrder, erased, unavailable},
		},
		"POST /orders/{id}/cancellation": {
			id: "cancelOrder", summary: "Request the cancellation of an order", parameters: []object{id}, credential: "orderToken",
			description: "The warehouse decides later whether the order is still cancelled. The request may be repeated.",
			body:        object{"required": false, "content": content("Cancellation", object{})}, status: http.StatusAccepted,
			response: object{
				"description": "The cancellation is requested.", "content": content("OrderSummary", exampleSummary(order.StatusCancelling)),
			},
			problems: append(body, unknownOrder, tooLate, erased, badCancellation, unavailable),
		},
		"GET /problems/{type}": {
			id: "getProblemType", summary: "Read what a type of problem means", status: http.StatusOK,
			parameters: []object{{
				"name": "type", "in": "path", "required": true, "description": "The name of the type.", "schema": object{"type": "string"}, "example": "too-late",
			}},
			response: object{
				"description": "The status, the title and the meaning of the type.",
				"content": object{"text/plain; charset=utf-8": object{
					"schema": object{"type": "string"}, "example": "409 Too late\n\nThe order has ended and cannot be cancelled.\n",
				}},
			},
			problems: []problemKind{notFound},
		},
		"GET /openapi.json": {
			id: "getOpenAPI", summary: "Read this document", status: http.StatusOK,
			response: object{
				"description": "This document.",
				"content":     object{"application/json": object{"schema": object{"type": "object"}}},
			},
		},
	}
}

// generateDocument returns the OpenAPI document.
func generateDocument(t *testing.T) object {
	t.Helper()
	all, paths := operations(), make(object)
	for path, route := range (&server{}).routes() {
		item := object{"x-other-methods": object{"responses": problemResponses([]problemKind{wrongMethod})}}
		for _, method := range route.methods {
			from := strings.Replace(method, http.MethodHead, http.MethodGet, 1) + " " + path
			described, has := all[from]
			if !has {
				t.Fatalf("%s %s is not described", method, path)
			}
			item[strings.ToLower(method)] = described.document(method == http.MethodHead)
		}
		paths[path] = item
	}
	for name := range all {
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
		"x-other-paths": object{"responses": problemResponses([]problemKind{badPath, notFound})},
		"components": object{
			"schemas": schemas(t), "examples": problemExamples(),
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
func (o operation) document(isHead bool) object {
	responses := problemResponses(o.problems)
	response := maps.Clone(o.response)
	response["headers"] = withNoStore(o.response["headers"])
	responses[strconv.Itoa(o.status)] = response
	id := o.id
	if isHead {
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
func problemResponses(kinds []problemKind) object {
	byStatus := make(map[string][]problemKind)
	for _, kind := range slices.Sorted(slices.Values(kinds)) {
		status := strconv.Itoa(problemTypes()[kind].status)
		byStatus[status] = append(byStatus[status], kind)
	}
	responses := make(object)
	for status, kinds := range byStatus {
		var titles []string
		examples, headers := make(object), make(object)
		for _, kind := range kinds {
			name := problemTypes()[kind].name
			titles = append(titles, problemTypes()[kind].title)
			examples[name] = object{"$ref": "#/components/examples/" + name}
			if field, description := problemHeader(kind); field != "" {
				headers[field] = header(description)
				headers[field].(object)["required"] = len(kinds) == 1
			}
		}
		responses[status] = object{
			"description": strings.Join(titles, ", or: ") + ".", "headers": withNoStore(headers),
			"content": object{"application/problem+json": object{
				"schema": object{"allOf": []object{
					{"$ref": "#/components/schemas/Problem"},
					{"properties": object{"status": object{"const": problemTypes()[kinds[0]].status}}},
				}},
				"examples": examples,
			}},
		}
	}
	return responses
}

// problemHeader returns the header field of a problem, if it has one.
func problemHeader(kind problemKind) (field, description string) {
	switch kind {
	case wrongMethod:
		return "Allow", "The allowed methods."
	case mediaType:
		return "Accept", "The accepted media type, if that was wrong."
	case contentEncoding:
		return "Accept-Encoding", "The accepted encoding, if that was wrong."
	case unavailable:
		return "Retry-After", "The seconds after which to repeat the request."
	default:
		return "", ""
	}
}

// problemExamples returns an example of each problem by the name of its type.
func problemExamples() object {
	examples := make(object)
	for kind, each := range problemTypes() {
		var errors []detail
		switch problemKind(kind) {
		case unknownField:
			errors = []detail{newDetail("is not a member of the schema", "coupon")}
		case repeatedField:
			errors = []detail{newDetail("is there twice", "items", "0", "quantity")}
		case badOrder:
			errors = []detail{newDetail("must be at least 1", "items", "0", "quantity"), newDetail("is missing", "shippingAddress")}
		default:
		}
		value := newProblem(problemKind(kind), "", errors...)
		value.Type = "https://orders.example.com" + value.Type
		examples[each.name] = object{"summary": each.title, "value": value}
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
