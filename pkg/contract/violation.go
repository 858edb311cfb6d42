package contract

import (
	"errors"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// violations rewrites a validation error as places and keywords, such as
// "/items/0/sku against pattern": it is logged and kept with dead letters, which must
// not have the values of an event.
func violations(err error) error {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	var all []string
	var walk func(*jsonschema.ValidationError)
	walk = func(cause *jsonschema.ValidationError) {
		place := "/" + strings.Join(cause.InstanceLocation, "/")
		if required, ok := cause.ErrorKind.(*kind.Required); ok {
			all = append(all, place+" without "+strings.Join(required.Missing, ", "))
		} else if len(cause.Causes) == 0 {
			all = append(all, place+" against "+strings.Join(cause.ErrorKind.KeywordPath(), "/"))
		}
		for _, deeper := range cause.Causes {
			walk(deeper)
		}
	}
	walk(invalid)
	slices.Sort(all)
	return errors.New(strings.Join(slices.Compact(all), ", "))
}
