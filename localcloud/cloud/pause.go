package cloud

import (
	"errors"
	"fmt"
	"net/http"

	"example.com/saga/localcloud/assembly"
)

// Pause holds back what queues, rules and schedules have for the functions at
// these construct paths, until they are resumed.
func (c *Cloud) Pause(paths ...string) error {
	paused := map[string]bool{}
	for _, path := range paths {
		paused[path] = true
	}
	c.setPaused(paused)
	return c.checkFunctions("paused", paths)
}

// setPaused pauses and resumes functions, by their construct paths.
func (c *Cloud) setPaused(paused map[string]bool) {
	for resource := range assembly.Of[assembly.Function](c.assembly) {
		if pause, named := paused[resource.Path]; named {
			c.functions.SetPaused(resource.ARN, pause)
		}
	}
}

// checkFunctions returns an error if there is no function at one of the construct paths.
func (c *Cloud) checkFunctions(purpose string, paths []string) error {
	var problems []error
	for _, path := range paths {
		if _, exists := names[assembly.Function](c.assembly)[path]; !exists {
			problems = append(problems, fmt.Errorf("there is no function %s to be %s", path, purpose))
		}
	}
	return errors.Join(problems...)
}

// resume resumes all functions.
func (c *Cloud) resume(w http.ResponseWriter, _ *http.Request) {
	c.setPaused(byPath[assembly.Function](c.assembly, func(assembly.Resource) bool { return false }))
	w.WriteHeader(http.StatusNoContent)
}
