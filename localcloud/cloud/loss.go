package cloud

import (
	"strings"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/loss"
)

// reportLoss counts a loss and reports it with construct paths. A message that
// expires in a queue that no function reads is not a loss, unless it is a
// dead-letter queue.
func (c *Cloud) reportLoss(l loss.Loss) {
	if l.Kind == loss.Queue && !c.awaited[l.Name] {
		return
	}
	c.lost.Add(1)
	l.Time, l.Name, l.Target = c.config.Clock(), c.pathOf(l.Name), c.pathOf(l.Target)
	c.config.Lost.Lost(l)
}

// pathOf returns the construct path of the resource with this ARN, or else the
// ARN. That of a log group may end in :*.
func (c *Cloud) pathOf(arn string) string {
	for _, resource := range c.assembly.Resources {
		if arn != "" && strings.TrimSuffix(resource.ARN, ":*") == strings.TrimSuffix(arn, ":*") {
			return resource.Path
		}
	}
	return arn
}

// awaitedQueues returns, by ARN, the queues that a function reads and the
// dead-letter queues.
func awaitedQueues(stack *assembly.Assembly) map[string]bool {
	awaited := map[string]bool{}
	add := func(deadLetters *assembly.DeadLetterConfig) {
		if deadLetters != nil {
			awaited[deadLetters.ARN] = true
		}
	}
	for _, mapping := range assembly.Of[assembly.EventSourceMapping](stack) {
		awaited[mapping.EventSourceARN] = true
	}
	for _, queue := range assembly.Of[assembly.Queue](stack) {
		if queue.RedrivePolicy != nil {
			awaited[queue.RedrivePolicy.DeadLetterTargetARN] = true
		}
	}
	for _, function := range assembly.Of[assembly.Function](stack) {
		if function.DeadLetterConfig != nil {
			awaited[function.DeadLetterConfig.TargetARN] = true
		}
	}
	for _, rule := range assembly.Of[assembly.Rule](stack) {
		for _, target := range rule.Targets {
			add(target.DeadLetterConfig)
		}
	}
	for _, schedule := range assembly.Of[assembly.Schedule](stack) {
		add(schedule.Target.DeadLetterConfig)
	}
	return awaited
}
