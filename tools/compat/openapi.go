package main

import (
	"fmt"
	"slices"
	"strings"
)

// compareOpenAPI compares two OpenAPI documents. A request may gain no duty, and an answer
// may lose nothing.
func (c *comparison) compareOpenAPI(before, after object) {
	old, now := spec{before}, spec{after}
	c.eachOf("/paths", old.get(before, "paths"), now.get(after, "paths"), func(pointer string, was, is object) {
		methods := func(item object) object {
			kept := make(object)
			for name, value := range item {
				if !strings.HasPrefix(name, "x-") && name != "parameters" && name != "summary" && name != "description" {
					kept[name] = value
				}
			}
			return kept
		}
		c.eachOf(pointer, methods(was), methods(is), func(pointer string, was, is object) {
			c.compareOperation(pointer, old, now, was, is)
		})
	})
}

// spec is an OpenAPI document.
type spec struct{ root object }

// get returns a member of a part of the document, or what it refers to.
func (s spec) get(of object, name string) object { return s.resolve(of[name]) }

func (s spec) resolve(value any) object {
	found, _ := value.(object)
	if ref, refers := found["$ref"].(string); refers {
		return at(s.root, strings.TrimPrefix(ref, "#"))
	}
	return found
}

// schema returns the schema of a parameter, a header or a content.
func (s spec) schema(of object) []part {
	schema, _ := of["schema"].(object)
	return []part{{root: s.root, schema: schema}}
}

// eachOf compares the members of objects: none may be removed. New ones may be added.
func (c *comparison) eachOf(pointer string, before, after object, compare func(pointer string, was, is object)) {
	for _, name := range names(before) {
		at := pointer + "/" + escape(name)
		if _, has := after[name]; !has {
			c.add(at, "is removed")
			continue
		}
		was, _ := before[name].(object)
		is, _ := after[name].(object)
		compare(at, was, is)
	}
}

func (c *comparison) compareOperation(pointer string, old, now spec, was, is object) {
	c.compareParameters(pointer+"/parameters", old, now, was, is)
	before, after := old.get(was, "requestBody"), now.get(is, "requestBody")
	switch {
	case before == nil && after["required"] == true:
		c.add(pointer+"/requestBody", "is required, and was not")
	case before != nil && after == nil:
		c.add(pointer+"/requestBody", "is removed")
	case before != nil:
		if after["required"] == true && before["required"] != true {
			c.add(pointer+"/requestBody", "is required, and was not")
		}
		c.compareContent(pointer+"/requestBody/content", old, now, before, after, direction{accepts: true})
	}
	for _, requirement := range list(was["security"]) {
		if !contains(list(is["security"]), requirement) {
			c.add(pointer+"/security", "%s is removed", encode(requirement))
		}
	}
	c.eachOf(pointer+"/responses", old.get(was, "responses"), now.get(is, "responses"), func(pointer string, was, is object) {
		c.compareResponse(pointer, old, now, old.resolve(was), now.resolve(is))
	})
}

func contains(all []any, value any) bool {
	return slices.ContainsFunc(all, func(each any) bool { return encode(each) == encode(value) })
}

func (c *comparison) compareParameters(pointer string, old, now spec, was, is object) {
	byName := func(s spec, operation object) object {
		all := make(object)
		for _, each := range list(operation["parameters"]) {
			parameter := s.resolve(each)
			all[fmt.Sprint(parameter["in"], " ", parameter["name"])] = parameter
		}
		return all
	}
	before, after := byName(old, was), byName(now, is)
	for _, name := range names(after) {
		previous, _ := before[name].(object)
		parameter, _ := after[name].(object)
		if parameter["required"] == true && previous["required"] != true {
			c.add(pointer+"/"+escape(name), "is required, and was not")
		}
	}
	c.eachOf(pointer, before, after, func(pointer string, was, is object) {
		c.compareSchemas(pointer+"/schema", old.schema(was), now.schema(is), direction{accepts: true})
	})
}

func (c *comparison) compareResponse(pointer string, old, now spec, was, is object) {
	c.compareContent(pointer+"/content", old, now, was, is, direction{returns: true})
	c.eachOf(pointer+"/headers", old.get(was, "headers"), now.get(is, "headers"), func(pointer string, was, is object) {
		was, is = old.resolve(was), now.resolve(is)
		if was["required"] == true && is["required"] != true {
			c.add(pointer, "is optional, and was always there")
		}
		c.compareSchemas(pointer+"/schema", old.schema(was), now.schema(is), direction{returns: true})
	})
}

// compareContent compares a body. The examples of problems are the types that occur.
func (c *comparison) compareContent(pointer string, old, now spec, was, is object, d direction) {
	c.eachOf(pointer, old.get(was, "content"), now.get(is, "content"), func(pointer string, was, is object) {
		c.compareSchemas(pointer+"/schema", old.schema(was), now.schema(is), d)
		if strings.HasSuffix(pointer, "/application~1problem+json") {
			c.eachOf(pointer+"/examples", old.get(was, "examples"), now.get(is, "examples"), func(string, object, object) {})
		}
	})
}
