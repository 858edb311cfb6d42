package assembly

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// Harmless is a property that the local cloud accepts and that has no effect
// there, or several; the field's tag why is the reason.
type Harmless struct{}

// decode fills the struct that into points to. Its fields' cfn tags name the
// properties, and ",required" marks those that CloudFormation insists on. A
// values tag lists the supported values if not all are. Every property that the
// struct does not have is a problem, and every value that AWS does not allow: its
// field keeps its zero value. The properties with a problem or an unresolved part are
// returned by their names.
func decode(value any, into any, allowed limits) (refused map[string]bool, problems []error) {
	d := decoder{allowed: allowed, refused: map[string]bool{}}
	d.fill("", value, reflect.ValueOf(into).Elem())
	return d.refused, d.problems
}

type decoder struct {
	allowed  limits
	refused  map[string]bool
	problems []error
}

func (d *decoder) refuse(path, format string, args ...any) {
	d.add(path, fmt.Errorf("property %s "+format, append([]any{path}, args...)...))
}

func (d *decoder) add(path string, problem error) {
	d.mark(path)
	d.problems = append(d.problems, problem)
}

// mark notes the property to which a path leads.
func (d *decoder) mark(path string) {
	name, _, _ := strings.Cut(path, ".")
	name, _, _ = strings.Cut(name, "[")
	d.refused[name] = true
}

func (d *decoder) fill(path string, value any, into reflect.Value) {
	if _, failed := value.(unresolved); failed {
		d.mark(path)
		return
	}
	allowed := d.allowed.at(path)
	if problem := allowed.problem(value); problem != "" {
		d.refuse(path, "%s", problem)
		return
	}
	if into.Type() == reflect.TypeFor[Harmless]() {
		d.harmless(path, value, allowed, into)
		return
	}
	if into.Type() == reflect.TypeFor[json.RawMessage]() {
		d.json(path, value, into)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.object(path, value, into)
	case reflect.Pointer:
		made, before := reflect.New(into.Type().Elem()), len(d.problems)
		if d.fill(path, value, made.Elem()); len(d.problems) == before || made.Elem().Kind() == reflect.Struct {
			into.Set(made)
		}
	case reflect.Slice:
		d.list(path, value, into)
	case reflect.Map:
		d.texts(path, value, into)
	case reflect.Interface:
		d.markUnresolved(path, value)
		into.Set(reflect.ValueOf(value))
	default:
		d.scalar(path, value, into)
	}
}

// member is where a member of an object goes, and what is known of it.
type member struct {
	into       reflect.Value
	values     []string
	isRequired bool
}

// members returns what an object may have: what a struct has fields for, or what AWS
// has where it has no effect.
func (d *decoder) members(path string, into reflect.Value) map[string]member {
	all := map[string]member{}
	for field, target := range into.Fields() {
		for name, isRequired := range namesOf(field) {
			all[name] = member{target, valuesOf(field), isRequired}
		}
	}
	if into.Type() != reflect.TypeFor[Harmless]() {
		return all
	}
	allowed := d.allowed.at(path)
	prefix := everyItem(path) + "."
	for other := range d.allowed {
		name, isMember := strings.CutPrefix(other, prefix)
		if isMember && !strings.ContainsAny(name, ".[") {
			all[name] = member{into: into, isRequired: slices.Contains(allowed.Required, name)}
		}
	}
	return all
}

func (d *decoder) object(path string, value any, into reflect.Value) {
	object, ok := value.(map[string]any)
	if !ok {
		d.refuse(path, "must be an object")
		return
	}
	known := d.members(path, into)
	for _, name := range sortedKeys(known) {
		if _, given := object[name]; !given && known[name].isRequired {
			d.refuse(join(path, name), "is required")
		}
	}
	for _, name := range sortedKeys(object) {
		at, value := join(path, name), object[name]
		switch to, exists := known[name]; {
		case !exists:
			d.add(at, unsupported.Errorf("property %s is not supported by the local cloud%s", at, advice()[at]))
		case to.values == nil || d.isSupported(at, value, to.values):
			d.fill(at, value, to.into)
		}
	}
}

