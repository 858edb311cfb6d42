package orderview

import (
	"time"

	"example.com/saga/operator/logs"
)

// Attempt is one attempt of a function at an event of the order.
type Attempt struct {
	Time              time.Time
	Function, Context string
	EventType         string
	EventID           string
	// Number counts from 1, and Most is how many there are at most, or 0.
	Number, Most int
	// Failed is why it failed, or "". Ended is how the process ended meanwhile, or "".
	Failed, Ended string
}

// WithAttempts returns the view with all attempts at the events of the order. They have
// the processes that ended, in place of those that are found in logs by their times alone.
func (v View) WithAttempts(attempts []Attempt) View {
	v.Attempts, v.Ends = attempts, nil
	count := make(map[string]int)
	for _, a := range attempts {
		count[a.EventID+a.Context]++
		if a.Ended != "" {
			v.Ends = append(v.Ends, logs.Line{
				Function: a.Function, Context: a.Context, Time: a.Time, Text: a.Ended, Fields: logs.Fields{EventType: a.EventType, EventID: a.EventID},
			})
		}
	}
	for _, e := range v.Events {
		for i := range e.Deliveries {
			e.Deliveries[i].Attempts = count[e.ID+e.Deliveries[i].Consumer]
		}
	}
	return v
}
