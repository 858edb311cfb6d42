package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

type object = map[string]any

// direction is which changes of a schema break a program.
type direction struct {
	// accepts is true if what was valid is still sent: nothing may become invalid.
	accepts bool
	// returns is true if what is valid now is read by older programs: nothing may become
	// valid, and no member that was always there may become optional.
	returns bool
}

// comparison compares documents, and collects what breaks.
type comparison struct {
	found []string
}

func (c *comparison) add(pointer, format string, values ...any) {
	c.found = append(c.found, pointer+": "+fmt.Sprintf(format, values...))
}

// part is a part of a schema, in the document to which its references are relative.
type part struct {
	documents map[string]object
	root      object
	schema    object
}

// flat is a part with what it refers to and its allOf in one.
type flat struct {
	members map[string][]part
	items   []part
	// required are names, values those of enum and const. All texts of values are JSON.
	required, patterns map[string]bool
	values             map[string]bool
	limits             map[string]*big.Rat
	others             map[string]string
	isClosed           bool
}

// annotations are keywords that validate nothing.
func isAnnotation(keyword string) bool {
	return slices.Contains([]string{"$schema", "$id", "$defs", "$comment", "title", "description", "example", "examples", "default", "deprecated"}, keyword) ||
		strings.HasPrefix(keyword, "x-")
}

// flatten returns parts, all of which a value must match, as one.
func flatten(parts []part) *flat {
	f := &flat{
		members: make(map[string][]part), required: make(map[string]bool), patterns: make(map[string]bool),
		limits: make(map[string]*big.Rat), others: make(map[string]string),
	}
	for _, each := range parts {
		f.add(each)
	}
	return f
}

func (f *flat) add(p part) {
	if values, ok := valuesOf(p); ok {
		f.restrict(values)
		return
	}
	for keyword, value := range p.schema {
		switch keyword {
		case "$ref":
			f.add(p.resolve(value))
		case "allOf":
			for _, each := range list(value) {
				f.add(p.with(each))
			}
		case "properties":
			properties, _ := value.(object)
			for name, schema := range properties {
				f.members[name] = append(f.members[name], p.with(schema))
			}
		case "items":
			f.items = append(f.items, p.with(value))
		case "required":
			for _, name := range list(value) {
				f.required[fmt.Sprint(name)] = true
			}
		case "pattern", "format":
			f.patterns[keyword+" "+encode(value)] = true
		case "enum":
			values, _ := valuesOf(part{schema: object{"enum": value}})
			f.restrict(values)
		default:
			f.addOther(p, keyword, value)
		}
	}
}

// addOther adds a limit, of which the tightest counts, or a keyword that is compared as
// it is written.
func (f *flat) addOther(p part, keyword string, value any) {
	if isBool := value == true || value == false; keyword == "additionalProperties" && isBool {
		f.isClosed = f.isClosed || value == false
		return
	}
	if isAnnotation(keyword) {
		return
	}
	number, isNumber := new(big.Rat).SetString(fmt.Sprint(value))
	if isLower, isLimit := limit(keyword); isLimit && isNumber {
		if now := f.limits[keyword]; now == nil || (number.Cmp(now) > 0) == isLower {
			f.limits[keyword] = number
		}
		return
	}
	f.others[keyword] = encode(p.expand(value))
}

// expand returns a value without annotations, and with what it refers to.
func (p part) expand(value any) any {
	switch value := value.(type) {
	case []any:
		all := make([]any, len(value))
		for i, each := range value {
			all[i] = p.expand(each)
		}
		return all
	case object:
		all := make(object)
		for keyword, each := range value {
			if keyword == "$ref" {
				referred := p.resolve(each)
				all[keyword] = referred.expand(referred.schema)
			} else if !isAnnotation(keyword) {
				all[keyword] = p.expand(each)
			}
		}
		return all
	}
	return value
}

// limit reports whether a keyword is a limit, and a lower one.
func limit(keyword string) (isLower, isLimit bool) {
	name, isLower := strings.CutPrefix(keyword, "min")
	if !isLower {
		name, isLimit = strings.CutPrefix(keyword, "max")
	}
	return isLower, (isLower || isLimit) && slices.Contains([]string{"imum", "Length", "Items"}, name)
}

// valuesOf returns the values that a part permits, if it lists them.
func valuesOf(p part) (map[string]bool, bool) {
	values := make(map[string]bool)
	for keyword, value := range p.schema {
		switch keyword {
		case "const":
			values[encode(value)] = true
		case "enum":
			for _, each := range list(value) {
				values[encode(each)] = true
			}
		case "$ref":
			return valuesOf(p.resolve(value))
		case "anyOf", "oneOf":
			below, listed := valuesOfAny(p, value)
			if !listed {
				return nil, false
			}
			maps.Copy(values, below)
		default:
			if !isAnnotation(keyword) {
				return nil, false
			}
		}
	}
	return values, len(values) > 0
}

// valuesOfAny returns the values that any of some alternatives permits, if all list them.
func valuesOfAny(p part, alternatives any) (map[string]bool, bool) {
	values := make(map[string]bool)
	for _, each := range list(alternatives) {
		below, listed := valuesOf(p.with(each))
		if !listed {
			return nil, false
		}
		maps.Copy(values, below)
	}
	return values, true
}

