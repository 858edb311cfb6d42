package cloud

import (
	"maps"
	"slices"
)

// Operations lists the operations of each service by the service's name in its
// protocol.
func Operations() map[string][]string {
	// The names of the operations need no engine.
	none := new(Cloud)
	all := map[string][]string{}
	for _, service := range none.services() {
		all[service.Target] = slices.Sorted(maps.Keys(service.Operations))
	}
	for _, route := range none.functions.Routes(nil) {
		all["Lambda"] = append(all["Lambda"], route.Name)
	}
	return all
}
