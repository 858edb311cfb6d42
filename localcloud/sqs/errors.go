package sqs

import "example.com/saga/localcloud/wire"

// namespace stands before every error code in SQS's JSON protocol.
const namespace = "com.amazonaws.sqs#"

func fail(code, format string, args ...any) *wire.Error {
	return wire.Errorf(namespace+code, format, args...)
}

func missing(parameter string) *wire.Error {
	return fail("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalid(parameter string, value any, reason string) *wire.Error {
	return fail("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func noQueue() *wire.Error {
	return fail("QueueDoesNotExist", "The specified queue does not exist.")
}
