package environment

import (
	"fmt"
	"time"
)

// ForgottenAfter is what docs/privacy.md promises: whatever keeps events keeps none
// longer, so that what is left of an erased order expires within this time. What
// no setting decides is shorter: messages wait for 28 days at most, and a table is
// recovered to 35 days ago at most.
const ForgottenAfter = 60 * 24 * time.Hour

func (s Settings) validateForgetting() []error {
	var problems []error
	if s.Retention > ForgottenAfter {
		problems = append(problems, fmt.Errorf("setting Retention: the archive would keep events for %s, and everything must be forgotten after %s", s.Retention, ForgottenAfter))
	}
	if kept := time.Duration(s.LogRetentionDays) * 24 * time.Hour; kept > ForgottenAfter {
		problems = append(problems, fmt.Errorf("setting LogRetentionDays: the event log would keep events for %s, and everything must be forgotten after %s", kept, ForgottenAfter))
	}
	return problems
}
