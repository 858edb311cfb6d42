package scheduler

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/unsupported"
)

// CheckRuleRate refuses a rate that a rule of EventBridge has not: a unit in the singular
// is for 1 only, and in the plural for every other number.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func CheckRuleRate(expression string) error {
	isRate := strings.HasPrefix(expression, "rate(")
	if isRate && strings.HasPrefix(expression, "rate(1 ") == strings.HasSuffix(expression, "s)") {
		return fmt.Errorf("the schedule expression %q is not valid: the unit is singular for 1, and plural for more", expression)
	}
	return nil
}

// ParseRate returns the interval of a rate expression, such as rate(5 minutes): a whole
// number of minutes, hours or days. The shortest interval of the scheduler is a minute.
func ParseRate(expression string) (time.Duration, error) {
	parts := regexp.MustCompile(`^rate\(([1-9][0-9]{0,5}) (minute|hour|day)s?\)$`).FindStringSubmatch(expression)
	if parts == nil {
		return 0, unsupported.Errorf("the schedule expression %q is not supported by the local cloud, only rates such as rate(5 minutes) and cron expressions", expression)
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, fmt.Errorf("the schedule expression %q: %w", expression, err)
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[parts[2]]
	return time.Duration(number) * unit, nil
}
