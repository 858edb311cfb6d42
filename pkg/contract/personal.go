package contract

import (
	"maps"
	"path"
	"slices"

	"example.com/saga/pkg/event"
)

// PersonalMembers returns the names of the members of the given data that are
// personal: those that a schema marks with x-personal, in any version that is read.
func PersonalMembers(data ...event.Data) ([]string, error) {
	var shared marks
	if err := readSchema("types.1", &shared); err != nil {
		return nil, err
	}
	wanted := Types(data...)
	marked := make(map[string]bool)
	for _, spec := range catalogue() {
		eventType := spec.example.EventType()
		if !slices.Contains(wanted, eventType) {
			continue
		}
		for version := range spec.decode {
			var document marks
			if err := readSchema(eventType+"."+version, &document); err != nil {
				return nil, err
			}
			document.collect(shared.Defs, marked)
		}
	}
	return slices.Sorted(maps.Keys(marked)), nil
}

// marks is the part of a schema that marks personal data.
type marks struct {
	Ref        string           `json:"$ref"`
	IsPersonal bool             `json:"x-personal"`
	Properties map[string]marks `json:"properties"`
	Items      *marks           `json:"items"`
	Defs       map[string]marks `json:"$defs"`
}

// collect adds the names of personal members in an object or a list. A schema
// refers to shared ones only.
func (m marks) collect(shared map[string]marks, marked map[string]bool) {
	if m.Ref != "" {
		m = shared[path.Base(m.Ref)]
	}
	for name, member := range m.Properties {
		if member.IsPersonal || shared[path.Base(member.Ref)].IsPersonal {
			marked[name] = true
		}
		member.collect(shared, marked)
	}
	if m.Items != nil {
		m.Items.collect(shared, marked)
	}
}
