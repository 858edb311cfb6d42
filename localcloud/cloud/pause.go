package cloud

import (
	"fmt"
	"net/http"

	"example.com/saga/localcloud/assembly"
)

// Pause holds back what queues, rules and schedules have for the functions at
// these construct paths, until resume.
func (c *Cloud) Pause(paths ...string) error {
	arns := map[string]string{}
	for resource := range assembly.Of[assembly.Function](c.assembly) {
		arns[resource.Path] = resource.ARN
	}
	for _, path := range paths {
		arn, exists := arns[path]
		if !exists {
			return fmt.Errorf("there is no function %s to be paused", path)
		}
		c.functions.Pause(arn)
	}
	return nil
}

// resume ends every pause.
func (c *Cloud) resume(w http.ResponseWriter, _ *http.Request) {
	c.functions.Resume()
	w.WriteHeader(http.StatusNoContent)
}
