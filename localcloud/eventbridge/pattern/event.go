package pattern

import (
	"errors"
	"fmt"
	"slices"
)

// Event is an event prepared for matching. One prepared event can be matched
// against any number of patterns.
type Event struct {
	leaves map[string][]leaf
}

// A leaf is a value that is neither an object nor an array.
type leaf struct {
	value  any
	within elements
}

// elements are the elements of arrays that a leaf is in. The values of a plain
// array such as ["a","b"] lie in none: each of them stands for the field.
type elements []element

type element struct{ array, index int }

// join combines two sets of elements; it fails when they name different
// elements of one array.
func (e elements) join(other elements) (elements, bool) {
	if len(other) == 0 {
		return e, true
	}
	joined := slices.Clone(e)
	for _, added := range other {
		at := slices.IndexFunc(e, func(known element) bool { return known.array == added.array })
		switch {
		case at < 0:
			joined = append(joined, added)
		case e[at].index != added.index:
			return nil, false
		}
	}
	return joined, true
}

// Prepare reads an event's JSON for matching.
func Prepare(text []byte) (Event, error) {
	tree, err := decode(text)
	if err != nil {
		return Event{}, fmt.Errorf("event is not JSON: %w", err)
	}
	if _, isObject := tree.(map[string]any); !isObject {
		return Event{}, errors.New("event is not a JSON object")
	}
	f := flattener{leaves: make(map[string][]leaf)}
	f.add(tree, "", nil)
	return Event{leaves: f.leaves}, nil
}

type flattener struct {
	leaves map[string][]leaf
	arrays int
}

func (f *flattener) add(value any, path string, within elements) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			f.add(member, join(path, name), within)
		}
	case []any:
		f.arrays++
		id := f.arrays
		for index, member := range value {
			inside := within
			switch member.(type) {
			case map[string]any, []any:
				inside = append(slices.Clone(within), element{id, index})
			}
			f.add(member, path, inside)
		}
	default:
		f.leaves[path] = append(f.leaves[path], leaf{value, within})
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