// restrict permits only values that are among these too.
func (f *flat) restrict(values map[string]bool) {
	if f.values == nil {
		f.values = values
		return
	}
	f.values = maps.Clone(f.values)
	maps.DeleteFunc(f.values, func(value string, _ bool) bool { return !values[value] })
}

func (p part) with(schema any) part {
	below, _ := schema.(object)
	return part{p.documents, p.root, below}
}

// resolve returns what a reference refers to.
func (p part) resolve(ref any) part {
	id, pointer, _ := strings.Cut(fmt.Sprint(ref), "#")
	found := part{p.documents, p.root, nil}
	if id != "" {
		found.root = p.documents[id]
	}
	found.schema = at(found.root, pointer)
	return found
}

// at returns the object at a JSON Pointer, or nil.
func at(root object, pointer string) object {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if name != "" {
			root, _ = root[strings.ReplaceAll(strings.ReplaceAll(name, "~1", "/"), "~0", "~")].(object)
		}
	}
	return root
}

// compareSchemas compares parts, all of which a value must match, before and after.
func (c *comparison) compareSchemas(pointer string, before, after []part, d direction) {
	old, now := flatten(before), flatten(after)
	c.compareOthers(pointer, old, now)
	c.compareLimits(pointer, old, now, d)
	c.compareValues(pointer, old, now, d)
	c.compareMembers(pointer, old, now, d)
	if len(old.items) > 0 && len(now.items) > 0 {
		c.compareSchemas(pointer+"/items", old.items, now.items, d)
	} else if len(now.items) > 0 && d.accepts || len(old.items) > 0 && d.returns {
		c.add(pointer+"/items", "is changed")
	}
	for _, pattern := range names(now.patterns) {
		if !old.patterns[pattern] && d.accepts {
			c.add(pointer, "a value must have the %s", pattern)
		}
	}
	for _, pattern := range names(old.patterns) {
		if !now.patterns[pattern] && d.returns {
			c.add(pointer, "a value may lack the %s", pattern)
		}
	}
}

// compareOthers compares the type, and keywords whose effect is not known here.
func (c *comparison) compareOthers(pointer string, old, now *flat) {
	for _, keyword := range union(old.others, now.others) {
		if was, is := old.others[keyword], now.others[keyword]; was != is {
			c.add(pointer+"/"+keyword, "was %s and is %s", orNothing(was), orNothing(is))
		}
	}
}

func (c *comparison) compareLimits(pointer string, old, now *flat, d direction) {
	for _, keyword := range union(old.limits, now.limits) {
		was, is := old.limits[keyword], now.limits[keyword]
		isTighter := was == nil
		if was != nil && is != nil {
			if was.Cmp(is) == 0 {
				continue
			}
			isLower, _ := limit(keyword)
			isTighter = (is.Cmp(was) > 0) == isLower
		}
		if isTighter && d.accepts || !isTighter && d.returns {
			c.add(pointer+"/"+keyword, "was %s and is %s", number(was), number(is))
		}
	}
}

func (c *comparison) compareValues(pointer string, old, now *flat, d direction) {
	switch {
	case old.values == nil && now.values == nil:
	case old.values == nil && d.accepts:
		c.add(pointer, "only listed values are accepted")
	case now.values == nil && d.returns:
		c.add(pointer, "the values are listed no more")
	case old.values != nil && now.values != nil:
		for _, value := range union(old.values, now.values) {
			if !now.values[value] && d.accepts {
				c.add(pointer, "the value %s is removed", value)
			}
			if !old.values[value] && d.returns {
				c.add(pointer, "the value %s is new, and the values are listed", value)
			}
		}
	}
}

func (c *comparison) compareMembers(pointer string, old, now *flat, d direction) {
	for _, name := range union(old.members, now.members) {
		before, was := old.members[name]
		after, is := now.members[name]
		at := pointer + "/properties/" + escape(name)
		switch {
		case !is:
			c.add(at, "the member is removed")
		case was:
			c.compareSchemas(at, before, after, d)
		case old.isClosed && d.returns:
			c.add(at, "the member is new, and others were excluded")
		}
	}
	for _, name := range union(old.required, now.required) {
		_, was := old.members[name]
		_, is := now.members[name]
		at := pointer + "/properties/" + escape(name)
		switch {
		case was && !is: // It is removed.
		case !old.required[name] && d.accepts:
			c.add(at, "the member is required, and was not")
		case !now.required[name] && d.returns:
			c.add(at, "the member is optional, and was always there")
		}
	}
	if now.isClosed && !old.isClosed && d.accepts {
		c.add(pointer+"/additionalProperties", "other members are excluded, and were not")
	}
	if old.isClosed && !now.isClosed && d.returns {
		c.add(pointer+"/additionalProperties", "other members are possible, and were not")
	}
}

func number(limit *big.Rat) string {
	if limit == nil {
		return "nothing"
	}
	return limit.RatString()
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

func list(value any) []any {
	all, _ := value.([]any)
	return all
}

func names[V any](all map[string]V) []string { return slices.Sorted(maps.Keys(all)) }

// union returns the names in either map, sorted.
func union[V any](one, other map[string]V) []string {
	both := maps.Clone(one)
	maps.Copy(both, other)
	return names(both)
}

func escape(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// encode returns the canonical JSON of a decoded value.
func encode(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}