// harmless checks a value that has no effect, of which AWS's limits are all that is
// known.
func (d *decoder) harmless(path string, value any, allowed limit, into reflect.Value) {
	scalars := map[string]reflect.Type{
		"string": reflect.TypeFor[string](), "boolean": reflect.TypeFor[bool](),
		"integer": reflect.TypeFor[int](), "number": reflect.TypeFor[float64](),
	}
	switch items, isList := value.([]any); {
	case scalars[allowed.Type] != nil:
		d.scalar(path, value, reflect.New(scalars[allowed.Type]).Elem())
	case allowed.Type == "array" && !isList:
		d.refuse(path, "must be a list")
	case isList:
		for i, item := range items {
			d.fill(fmt.Sprintf("%s[%d]", path, i), item, into)
		}
	case allowed.Type == "object":
		d.object(path, value, into)
	}
}

// advice is what helps instead of a property that is not supported.
func advice() map[string]string {
	const folder = "an asset of the assembly: see localcloud/README.md#without-cdk"
	return map[string]string{
		"Code.ImageUri": ": put the program into a folder, " + folder,
		"Code.ZipFile":  ": put the code into a file in a folder, " + folder,
		"Layers":        ": copy what the layers have into the function's folder",
	}
}

// isSupported refuses a text, or a text of a list, that is not among the supported
// values.
func (d *decoder) isSupported(path string, value any, supported []string) bool {
	isSupported := true
	switch value := value.(type) {
	case string:
		if isSupported = slices.Contains(supported, value); !isSupported {
			d.add(path, unsupported.Errorf("property %s: the value %q is not supported by the local cloud", path, value))
		}
	case []any:
		for _, item := range value {
			isSupported = d.isSupported(path, item, supported) && isSupported
		}
	}
	return isSupported
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d *decoder) list(path string, value any, into reflect.Value) {
	items, ok := value.([]any)
	if !ok {
		d.refuse(path, "must be a list")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		d.fill(fmt.Sprintf("%s[%d]", path, i), item, into.Index(i))
	}
}

// texts fills a map of texts. Its keys are the template's own, not names of
// properties.
func (d *decoder) texts(path string, value any, into reflect.Value) {
	object, ok := value.(map[string]any)
	if !ok {
		d.refuse(path, "must be an object")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, name := range sortedKeys(object) {
		text := reflect.New(into.Type().Elem()).Elem()
		d.fill(join(path, name), object[name], text)
		into.SetMapIndex(reflect.ValueOf(name), text)
	}
}

// markUnresolved marks a document with an unresolved part.
func (d *decoder) markUnresolved(path string, value any) {
	switch value := value.(type) {
	case unresolved:
		d.mark(path)
	case []any:
		for _, item := range value {
			d.markUnresolved(path, item)
		}
	case map[string]any:
		for _, item := range value {
			d.markUnresolved(path, item)
		}
	}
}

// json fills a JSON value, which may be given as its text.
func (d *decoder) json(path string, value any, into reflect.Value) {
	d.markUnresolved(path, value)
	text, isText := value.(string)
	content := []byte(text)
	if !isText {
		var err error
		if content, err = json.Marshal(value); err != nil {
			d.refuse(path, "must be JSON: %w", err)
		}
	}
	into.SetBytes(content)
}

// scalar fills a text, a number or a boolean. CloudFormation takes the text of a
// number or a boolean for it, and the other way round.
func (d *decoder) scalar(path string, value any, into reflect.Value) {
	text, err := plainText(value)
	if err == nil {
		err = setText(text, into)
	}
	if err != nil {
		d.refuse(path, "must be of type %s, and is %v", into.Kind(), value)
	}
}

func setText(text string, into reflect.Value) error {
	switch into.Kind() {
	case reflect.Bool:
		flag := strings.EqualFold(text, "true")
		into.SetBool(flag)
		if !flag && !strings.EqualFold(text, "false") {
			return strconv.ErrSyntax
		}
	case reflect.Float64:
		fraction, err := strconv.ParseFloat(text, 64)
		into.SetFloat(fraction)
		return err
	case reflect.Int:
		whole, err := strconv.ParseInt(text, 10, 64)
		into.SetInt(whole)
		return err
	default: // No property is of another type than these and a text.
		into.SetString(text)
	}
	return nil
}
