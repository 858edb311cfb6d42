package scheduler

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/unsupported"
)

// Cron is a cron expression in UTC: the values of its fields, from the minutes to the
// years.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
type Cron [6]map[int]bool

// lastYear is the last one that an expression can have.
const lastYear = 2199

// ParseCron reads an expression such as cron(0 12 ? * MON-FRI *). L, W and # are not
// supported.
func ParseCron(expression string) (*Cron, error) {
	fields := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(expression, "cron("), ")"))
	if len(fields) != 6 || (fields[2] == "?") == (fields[4] == "?") {
		return nil, errors.New("the schedule expression " + expression + " is not valid: it has six fields, and a ? for either the day of the month or the day of the week")
	}
	made := new(Cron)
	for i, field := range []struct {
		low, high int
		names     string
	}{
		{0, 59, ""},
		{0, 23, ""},
		{1, 31, ""},
		{1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"},
		{1, 7, "SUN MON TUE WED THU FRI SAT"},
		{1970, lastYear, ""},
	} {
		text := strings.ToUpper(fields[i])
		for number, name := range strings.Fields(field.names) {
			text = strings.ReplaceAll(text, name, strconv.Itoa(number+1))
		}
		if made[i] = cronField(text, field.low, field.high); made[i] == nil {
			return nil, unsupported.Errorf("the schedule expression %q is not supported by the local cloud: its field %s is neither a number from %d to %d nor made of such with , - * and /",
				expression, fields[i], field.low, field.high)
		}
	}
	return made, nil
}

// cronField returns the values of a field, or nil if it is not supported.
func cronField(text string, low, high int) map[int]bool {
	values := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		span, step, stepped := strings.Cut(part, "/")
		if !stepped {
			step = "1"
		}
		from, to, isRange := strings.Cut(span, "-")
		switch {
		case span == "*" || span == "?":
			from, to = strconv.Itoa(low), strconv.Itoa(high)
		case stepped && !isRange:
			to = strconv.Itoa(high)
		case !isRange:
			to = from
		}
		first, errFirst := strconv.Atoi(from)
		last, errLast := strconv.Atoi(to)
		each, errStep := strconv.Atoi(step)
		if errors.Join(errFirst, errLast, errStep) != nil || first < low || last > high || first > last || each < 1 {
			return nil
		}
		for value := first; value <= last; value += each {
			values[value] = true
		}
	}
	return values
}

// Next returns the first time after this one, or the zero time if there is none.
func (c *Cron) Next(after time.Time) time.Time {
	minutes, hours, days, months, weekdays, years := c[0], c[1], c[2], c[3], c[4], c[5]
	t := after.UTC().Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		year, month, day := t.Date()
		switch {
		case !years[year]:
			t = time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
		case !months[int(month)]:
			t = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
		case !days[day] || !weekdays[int(t.Weekday())+1]:
			t = time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
		case !hours[t.Hour()]:
			t = t.Truncate(time.Hour).Add(time.Hour)
		case !minutes[t.Minute()]:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

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
