package cloud

import "example.com/saga/localcloud/activity"

// reportDelivery streams an attempt of a rule, with construct paths.
func (c *Cloud) reportDelivery(d activity.Delivery) {
	d.Time, d.Rule, d.Target = c.config.Clock(), c.pathOf(d.Rule), c.pathOf(d.Target)
	kind := activity.Delivered
	if d.Reason != "" {
		kind = activity.Undelivered
	}
	c.activity.Add(kind, d)
}

// reportAttempt streams an attempt of a function. One that has failed is reported too.
func (c *Cloud) reportAttempt(a activity.Attempt) {
	a.Time, a.Function, a.Queue = c.config.Clock(), c.pathOf(a.Function), c.pathOf(a.Queue)
	c.activity.Add(activity.Attempted, a)
	if failure, failed := a.Failure(); failed && c.config.Failed != nil {
		c.config.Failed(failure)
	}
}

// reportEnding streams the end of a process.
func (c *Cloud) reportEnding(e activity.Ending) {
	e.Time, e.Function = c.config.Clock(), c.pathOf(e.Function)
	c.activity.Add(activity.ProcessEnded, e)
}
