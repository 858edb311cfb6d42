package jsonschema

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// dateTime returns the format of a date-time of RFC 3339. A leap second is the last of a
// day in UTC.
func dateTime() func(text string) bool {
	pattern := sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]` +
			`((?:[01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?` +
			`([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$`)
	})
	return func(text string) bool {
		parts := pattern().FindStringSubmatch(text)
		if parts == nil {
			return false
		}
		date, minute, second, zone := parts[1], parts[2], parts[3], strings.ToUpper(parts[4])
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return false
		}
		at, err := time.Parse("15:04Z07:00", minute+zone)
		return err == nil && (second != "60" || at.UTC().Format("15:04") == "23:59")
	}
}
