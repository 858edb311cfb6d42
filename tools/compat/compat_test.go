package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/tools/internal/goapi"
	"example.com/saga/tools/internal/repository"
)

const (
	common = `{
		"$id": "https://x/common",
		"$defs": {
			"reason": {"anyOf": [{"const": "a"}, {"$ref": "#/$defs/others"}]},
			"others": {"enum": ["b", "c"]},
			"either": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/amount"}]},
			"amount": {"type": "integer", "minimum": 1, "maximum": 9}
		}
	}`
	placed = `{
		"$id": "https://x/placed", "type": "object", "required": ["id", "items"],
		"properties": {
			"id": {"type": "string", "maxLength": 5, "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
			"note": {"title": "A note", "type": "string"},
			"reason": {"$ref": "https://x/common#/$defs/reason"},
			"either": {"$ref": "https://x/common#/$defs/either"},
			"items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}}
		},
		"$defs": {"item": {"type": "object", "additionalProperties": false, "properties": {"amount": {"$ref": "https://x/common#/$defs/amount"}}}}
	}`
	api = `{
		"openapi": "3.1.1",
		"paths": {
			"/orders": {
				"x-other-methods": {},
				"post": {
					"parameters": [{"name": "Key", "in": "header", "schema": {"type": "string"}}],
					"security": [{"iam": []}, {}],
					"requestBody": {"required": false, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
					"responses": {
						"202": {
							"headers": {"Location": {"required": true, "schema": {"type": "string"}}},
							"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}
						},
						"422": {"content": {"application/problem+json": {"schema": {}, "examples": {"order": {}, "key": {}}}}}
					}
				}
			}
		},
		"components": {"schemas": {
			"Order": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "note": {"enum": ["x", "y"]}, "amount": {"type": "integer", "maximum": 9}}},
			"Answer": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "status": {"enum": ["x", "y"]}, "amount": {"type": "integer", "maximum": 9}}}
		}}
	}`
	events = `{"channels": {"bus": {}}, "operations": {"send": {}}, "components": {"messages": {"placed": {}}}}`
)

func documents() map[string]string {
	return map[string]string{
		eventSchemas + "common.json": common, eventSchemas + "placed.json": placed, openAPI: api, asyncAPI: events, requestSchemas + "order.json": `{"type": "object"}`,
	}
}

// compareEdited compares the documents with edited ones.
func compareEdited(t *testing.T, before map[string]string, part, replacement string) []string {
	t.Helper()
	decoded, edited := make(map[string]object), make(map[string]object)
	found := false
	for name, text := range before {
		found = found || strings.Contains(text, part)
		decoded[name], edited[name] = decode(t, text), decode(t, strings.Replace(text, part, replacement, 1))
	}
	if !found {
		t.Fatalf("no document has %s", part)
	}
	return compare(decoded, edited)
}

func decode(t *testing.T, text string) object {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var document object
	if err := decoder.Decode(&document); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return document
}

