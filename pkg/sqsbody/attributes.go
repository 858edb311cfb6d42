package sqsbody

// MaximumAttributes is how many message attributes SQS accepts
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const MaximumAttributes = 10

// PackedAttributes is the name of the message attribute that has all attributes of a dead
// letter's message, if they and the reason are more than SQS accepts: a JSON object of
// the SDK's values by their names.
const PackedAttributes = "MESSAGE_ATTRIBUTES"

// ReasonAttributes lists the attributes that are added when a message becomes a dead
// letter: those of EventBridge, of its Scheduler and of Lambda, of which a worker has
// the first two as well, and the one that names how the body is escaped.
func ReasonAttributes() []string {
	return []string{
		"ERROR_CODE", "ERROR_MESSAGE", "RULE_ARN", "TARGET_ARN", "RETRY_ATTEMPTS", "EXHAUSTED_RETRY_CONDITION",
		"SCHEDULE_ARN", "SCHEDULED_TIME", "EXECUTION_ID", "IS_PAYLOAD_TRUNCATED",
		"RequestID", "ErrorCode", "ErrorMessage", Attribute,
	}
}
