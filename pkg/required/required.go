// Package required makes one error of all fields that a configuration lacks.
package required

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Fields returns an error with every field of the owner that is not set, sorted by
// name, or nil if all are set.
func Fields(owner string, set map[string]bool) error {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !set[name] {
			missing = append(missing, "no "+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", owner, strings.Join(missing, ", "))
}
