package language

import (
	"errors"
	"slices"
	"strings"

	"example.com/saga/pkg/jsonschema"
)

// join returns an error with all violations as places and keywords, such as
// "/items/0/sku against pattern", or nil if there are none. It is logged and kept with
// dead letters, which must not have the values of an event.
func join(violations []jsonschema.Violation) error {
	if len(violations) == 0 {
		return nil
	}
	all := make([]string, len(violations))
	for i, violation := range violations {
		all[i] = "/" + strings.Join(violation.Place, "/") + " against " + violation.Keyword
		if violation.Keyword == "required" {
			all[i] = "/" + strings.Join(violation.Place, "/") + " without " + strings.Join(violation.Names, ", ")
		}
	}
	slices.Sort(all)
	return errors.New(strings.Join(slices.Compact(all), ", "))
}
