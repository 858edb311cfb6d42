package table

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrNoTable says that a table given by the program, not by a request, does
// not exist.
var ErrNoTable = errors.New("no such table")

// expiryHorizon is how many years back a time to live is believed: an older one
// is rather a mistake, such as milliseconds or zero, and its item stays.
const expiryHorizon = 5

// Expire deletes the items of a table whose time to live has passed and says how
// many. It costs no capacity. Nothing else ever deletes them: DynamoDB does it
// at some time within days, so until then they are there for every read and
// every condition.
func (s *Service) Expire(table string, now time.Time) (int, error) {
	latest, err := parseNumber(strconv.FormatInt(now.Unix(), 10))
	if err != nil {
		return 0, err
	}
	earliest, err := parseNumber(strconv.FormatInt(now.AddDate(-expiryHorizon, 0, 0).Unix(), 10))
	if err != nil {
		return 0, err
	}
	found := s.find(table)
	if found == nil {
		return 0, fmt.Errorf("expire %s: %w", table, ErrNoTable)
	}
	if found.TimeToLive == "" {
		return 0, nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	deleted := 0
	for id, r := range found.items {
		due, present := r.item[found.TimeToLive]
		if !present || due.kind != KindNumber || due.number.compare(latest) > 0 || due.number.compare(earliest) < 0 {
			continue
		}
		found.write(id, nil)
		deleted++
	}
	return deleted, nil
}
