// Package resource makes what every construct of this module is made with, so
// that each rule about it is written once:
//
//   - a key of the account, and who may use it: [NewKey], [AllowKey]
//   - a queue that is encrypted: [NewQueue]
//   - a dead-letter queue, with an alarm: [NewDeadLetterQueue], [NewFIFODeadLetterQueue]
//   - an event bus that denies other accounts: [NewEventBus]
//   - the rules that send events to a target: [Subscribe]
//   - a log group with a retention in days: [NewLogGroup]
//   - an alarm that names its runbook: [NewAlarm], and [NotifyByEmail] for all alarms of a stack
//   - the metrics that alarms and graphs use: [QueueMetric] and the like
//   - permissions: [ServicePrincipal], [Allow]
//
// It depends on the CDK alone. Props that cannot work panic, as everywhere in
// the CDK, with the construct's id and what is wrong with them.
package resource
