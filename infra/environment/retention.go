package environment

import (
	"fmt"
	"time"
)

// LongestRetention is what docs/privacy.md promises: nothing keeps an event for
// longer, so the rest of an erased order expires within this time. What no
// setting determines is shorter: messages wait for 28 days at most, and a table
// can be recovered to 35 days ago at most.
const LongestRetention = 60 * 24 * time.Hour

func (s Settings) validateLongestRetention() []error {
	var problems []error
	if s.Retention > LongestRetention {
		problems = append(problems, fmt.Errorf("setting Retention: the archive would keep events for %s, and %s is the longest", s.Retention, LongestRetention))
	}
	if kept := time.Duration(s.LogRetentionDays) * 24 * time.Hour; kept > LongestRetention {
		problems = append(problems, fmt.Errorf("setting LogRetentionDays: the event log would keep events for %s, and %s is the longest", kept, LongestRetention))
	}
	return problems
}
