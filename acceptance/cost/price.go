package cost

const (
	million = 1e6
	// gigabyte is less than the 2^30 bytes that AWS bills, so what is billed by the GB
	// is up to 7 % too high here.
	gigabyte = 1e9
)

// List prices of us-east-1 in USD, without free tiers and volume discounts.
const (
	// On demand, for 1 KB written or 4 KB read consistently.
	// https://aws.amazon.com/dynamodb/pricing/on-demand/
	writeUnit = 0.625 / million
	readUnit  = 0.125 / million

	// For each 64 KB of a custom event. An event that is sent to another bus is one
	// again: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-bus-to-bus.html
	// https://aws.amazon.com/eventbridge/pricing/
	busEvent     = 1.00 / million
	notification = 0.20 / million
	archivedByte = 0.10 / gigabyte

	// For each request of up to 64 KB; a batch is one request.
	// https://aws.amazon.com/sqs/pricing/
	standardRequest = 0.40 / million
	fifoRequest     = 0.50 / million

	// On arm64. https://aws.amazon.com/lambda/pricing/
	invocation = 0.20 / million
	gbSecond   = 0.0000133334

	// Standard class, ingestion. https://aws.amazon.com/cloudwatch/pricing/
	logByte = 0.50 / gigabyte

	// For each metric of an alarm, of standard and of high resolution; for each custom
	// metric and each dashboard. All for a month. https://aws.amazon.com/cloudwatch/pricing/
	alarmMetric     = 0.10
	fastAlarmMetric = 0.30
	customMetric    = 0.30
	dashboard       = 3.00

	// For a month. https://aws.amazon.com/secrets-manager/pricing/
	secret = 0.40

	// For a month. Each of the first two rotations, a year apart, adds as much.
	// https://aws.amazon.com/kms/pricing/
	key = 1.00

	// EventBridge Scheduler. https://aws.amazon.com/eventbridge/pricing/
	scheduledInvocation = 1.00 / million

	// https://aws.amazon.com/xray/pricing/
	trace = 5.00 / million

	// platformBytes is about what Lambda logs of an invocation by itself, as text:
	// START, END and REPORT.
	platformBytes = 350
)

// Line is a line of the bill: what each unit of some quantities costs.
type Line struct {
	Name   string
	prices map[Quantity]float64
}

// Cost returns what a million orders cost that use so much each.
func (l Line) Cost(use Use) float64 {
	total := 0.0
	for quantity, price := range l.prices {
		total += use[quantity] * price * million
	}
	return total
}

// Bill returns the lines that make the total with everything on.
func Bill() []Line {
	return append(ProdBill(), Line{"sends to the observability queue", map[Quantity]float64{ObservabilitySends: standardRequest}})
}

// ProdBill returns the lines that make the total with prod's settings.
func ProdBill() []Line {
	return []Line{
		{"DynamoDB writes", map[Quantity]float64{WriteUnits: writeUnit}},
		{"DynamoDB reads", map[Quantity]float64{ReadUnits: readUnit}},
		{"EventBridge", map[Quantity]float64{BusChunks: busEvent, Notifications: notification}},
		{"SQS, queues that functions read", map[Quantity]float64{FIFORequests: fifoRequest, StandardRequests: standardRequest}},
		{"Lambda", map[Quantity]float64{Invocations: invocation, GBSeconds: gbSecond}},
		{"logs of the functions", map[Quantity]float64{FunctionLogBytes: logByte}},
		{"event log", map[Quantity]float64{EventLogBytes: logByte}},
	}
}

// Apart returns the lines that are in no total.
func Apart() []Line {
	return []Line{
		{"payment sandbox, DynamoDB", map[Quantity]float64{SandboxWriteUnits: writeUnit, SandboxReadUnits: readUnit}},
		{"Lambda's own log lines", map[Quantity]float64{Invocations: platformBytes * logByte}},
		{"archive of the events, without its storage", map[Quantity]float64{EventLogBytes: archivedByte}},
	}
}

// Total returns what a million orders cost by these lines.
func Total(lines []Line, use Use) float64 {
	total := 0.0
	for _, line := range lines {
		total += line.Cost(use)
	}
	return total
}
