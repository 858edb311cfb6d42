package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/httpcommand"
)

type object = map[string]any

// document is openapi.json, with which answers are compared.
type document struct {
	root     object
	compiler *jsonschema.Compiler
	mutex    sync.Mutex
}

// openAPI returns the document. In answers no object has a member that is not in its
// schema.
var openAPI = sync.OnceValues(func() (*document, error) {
	encoded, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	d := &document{root: value.(object), compiler: jsonschema.NewCompiler()}
	for _, schema := range d.root["components"].(object)["schemas"].(object) {
		if schema := schema.(object); schema["properties"] != nil {
			schema["additionalProperties"] = false
		}
	}
	d.compiler.AssertFormat()
	return d, d.compiler.AddResource("openapi.json", value)
})

// resolve returns a part of the document, or what it refers to.
func (d *document) resolve(part any) object {
	found, _ := part.(object)
	if ref, refers := found["$ref"].(string); refers {
		found = d.root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			found, _ = found[name].(object)
		}
	}
	return found
}

// operation returns the operation that a request of a method to a route is, and a pointer
// to it. A route is a pattern of the API's mux.
func (d *document) operation(method, route string) (name string, pointer []string) {
	item, has := d.root["paths"].(object)[route].(object)
	switch {
	case !has:
		return "other path", []string{"x-other-paths"}
	case item[strings.ToLower(method)] == nil:
		return "other method of " + route, []string{"paths", route, "x-other-methods"}
	}
	return method + " " + route, []string{"paths", route, strings.ToLower(method)}
}

func (d *document) at(pointer []string) object {
	found := d.root
	for _, name := range pointer {
		found = d.resolve(found[name])
	}
	return found
}

