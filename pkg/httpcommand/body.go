package httpcommand

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"example.com/saga/pkg/ijson"
	"example.com/saga/pkg/jsonschema"
)

// MaximumErrors is how many errors an answer has.
const MaximumErrors = 100

// Body is the JSON body of a request. Schema is required.
type Body struct {
	// Schema must have "additionalProperties": false in every object, because a member that
	// is not read is an error of the client.
	Schema *jsonschema.Schema
	// Invalid is the name of the type of problems of a body that breaks its schema, by
	// default InvalidBody.
	Invalid string
	// Check returns errors beyond the schema, or is nil. The value is as encoding/json
	// decodes it, with json.Number, and may break the schema.
	Check func(value any) []FieldError
	// Empty is true if the schema accepts the empty object alone. Then the body may be
	// left out.
	Empty bool
}

// problems returns the names of the types of problems of a body. A member of an empty
// object is unknown before it is repeated.
func (b *Body) problems() []string {
	if b == nil {
		return nil
	}
	names := []string{UnreadableBody, NotJSON, UnknownField, TooLarge, MediaType, ContentEncoding, b.invalid()}
	if !b.Empty {
		names = append(names, NoBody, RepeatedField)
	}
	return names
}

func (b *Body) invalid() string { return cmp.Or(b.Invalid, InvalidBody) }

// Read reads and checks the body, and decodes it into a pointer unless that is nil. An integer
// may be written in any way, such as 5.0. A body that may be left out and is decodes nothing.
// The error is an *Error unless the pointer does not fit the schema.
func (r *Request) Read(into any) error {
	if r.route.Body == nil {
		return errors.New("the route has no Body")
	}
	text, err := r.readBody()
	if err != nil {
		return err
	}
	if len(text) == 0 {
		if r.route.Body.Empty {
			return nil
		}
		return &Error{Type: NoBody, Detail: "Send the " + r.route.Noun + " as a JSON object."}
	}
	value, err := decode(text)
	if err != nil {
		return err
	}
	if err := r.route.Body.check(text, value); err != nil || into == nil {
		return err
	}
	plain, err := json.Marshal(plainIntegers(value))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, into)
}

// plainIntegers returns a value whose integers encoding/json decodes into an int. In JSON
// Schema 5, 5.0 and 0.5e1 are one integer.
func plainIntegers(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = plainIntegers(member)
		}
	case []any:
		for i, element := range value {
			value[i] = plainIntegers(element)
		}
	case json.Number:
		if integer, err := jsonschema.Integer(value.String()); err == nil {
			return integer
		}
	}
	return value
}

// readBody returns the body, which is JSON if there is one. White space alone is no body.
func (r *Request) readBody() ([]byte, error) {
	maximum := r.api.config.MaximumBody
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(maximum)+1))
	switch {
	case err != nil:
		return nil, &Error{Type: UnreadableBody}
	case len(body) > maximum:
		return nil, &Error{Type: TooLarge}
	case isEncoded(r.Header, body):
		return nil, &Error{Type: ContentEncoding, Value: "identity"}
	}
	// A form on another site can post an empty body too, but only with a content type of a
	// form.
	types := r.Header.Values("Content-Type")
	if len(body) > 0 || len(types) > 0 {
		if explanation := checkContentType(types); explanation != "" {
			return nil, &Error{Type: MediaType, Detail: explanation, Value: "application/json"}
		}
	}
	return bytes.TrimSpace(body), nil
}

// isEncoded reports whether a body is declared to be encoded, or is gzip. If the body was
// passed on as text, the second byte of gzip has become U+FFFD.
func isEncoded(header http.Header, body []byte) bool {
	encoding := strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ","))
	return encoding != "" && !strings.EqualFold(encoding, "identity") ||
		bytes.HasPrefix(body, []byte("\x1f\x8b")) || bytes.HasPrefix(body, []byte("\x1f\uFFFD"))
}

// checkContentType returns what is wrong with the values of a Content-Type, or "".
func checkContentType(values []string) string {
	if len(values) != 1 {
		return "Send the body as application/json, with one Content-Type."
	}
	mediaType, parameters, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != "application/json" {
		return "Send the body as application/json."
	}
	if charset, has := parameters["charset"]; has && !strings.EqualFold(charset, "utf-8") {
		return "The charset must be UTF-8, or left out."
	}
	return ""
}

// decode decodes a JSON text, to be checked by a schema.
func decode(text []byte) (any, error) {
	switch {
	case !utf8.Valid(text):
		return nil, &Error{Type: NotJSON, Detail: "The body is not UTF-8."}
	case bytes.HasPrefix(text, []byte("\uFEFF")):
		return nil, &Error{Type: NotJSON, Detail: "The body begins with a byte order mark, which is not JSON."}
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, &Error{Type: NotJSON, Detail: "The body is not valid JSON: " + err.Error() + "."}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{Type: NotJSON, Detail: "There is more than one JSON value in the body."}
	}
	return value, nil
}

// check returns an *Error if a body has errors, or if readers differ about it.
func (b *Body) check(text []byte, value any) error {
	violations := b.Schema.Validate(value)
	errs := explain(violations)
	if b.Check != nil {
		errs = append(errs, b.Check(value)...)
	}
	if len(errs) > 0 {
		p := &Error{Type: b.invalid(), Errors: errs[:min(len(errs), MaximumErrors)]}
		if slices.ContainsFunc(violations, func(v jsonschema.Violation) bool { return v.Keyword == "additionalProperties" }) {
			p.Type = UnknownField
		}
		if len(errs) > MaximumErrors {
			p.Detail = fmt.Sprintf("Only the first %d errors are listed.", MaximumErrors)
		}
		return p
	}
	if ambiguous, ok := errors.AsType[*ijson.Error](ijson.Check(text)); ok {
		p := &Error{Type: b.invalid(), Errors: []FieldError{{ambiguous.Pointer, "is " + ambiguous.Reason}}}
		if ambiguous.IsRepeated {
			p.Type = RepeatedField
		}
		return p
	}
	return nil
}

// explain returns the errors of violations, sorted by place. A violation has one, or one for
// each member.
func explain(violations []jsonschema.Violation) []FieldError {
	type placed struct {
		place []string
		rule  string
	}
	var all []placed
	for _, v := range violations {
		if len(v.Names) == 0 {
			all = append(all, placed{v.Place, rule(v)})
		}
		for _, name := range v.Names {
			all = append(all, placed{slices.Concat(v.Place, []string{name}), rule(v)})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return slices.CompareFunc(a.place, b.place, func(x, y string) int {
			// A shorter index is a smaller one.
			return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
		})
	})
	errs := make([]FieldError, len(all))
	for i, each := range all {
		errs[i] = NewFieldError(each.rule, each.place...)
	}
	return errs
}

// rule returns the rule of the schema that a value breaks.
func rule(v jsonschema.Violation) string {
	switch v.Keyword {
	case "required":
		return "is missing"
	case "additionalProperties":
		return "is not a member of the schema"
	case "type":
		return "must be of type " + v.Want
	case "minItems":
		return "must have at least " + v.Want + " elements"
	case "maxItems":
		return "must have at most " + v.Want + " elements"
	case "minLength":
		return "must have at least " + v.Want + " characters"
	case "maxLength":
		return "must have at most " + v.Want + " characters"
	case "minimum":
		return "must be at least " + v.Want
	case "maximum":
		return "must be at most " + v.Want
	}
	if v.Description == "" {
		return "breaks the rule " + v.Keyword + " of the schema"
	}
	return "must be " + v.Description
}
