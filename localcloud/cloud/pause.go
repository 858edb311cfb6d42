package cloud

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"example.com/saga/localcloud/assembly"
)

// Pause holds back what queues, rules and schedules have for the functions at
// these construct paths, until resume.
func (c *Cloud) Pause(paths ...string) error {
	for resource := range assembly.Of[assembly.Function](c.assembly) {
		if slices.Contains(paths, resource.Path) {
			c.functions.Pause(resource.ARN)
		}
	}
	return c.checkFunctions("paused", paths)
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

func (c *Cloud) resume(w http.ResponseWriter, _ *http.Request) {
	c.functions.Resume()
	w.WriteHeader(http.StatusNoContent)
}
