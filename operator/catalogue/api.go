package catalogue

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// api is the part of an OpenAPI document that its pages show.
type api struct {
	Info       struct{ Title, Description string }
	Operations []endpoint
	// Problems are the types of problems, sorted by name.
	Problems []problem
}

// endpoint is a method of a path.
type endpoint struct {
	Method, Path         string
	Summary, Description string
	Parameters           []struct {
		Name, In, Description string
		Required              bool
	}
	Responses map[string]response
}

// response is a documented answer.
type response struct {
	Description string
	Content     map[string]struct{ Examples map[string]any }
}

// problemType is the media type of problem documents (RFC 9457).
const problemType = "application/problem+json"

// Problems returns the names of the types of problems that the answer may have, sorted.
func (r response) Problems() []string {
	return slices.Sorted(maps.Keys(r.Content[problemType].Examples))
}

// problem is a type of problem. Detail is that of an example.
type problem struct {
	Name, Title, Detail string
	Status              int
	// Operations are those that return it.
	Operations []endpoint
}

// returns reports whether an operation may return a type of problem.
func (o endpoint) returns(problem string) bool {
	for _, answer := range o.Responses {
		if slices.Contains(answer.Problems(), problem) {
			return true
		}
	}
	return false
}

// readAPI reads an OpenAPI document. Its examples of problems are by the names of their
// types.
func readAPI(encoded []byte) (api, error) {
	var document struct {
		api

		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Examples map[string]struct {
				Value struct {
					problem

					Type string
				}
			}
		}
	}
	if err := json.Unmarshal(encoded, &document); err != nil {
		return api{}, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	a := document.api
	var err error
	if a.Operations, err = readOperations(document.Paths); err != nil {
		return api{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(document.Components.Examples)) {
		example := document.Components.Examples[name].Value
		if path.Base(example.Type) != name {
			continue // It is an example of something else.
		}
		each := example.problem
		each.Name = name
		each.Operations = slices.DeleteFunc(slices.Clone(a.Operations), func(o endpoint) bool { return !o.returns(name) })
		a.Problems = append(a.Problems, each)
	}
	return a, nil
}

// readOperations returns the operations, sorted by path and method. HEAD is left out: it
// is GET without the body. Members of a path that begin with x- are extensions.
func readOperations(paths map[string]map[string]json.RawMessage) ([]endpoint, error) {
	var all []endpoint
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for _, method := range slices.Sorted(maps.Keys(paths[path])) {
			if method == "head" || strings.HasPrefix(method, "x-") {
				continue
			}
			o := endpoint{Method: strings.ToUpper(method), Path: path}
			if err := json.Unmarshal(paths[path][method], &o); err != nil {
				return nil, fmt.Errorf("%s %s: %w", o.Method, path, err)
			}
			all = append(all, o)
		}
	}
	return all, nil
}