// validate validates a value with the schema at a pointer.
func (d *document) validate(pointer []string, value any) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	escaped := ""
	for _, name := range pointer {
		escaped += "/" + url.PathEscape(strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
	schema, err := d.compiler.Compile("openapi.json#" + escaped)
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// check returns which answer of the document an answer is, and an error if it is none.
func (d *document) check(method, route string, answer *httptest.ResponseRecorder) (string, error) {
	name, pointer := d.operation(method, route)
	status := strconv.Itoa(answer.Code)
	name += " " + status
	pointer = append(pointer, "responses", status)
	response := d.at(pointer)
	if response == nil {
		return name, errors.New("the status is not documented")
	}
	if err := d.checkHeader(response, answer.Header()); err != nil {
		return name, err
	}
	contents, has := response["content"].(object)
	if !has && method == http.MethodHead {
		return name, nil
	}
	mediaType := answer.Header().Get("Content-Type")
	content, has := contents[mediaType].(object)
	if !has {
		return name, fmt.Errorf("the content type %q is not documented", mediaType)
	}
	var value any = answer.Body.String()
	if strings.HasSuffix(mediaType, "json") {
		decoded, err := jsonschema.UnmarshalJSON(answer.Body)
		if err != nil {
			return name, err
		}
		value = decoded
	}
	if examples, has := content["examples"].(object); has && mediaType == "application/problem+json" {
		problemType, _ := value.(object)["type"].(string)
		problem := problemType[strings.LastIndexByte(problemType, '/')+1:]
		if name += " " + problem; examples[problem] == nil {
			return name, errors.New("the problem is not documented")
		}
	}
	return name, d.validate(append(pointer, "content", mediaType, "schema"), value)
}

// checkHeader compares the header fields of an answer with those of the document.
func (d *document) checkHeader(response object, got http.Header) error {
	headers, _ := response["headers"].(object)
	for field := range got {
		if headers[field] == nil && field != "Content-Type" {
			return fmt.Errorf("the header %s is not documented", field)
		}
	}
	for field, header := range headers {
		header := d.resolve(header)
		if constant := header["schema"].(object)["const"]; constant != nil && got.Get(field) != constant {
			return fmt.Errorf("the header %s is %q, not %q", field, got.Get(field), constant)
		}
		if header["required"] == true && got.Get(field) == "" {
			return fmt.Errorf("the header %s is missing", field)
		}
	}
	return nil
}

// documented returns the names of all answers in the document.
func (d *document) documented() []string {
	var names []string
	add := func(method, route string) {
		name, pointer := d.operation(method, route)
		for status, response := range d.at(pointer)["responses"].(object) {
			content, _ := response.(object)["content"].(object)
			problems, has := content["application/problem+json"].(object)
			if !has {
				names = append(names, name+" "+status)
				continue
			}
			for problem := range problems["examples"].(object) {
				names = append(names, name+" "+status+" "+problem)
			}
		}
	}
	add(http.MethodGet, "/")
	for route, item := range d.root["paths"].(object) {
		add("x", route)
		for method := range item.(object) {
			if !strings.HasPrefix(method, "x-") {
				add(strings.ToUpper(method), route)
			}
		}
	}
	return slices.Sorted(slices.Values(names))
}

// answers are the names of answers.
type answers struct {
	mutex sync.Mutex
	names map[string]bool
}

func (a *answers) add(name string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.names == nil {
		a.names = make(map[string]bool)
	}
	a.names[name] = true
}

// documented returns a handler that checks that each answer is in openapi.json, and that
// the type of a problem is an address that the API answers.
func (s *shop) documented(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
		if err := resolves(handler, answer.Body.Bytes()); err != nil {
			s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		s.checkDocumented(r.Method, r.Pattern, answer)
	})
}

func (s *shop) checkDocumented(method, route string, answer *httptest.ResponseRecorder) {
	document, err := openAPI()
	if err != nil {
		s.t.Error(err)
		return
	}
	name, err := document.check(method, route, answer)
	if err != nil {
		s.t.Errorf("openapi.json has no such answer (%s): %v", name, err)
	}
	s.answers.add(name)
}

// resolves checks that the type of a problem is the address of its title.
func resolves(handler http.Handler, body []byte) error {
	var problem struct{ Type, Title string }
	isJSON := json.Unmarshal(body, &problem) == nil
	if !isJSON || !strings.Contains(problem.Type, "/problems/") {
		return nil
	}
	address, err := url.Parse(problem.Type)
	if err != nil {
		return err
	}
	if !address.IsAbs() || address.Host == "" {
		return fmt.Errorf("the type %q is not absolute", problem.Type)
	}
	page := httptest.NewRecorder()
	handler.ServeHTTP(page, &http.Request{Method: http.MethodGet, URL: address, Host: address.Host})
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), problem.Title) {
		return fmt.Errorf("%s is answered by %d %s", problem.Type, page.Code, page.Body)
	}
	return nil
}

func TestEveryDocumentedAnswerOccurs(t *testing.T) {
	s := newShop(t)
	erased := "/orders/" + s.placeAndErase("key-1")
	ended := "/orders/" + s.place()
	s.send(http.MethodPost, ended+"/cancellation", "")
	s.handle(ended[len("/orders/"):], "refused", contract.CancellationRefused{})
	s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-2")
	s.send(http.MethodPost, "/orders", with("card", "cash"), "Idempotency-Key: key-2")
	s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	for _, bad := range badRequests() {
		s.send(bad.method, bad.path, bad.body, bad.headers...)
	}
	for _, path := range []string{erased, ended} {
		s.send(http.MethodPost, path+"/cancellation", "")
	}
	running := "/orders/" + s.place()
	for _, body := range []string{"{", "[]", `{"reason": "x"}`, strings.Repeat(" ", 65_537), "\x1f\x8b"} {
		s.send(http.MethodPost, running+"/cancellation", body)
		s.send(http.MethodPost, "/orders", body)
	}
	s.send(http.MethodPost, running+"/cancellation", "{}", "Content-Type: text/plain")
	for _, path := range []string{"/orders", running + "/cancellation"} {
		s.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, iotest.ErrReader(errors.New("closed"))))
	}
	s.store.err = errors.New("the table is unavailable")
	s.send(http.MethodPost, "/orders", goodOrder)
	s.send(http.MethodPost, running+"/cancellation", "")
	s.read(running)
	s.store.err = nil
	for _, path := range []string{running, erased, "/orders/" + unknownID, "/problems/json", "/problems/none", "/openapi.json", "/nowhere"} {
		s.read(path)
		s.serve(t, http.MethodPatch, path, "", http.Header{})
	}
	s.serve(t, http.MethodPatch, running+"/cancellation", "", http.Header{})
	s.sendBadPath()

	document, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(document.documented(), slices.Sorted(maps.Keys(s.answers.names))); diff != "" {
		t.Errorf("answers (- documented, + occurred):\n%s", diff)
	}
}

