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
		names := slices.Collect(maps.Keys(service.Operations))
		for _, route := range service.Routes {
			names = append(names, route.Name)
		}
		slices.Sort(names)
		all[service.Target] = names
	}
	return all
}
