package assembly

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/unsupported"
)

// Harmless is a property that the local cloud accepts and that has no effect
// there; the field's tag why is the reason.
type Harmless struct{}

// decode fills the struct that into points to. Its fields' cfn tags name the
// properties, and ",required" marks those that CloudFormation insists on. A
// values tag lists the supported values if not all are. Every property that the
// struct does not have is a problem.
func decode(value any, into any) []error {
	d := decoder{}
	d.fill("", value, reflect.ValueOf(into).Elem())
	return d.problems
}

type decoder struct{ problems []error }

func (d *decoder) refuse(path, format string, args ...any) {
	d.problems = append(d.problems, fmt.Errorf("property %s "+format, append([]any{path}, args...)...))
}

func (d *decoder) fill(path string, value any, into reflect.Value) {
	if _, failed := value.(unresolved); failed {
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.object(path, value, into)
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.fill(path, value, into.Elem())
	case reflect.Slice:
		d.list(path, value, into)
	case reflect.Map:
		d.texts(path, value, into)
	case reflect.Interface:
		into.Set(reflect.ValueOf(value))
	default:
		d.scalar(path, value, into)
	}
}

func (d *decoder) object(path string, value any, into reflect.Value) {
	if into.Type() == reflect.TypeFor[Harmless]() {
		return
	}
	object, ok := value.(map[string]any)
	if !ok {
		d.refuse(path, "must be an object")
		return
	}
	known, values := map[string]reflect.Value{}, map[string][]string{}
	for field, target := range into.Fields() {
		name, option, _ := strings.Cut(field.Tag.Get("cfn"), ",")
		if name == "" {
			continue
		}
		known[name], values[name] = target, valuesOf(field)
		if _, given := object[name]; !given && option == "required" {
			d.refuse(join(path, name), "is required")
		}
	}
	for _, name := range sortedKeys(object) {
		target, exists := known[name]
		if !exists {
			d.problems = append(d.problems, unsupported.Errorf("property %s is not supported by the local cloud%s", join(path, name), advice()[join(path, name)]))
			continue
		}
		d.fill(join(path, name), object[name], target)
		d.limit(join(path, name), object[name], values[name])
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

// limit refuses a text, or a text of a list, that is not among the supported
// values, if not all are supported.
func (d *decoder) limit(path string, value any, supported []string) {
	switch value := value.(type) {
	case string:
		if len(supported) > 0 && !slices.Contains(supported, value) {
			d.problems = append(d.problems, unsupported.Errorf("property %s: the value %q is not supported by the local cloud", path, value))
		}
	case []any:
		for _, item := range value {
			d.limit(path, item, supported)
		}
	}
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
		text, err := plainText(object[name])
		if err != nil {
			d.refuse(join(path, name), "must be a text")
			continue
		}
		into.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(text))
	}
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
