package assembly

import (
	"iter"
	"reflect"
	"strings"
)

// ResourceType is a CloudFormation type that the local cloud supports.
type ResourceType struct {
	Name       string
	Properties []Property
}

// Property is a property of a resource type, or a member of one.
type Property struct {
	Name     string
	Required bool
	// Values are the only supported ones; if there are none, every value is.
	Values []string
	// WithoutEffect is why the property is accepted and has no effect. It is empty
	// if the property has an effect.
	WithoutEffect string
	// Members are those of an object, or of each object of a list.
	Members []Property
}

// ResourceTypes lists the supported types by name.
func ResourceTypes() []ResourceType {
	known := resourceTypes()
	var all []ResourceType
	for _, name := range sortedKeys(known) {
		all = append(all, ResourceType{Name: name, Properties: members(reflect.TypeOf(known[name]))})
	}
	return all
}

// members reads the properties of a struct, of what a pointer points to or of a
// list's items. Other types have none.
func members(of reflect.Type) []Property {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return nil
	}
	var all []Property
	for field := range of.Fields() {
		for name, isRequired := range namesOf(field) {
			all = append(all, Property{
				Name: name, Required: isRequired, Values: valuesOf(field),
				WithoutEffect: field.Tag.Get("why"), Members: members(field.Type),
			})
		}
	}
	return all
}

// namesOf returns the properties that a field's tag names, and whether they are required.
func namesOf(field reflect.StructField) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for tag := range strings.FieldsSeq(field.Tag.Get("cfn")) {
			if name, option, _ := strings.Cut(tag, ","); !yield(name, option == "required") {
				return
			}
		}
	}
}

func valuesOf(field reflect.StructField) []string {
	listed, limited := field.Tag.Lookup("values")
	if !limited {
		return nil
	}
	return strings.Split(listed, ",")
}

// Functions lists the intrinsic functions of a template's values.
func Functions() []string { return sortedKeys(new(loader).intrinsics()) }

// ConditionFunctions lists the functions of a template's conditions.
func ConditionFunctions() []string { return sortedKeys(new(loader).conditionFunctions(nil)) }

// PseudoParameters lists the parameters that every template has.
func PseudoParameters() []string { return sortedKeys(new(loader).pseudoParameters()) }
