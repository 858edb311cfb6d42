package boundedcontext

import (
	"errors"
	"time"

	"example.com/saga/infra/resource"
)

// oldestUnfinished is the metric of pkg/sweeper of this repository.
const oldestUnfinished = "OldestUnfinished"

// Sweeper describes the function that publishes again what the context has committed and
// may not have published, and that does what is due at a deadline, as pkg/sweeper of this
// repository does. It is a [BoundedContext.AddScheduledFunction] with the id Sweeper that
// queries the DueIndex.
type Sweeper struct {
	// Function publishes at least what the functions publish that execute commands. Its
	// TableActions are by default GetItem and PutItem, which a commit without adjustments
	// takes.
	Function

	// Every is the interval, in whole minutes. By default it is a minute.
	Every time.Duration
	// Longest is the threshold of an alarm for the metric OldestUnfinished: the age of the
	// oldest record that has not ended. The alarm is also raised if the metric is missing.
	// By default there is none, for a sweeper with metrics of its own.
	Longest time.Duration
}

func (s Sweeper) withDefaults() Sweeper {
	s.QueriesDue = true
	if len(s.TableActions) == 0 {
		s.TableActions = []string{"GetItem", "PutItem"}
	}
	if s.Every == 0 {
		s.Every = time.Minute
	}
	return s
}

func (s Sweeper) validate() error {
	problems := []error{s.Function.validate(), validateInterval(s.Every)}
	if len(s.Publishes) == 0 {
		problems = append(problems, errors.New("no Publishes"))
	}
	if s.Longest < 0 {
		problems = append(problems, errors.New("a Longest of "+s.Longest.String()+" is negative"))
	}
	return errors.Join(problems...)
}

// newSweeper makes the sweeper, if there is one.
func (c *BoundedContext) newSweeper() {
	sweeper := c.props.Sweeper
	if sweeper == nil {
		return
	}
	c.Sweeper = c.AddScheduledFunction("Sweeper", sweeper.Every, sweeper.Function)
	if sweeper.Longest == 0 {
		return
	}
	resource.NewAlarm(c.Sweeper.Function, "Unfinished", resource.AlarmProps{
		Metric: resource.NewMetric(resource.MetricProps{
			Namespace: c.props.MetricsNamespace, Name: oldestUnfinished, Statistic: resource.Maximum,
			Dimensions: map[string]*string{"service": &c.props.Service},
		}),
		Threshold:      sweeper.Longest.Seconds(),
		MissingIsAlarm: true,
		Advice: "A record of " + *c.scope.Node().Path() + " has not ended for more than " + sweeper.Longest.String() + ", or the sweeper does not run. " +
			"Look into the sweeper's log, and into the dead-letter queues: the event that stopped the saga is there.",
		Runbook: "unfinished-sagas.md",
	})
}
