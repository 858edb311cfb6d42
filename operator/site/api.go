package site

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// api is the part of an OpenAPI document that its page shows.
type api struct {
	Info  struct{ Title, Description string }
	Paths map[string]map[string]json.RawMessage
}

// operation is a method of a path.
type operation struct {
	Method, Path         string
	Summary, Description string
	Parameters           []struct {
		Name, In, Description string
		Required              bool
	}
	Responses map[string]struct{ Description string }
}

func parseAPI(document []byte) (api, error) {
	var parsed api
	if err := json.Unmarshal(document, &parsed); err != nil {
		return api{}, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	return parsed, nil
}

// Operations returns the operations, sorted by path and method. HEAD is left out: it is GET
// without the body. Members of a path that begin with x- are extensions.
func (a api) Operations() ([]operation, error) {
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(a.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(a.Paths[path])) {
			if method == "head" || strings.HasPrefix(method, "x-") {
				continue
			}
			o := operation{Method: strings.ToUpper(method), Path: path}
			if err := json.Unmarshal(a.Paths[path][method], &o); err != nil {
				return nil, fmt.Errorf("%s %s: %w", o.Method, path, err)
			}
			all = append(all, o)
		}
	}
	return all, nil
}
