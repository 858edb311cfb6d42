package dynamodb

import (
	"maps"
	"slices"
)

// sortedNames gives the names of a map in a fixed order, so that of several
// errors always the same one is reported.
func sortedNames[T any](m map[string]T) []string {
	return slices.Sorted(maps.Keys(m))
}