func TestABreakingChangeIsFound(t *testing.T) {
	const (
		event  = eventSchemas + "placed.json#"
		item   = event + "/properties/items/items"
		post   = openAPI + "#/paths/~1orders/post"
		order  = post + "/requestBody/content/application~1json/schema"
		answer = post + "/responses/202/content/application~1json/schema"
	)
	for name, test := range map[string]struct {
		part, replacement string
		want              []string
	}{
		"a removed member of an event":   {`"note": {"title": "A note", "type": "string"},`, ``, []string{event + "/properties/note: the member is removed"}},
		"a required member is removed":   {`"id": {"type": "string", "maxLength": 5, "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},`, ``, []string{event + "/properties/id: the member is removed"}},
		"a member of an event retyped":   {`"title": "A note", "type": "string"`, `"type": "integer"`, []string{event + `/properties/note/type: was "string" and is "integer"`}},
		"a member that is now required":  {`["id", "items"]`, `["id", "items", "note"]`, []string{event + "/properties/note: the member is required, and was not"}},
		"a new required member":          {`"required": ["id", "items"],`, `"required": ["id", "items", "new"],`, []string{event + "/properties/new: the member is required, and was not"}},
		"a member that is now optional":  {`["id", "items"]`, `["id"]`, []string{event + "/properties/items: the member is optional, and was always there"}},
		"a removed value of an event":    {`["b", "c"]`, `["b"]`, []string{event + `/properties/reason: the value "c" is removed`}},
		"a new value of an event":        {`{"const": "a"}`, `{"const": "a"}, {"const": "d"}`, []string{event + `/properties/reason: the value "d" is new, and the values are listed`}},
		"values that are not listed":     {`{"$ref": "https://x/common#/$defs/reason"}`, `{"type": "string"}`, []string{event + "/properties/reason/type: was nothing and is \"string\"", event + "/properties/reason: the values are listed no more"}},
		"a tighter limit":                {`"maxLength": 5`, `"maxLength": 4`, []string{event + "/properties/id/maxLength: was 5 and is 4"}},
		"a wider limit of an event":      {`"minItems": 1`, `"minItems": 0`, []string{event + "/properties/items/minItems: was 1 and is 0"}},
		"a limit that is removed":        {`"maxLength": 5, `, ``, []string{event + "/properties/id/maxLength: was 5 and is nothing"}},
		"another pattern":                {`"^a"`, `"^b"`, []string{event + `/properties/id: a value may lack the pattern "^a"`, event + `/properties/id: a value must have the pattern "^b"`}},
		"a referred limit":               {`"minimum": 1`, `"minimum": 2`, []string{event + `/properties/either/anyOf: was [{"type":"string"},{"$ref":{"maximum":9,"minimum":1,"type":"integer"}}] and is [{"type":"string"},{"$ref":{"maximum":9,"minimum":2,"type":"integer"}}]`, item + "/properties/amount/minimum: was 1 and is 2"}},
		"a new member of a closed event": {`"properties": {"amount": {"$ref"`, `"properties": {"new": {}, "amount": {"$ref"`, []string{item + "/properties/new: the member is new, and others were excluded"}},
		"a closed object is open":        {`"additionalProperties": false, `, ``, []string{item + "/additionalProperties: other members are possible, and were not"}},
		"elements of any kind":           {`"minItems": 1, "items": {"$ref": "#/$defs/item"}`, `"minItems": 1`, []string{event + "/properties/items/items: is changed"}},
		"a keyword of unknown effect":    {`"type": "array"`, `"type": "array", "uniqueItems": true`, []string{event + "/properties/items/uniqueItems: was nothing and is true"}},

		"a removed path":                    {`"/orders": {`, `"/order": {`, []string{openAPI + "#/paths/~1orders: is removed"}},
		"a removed method":                  {`"post": {`, `"put": {`, []string{post + ": is removed"}},
		"a removed status":                  {`"202": {`, `"201": {`, []string{post + "/responses/202: is removed"}},
		"a removed problem type":            {`"key": {}`, `"keys": {}`, []string{post + "/responses/422/content/application~1problem+json/examples/key: is removed"}},
		"another media type":                {`"application/problem+json": {`, `"text/plain": {`, []string{post + "/responses/422/content/application~1problem+json: is removed"}},
		"a removed header":                  {`"Location": {"r`, `"Link": {"r`, []string{post + "/responses/202/headers/Location: is removed"}},
		"a header that is now optional":     {`"Location": {"required": true, `, `"Location": {`, []string{post + "/responses/202/headers/Location: is optional, and was always there"}},
		"a removed parameter":               {`"name": "Key"`, `"name": "Other"`, []string{post + "/parameters/header Key: is removed"}},
		"a parameter that is now required":  {`"name": "Key", `, `"name": "Key", "required": true, `, []string{post + "/parameters/header Key: is required, and was not"}},
		"a parameter retyped":               {`"in": "header", "schema": {"type": "string"}`, `"in": "header", "schema": {"type": "integer"}`, []string{post + `/parameters/header Key/schema/type: was "string" and is "integer"`}},
		"credentials that are refused":      {`"security": [{"iam": []}, {}]`, `"security": [{"iam": []}]`, []string{post + "/security: {} is removed"}},
		"a body that is required":           {`"requestBody": {"required": false`, `"requestBody": {"required": true`, []string{post + "/requestBody: is required, and was not"}},
		"no body":                           {`"requestBody": {"required"`, `"x-body": {"required"`, []string{post + "/requestBody: is removed"}},
		"a required member of a request":    {`"required": ["sku"]`, `"required": ["sku", "note"]`, []string{order + "/properties/note: the member is required, and was not"}},
		"a removed value of a request":      {`"note": {"enum": ["x", "y"]}`, `"note": {"enum": ["x"]}`, []string{order + `/properties/note: the value "y" is removed`}},
		"a tighter limit of a request":      {`"maximum": 9}}},`, `"maximum": 8}}},`, []string{order + "/properties/amount/maximum: was 9 and is 8"}},
		"a request without other members":   {`"Order": {`, `"Order": {"additionalProperties": false, `, []string{order + "/additionalProperties: other members are excluded, and were not"}},
		"a removed member of an answer":     {`"id": {"type": "string"}, "status"`, `"status"`, []string{answer + "/properties/id: the member is removed"}},
		"an optional member of an answer":   {`"required": ["id"],`, ``, []string{answer + "/properties/id: the member is optional, and was always there"}},
		"a new value of an answer":          {`"status": {"enum": ["x", "y"]}`, `"status": {"enum": ["x", "y", "z"]}`, []string{answer + `/properties/status: the value "z" is new, and the values are listed`}},
		"a removed channel":                 {`"bus"`, `"buses"`, []string{asyncAPI + "#/channels/bus: is removed"}},
		"a removed operation of the events": {`"send"`, `"sent"`, []string{asyncAPI + "#/operations/send: is removed"}},
		"a removed message":                 {`"placed": {}`, `"x": {}`, []string{asyncAPI + "#/components/messages/placed: is removed"}},
	} {
		if diff := cmp.Diff(test.want, compareEdited(t, documents(), test.part, test.replacement)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestACompatibleChangeIsNotFound(t *testing.T) {
	for name, edit := range map[string][2]string{
		"nothing":                               {`"openapi"`, `"openapi"`},
		"a title":                               {`"title": "A note"`, `"title": "Another", "description": "x", "examples": ["x"]`},
		"an optional member of an event":        {`"note": {"title"`, `"new": {"type": "string"}, "note": {"title"`},
		"the same limits elsewhere":             {`"maxLength": 5, "allOf": [`, `"allOf": [{"maxLength": 5}, {"type": "string"}, `},
		"the same values in another form":       {`{"anyOf": [{"const": "a"}, {"$ref": "#/$defs/others"}]}`, `{"enum": ["c", "b", "a"]}`},
		"a number in another form":              {`"minItems": 1`, `"minItems": 1.0`},
		"an optional parameter":                 {`"parameters": [`, `"parameters": [{"name": "new", "in": "query"}, `},
		"an optional member of a request":       {`"note": {"enum"`, `"new": {}, "note": {"enum"`},
		"a required member that is now not":     {`"required": ["sku"], `, ``},
		"a new value of a request":              {`"note": {"enum": ["x", "y"]}`, `"note": {"enum": ["x", "y", "z"]}`},
		"a wider limit of a request":            {`"maximum": 9}}},`, `"maximum": 10}}},`},
		"a new member of an answer":             {`"status": {"enum"`, `"new": {}, "status": {"enum"`},
		"a member that is now always there":     {`"required": ["id"]`, `"required": ["id", "status"]`},
		"a value of an answer that is not used": {`"status": {"enum": ["x", "y"]}`, `"status": {"enum": ["x"]}`},
		"a tighter limit of an answer":          {"\"maximum\": 9}}}\n", "\"maximum\": 8}}}\n"},
		"a new path":                            {`"paths": {`, `"paths": {"/new": {}, `},
		"a new method":                          {`"post": {`, `"get": {}, "post": {`},
		"a new status":                          {`"202": {`, `"409": {}, "202": {`},
		"a new problem type":                    {`"key": {}`, `"key": {}, "new": {}`},
		"a new header":                          {`"Location": {"r`, `"Link": {}, "Location": {"r`},
		"new credentials":                       {`[{"iam": []}, {}]`, `[{}, {"token": []}, {"iam": []}]`},
		"a new channel":                         {`"bus"`, `"new": {}, "bus"`},
		"the schema that the document has":      {`{"type": "object"}`, `{"type": "string"}`},
	} {
		if found := compareEdited(t, documents(), edit[0], edit[1]); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}

func TestTheSchemasOfRequestsAreComparedWithoutADocument(t *testing.T) {
	before := map[string]string{requestSchemas + "order.json": `{"type": "object", "properties": {"a": {"enum": ["x", "y"]}}}`}
	want := []string{requestSchemas + `order.json#/properties/a: the value "y" is removed`}
	if diff := cmp.Diff(want, compareEdited(t, before, `["x", "y"]`, `["z", "x"]`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// newRepository returns a repository with one commit of the documents.
func newRepository(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	writeAll(t, folder, files)
	for _, arguments := range [][]string{
		{"init", "-q"},
		{"add", "."},
		{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "x"},
	} {
		if _, err := repository.Git(t.Context(), folder, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func writeAll(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// sameAPI finds nothing.
func sameAPI(context.Context, string, string) (goapi.Changes, error) { return goapi.Changes{}, nil }

func TestABreakOfTheGoAPIIsFoundUnlessItIsAccepted(t *testing.T) {
	folder := newRepository(t, documents())
	const removed = "pkg/worker.Handler: removed"
	api := func(_ context.Context, _, release string) (goapi.Changes, error) {
		return goapi.Changes{Breaking: []string{removed + " in " + release}, Additions: []string{"pkg/worker.Batch: added"}}, nil
	}
	var out strings.Builder
	if found, err := run(t.Context(), folder, "HEAD", api, &out); err != nil || found != 1 || !strings.HasPrefix(out.String(), removed) {
		t.Errorf("%d, %v\n%s", found, err, out.String())
	}
	writeAll(t, folder, map[string]string{acceptedBreaks: "# No program has it.\n" + removed + " in HEAD\n"})
	if found, err := run(t.Context(), folder, "HEAD", api, &out); err != nil || found != 0 {
		t.Errorf("%d, %v\n%s", found, err, out.String())
	}
	failure := errors.New("it does not compile")
	failing := func(context.Context, string, string) (goapi.Changes, error) { return goapi.Changes{}, failure }
	if _, err := run(t.Context(), folder, "HEAD", failing, &out); !errors.Is(err, failure) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheWorkingTreeIsComparedWithTheRelease(t *testing.T) {
	files := documents()
	delete(files, asyncAPI)
	folder := newRepository(t, files)
	writeAll(t, folder, map[string]string{
		previousRelease: "HEAD\n", asyncAPI: events, eventSchemas + "new.json": `{}`, openAPI: strings.Replace(api, "202", "201", 1),
	})
	if err := os.Remove(filepath.Join(folder, eventSchemas, "placed.json")); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	found, err := run(t.Context(), folder, "", sameAPI, &out)
	want := asyncAPI + " is not in HEAD, so only its schemas are compared.\n" +
		eventSchemas + "placed.json: is removed\n" + openAPI + "#/paths/~1orders/post/responses/202: is removed\n" +
		"2 breaking changes since HEAD in 4 documents and the Go API.\n"
	if err != nil || found != 2 || out.String() != want {
		t.Errorf("%d, %v\n%s", found, err, out.String())
	}
}

func TestAnAcceptedBreakIsNoneAndOneThatIsNotThereIsAnError(t *testing.T) {
	folder := newRepository(t, documents())
	const removed = openAPI + "#/paths/~1orders/post/responses/202: is removed"
	writeAll(t, folder, map[string]string{
		acceptedBreaks: "# No client reads it.\n" + removed + "\n\n", openAPI: strings.Replace(api, "202", "201", 1),
	})
	var out strings.Builder
	if found, err := run(t.Context(), folder, "HEAD", sameAPI, &out); err != nil || found != 0 {
		t.Errorf("%d, %v\n%s", found, err, out.String())
	}
	writeAll(t, folder, map[string]string{openAPI: api})
	out.Reset()
	if found, err := run(t.Context(), folder, "HEAD", sameAPI, &out); err != nil || found != 1 || !strings.Contains(out.String(), "no such break") {
		t.Errorf("%d, %v\n%s", found, err, out.String())
	}
}

func TestAReleaseThatCannotBeReadIsAnError(t *testing.T) {
	folder := newRepository(t, documents())
	if _, err := run(t.Context(), folder, "", sameAPI, &strings.Builder{}); err == nil {
		t.Error("no error without " + previousRelease)
	}
	for _, ref := range []string{"no-such-tag", "--help"} {
		if _, err := run(t.Context(), folder, ref, sameAPI, &strings.Builder{}); err == nil {
			t.Errorf("no error for %s", ref)
		}
	}
	writeAll(t, folder, map[string]string{openAPI: "{"})
	if _, err := run(t.Context(), folder, "HEAD", sameAPI, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), openAPI) {
		t.Errorf("a document that is no JSON: %v", err)
	}
}