// read reads a path with each method that reads.
func (s *shop) read(path string) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		s.serve(s.t, method, path, "", http.Header{})
	}
}

// sendBadPath sends a path that does not get as far as the handler.
func (s *shop) sendBadPath() {
	in := events.LambdaFunctionURLRequest{RawPath: "/%zz"}
	in.RequestContext.HTTP.Method, in.RequestContext.DomainName = http.MethodGet, "example.com"
	out, err := httpcommand.Lambda(s.handler)(s.t.Context(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	for field, value := range out.Headers {
		answer.Header().Set(field, value)
	}
	answer.WriteHeader(out.StatusCode)
	answer.WriteString(out.Body)
	s.checkDocumented(http.MethodGet, "", answer)
}

func TestEveryExampleInTheDocumentIsValid(t *testing.T) {
	document, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	var walk func(pointer []string, part any)
	walk = func(pointer []string, part any) {
		content, _ := part.(object)
		check := func(example any) {
			count++
			if err := document.validate(append(slices.Clone(pointer), "schema"), example); err != nil {
				t.Errorf("%s: %v", pointer, err)
			}
		}
		if example, has := content["example"]; has {
			check(example)
		}
		if examples, has := content["examples"].(object); has && content["schema"] != nil {
			for _, example := range examples {
				check(document.resolve(example)["value"])
			}
		}
		for name, below := range content {
			walk(append(slices.Clone(pointer), name), below)
		}
	}
	walk(nil, document.root)
	if count < 40 {
		t.Errorf("only %d examples were found", count)
	}
}

func TestAnAnswerThatIsNotDocumentedIsFound(t *testing.T) {
	document, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	const problem = `{"type": "https://x/problems/%s", "title": "x", "status": %d, "detail": "x"}`
	const good = `{"orderId": "6f1c1c0e-3c1b-5d5a-8f0a-1d2c3b4a5968", "status": "placed", "correlationId": "x"}`
	for name, test := range map[string]struct {
		status    int
		mediaType string
		body      string
		headers   []string
		isGood    bool
	}{
		"an answer":                   {202, "application/json", good, []string{"Location"}, true},
		"another status":              {201, "application/json", good, []string{"Location"}, false},
		"no header":                   {202, "application/json", good, nil, false},
		"another header":              {202, "application/json", good, []string{"Location", "Link"}, false},
		"another media type":          {202, "text/json", good, []string{"Location"}, false},
		"another member":              {202, "application/json", strings.Replace(good, "{", `{"a": 1, `, 1), []string{"Location"}, false},
		"no member":                   {202, "application/json", `{}`, []string{"Location"}, false},
		"another value":               {202, "application/json", strings.Replace(good, "placed", "lost", 1), []string{"Location"}, false},
		"a problem":                   {503, "application/problem+json", fmt.Sprintf(problem, "unavailable", 503), []string{"Retry-After"}, true},
		"a problem of another status": {503, "application/problem+json", fmt.Sprintf(problem, "unavailable", 500), []string{"Retry-After"}, false},
		"another problem":             {503, "application/problem+json", fmt.Sprintf(problem, "erased", 503), []string{"Retry-After"}, false},
	} {
		answer := httptest.NewRecorder()
		answer.Header().Set("Content-Type", test.mediaType)
		answer.Header().Set("Cache-Control", "no-store")
		for _, field := range test.headers {
			answer.Header().Set(field, "1")
		}
		answer.WriteHeader(test.status)
		answer.WriteString(test.body)
		if _, err := document.check(http.MethodPost, "/orders", answer); (err == nil) != test.isGood {
			t.Errorf("%s: %v", name, err)
		}
	}
}
