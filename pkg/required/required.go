// Package required names what a configuration lacks, all at once.
package required

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Fields returns an error that names every field of the owner which is not set,
// in the order of their names.
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
