package cloud

import (
	"errors"
	"fmt"
	"slices"

	"example.com/saga/localcloud/assembly"
)

// each calls build for every resource of a type, and returns all its errors with the
// resources that they are about.
func each[T any](stack *assembly.Assembly, build func(assembly.Resource, *T) error) error {
	var problems []error
	for resource, given := range assembly.Of[T](stack) {
		for _, problem := range assembly.Problems(build(resource, given)) {
			problems = append(problems, resource.Error(problem))
		}
	}
	return errors.Join(problems...)
}

// create lets an engine create every resource of a type.
func create[T any](c *Cloud, engine func(assembly.Resource, *T) error) error {
	return each(c.assembly, func(resource assembly.Resource, given *T) error {
		return c.unreported(resource, engine(resource, given))
	})
}

// unreported returns the error of an engine that was to create a resource, which uses
// others by their ARNs too. It returns none if the error may follow from what is reported
// already: of a resource that the assembly refuses, and of one that refers to a resource
// that was not created.
func (c *Cloud) unreported(resource assembly.Resource, err error, uses ...string) error {
	if err == nil {
		return nil
	}
	c.setAbsent(resource)
	isAbsent := func(other string) bool { return c.absent[other] }
	if resource.IsRefused || slices.ContainsFunc(slices.Concat(resource.References, uses), isAbsent) {
		return nil
	}
	return err
}

// setAbsent notes that a resource could not be created, by what refers to it.
func (c *Cloud) setAbsent(resource assembly.Resource) {
	c.absent[resource.LogicalID] = true
	if resource.ARN != "" {
		c.absent[resource.ARN] = true
	}
}

// missing refuses a reference to what is not in the stack. An empty name is reported
// already.
func missing(kind, name string) error {
	if name == "" {
		return nil
	}
	return fmt.Errorf("the %s %s is not in the stack", kind, name)
}

// checkInStack refuses the ARN of a resource of a type that is not in the stack.
func checkInStack[T any](stack *assembly.Assembly, kind, arn string) error {
	if found, _ := find[T](stack, arn); found.ARN != "" {
		return nil
	}
	return missing(kind, arn)
}

// find returns the resource of a type with an ARN, or an empty one.
func find[T any](stack *assembly.Assembly, arn string) (assembly.Resource, *T) {
	for resource, given := range assembly.Of[T](stack) {
		if resource.ARN == arn {
			return resource, given
		}
	}
	return assembly.Resource{}, new(T)
}
