package eventbridge

import (
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// maximumGroupID is less than a queue itself allows.
const maximumGroupID = 100

func checkRole(given Target, kind string) error {
	if given.RoleARN == "" && (kind == KindBus || kind == KindDestination) {
		return wire.ValidationError("RoleArn is required for target %s.", given.ID)
	}
	return nil
}

func checkParameters(given Target, kind string) error {
	if given.MessageGroupID == "" && kind == KindQueue && strings.HasSuffix(given.ARN, ".fifo") {
		// https://github.com/hashicorp/terraform/issues/20263
		return wire.ValidationError("Parameter(s) SqsParameters must be specified for target: %s.", given.ID)
	}
	if given.MessageGroupID != "" && kind != KindQueue {
		return wire.ValidationError("target %s is not a queue and cannot have SqsParameters", given.ID)
	}
	if len(given.MessageGroupID) > maximumGroupID {
		return wire.ValidationError("the MessageGroupId of target %s is longer than %d characters", given.ID, maximumGroupID)
	}
	if given.HTTP != nil && kind != KindDestination {
		return wire.ValidationError("target %s is not an API destination and cannot have HttpParameters", given.ID)
	}
	values := []string{given.MessageGroupID}
	if given.HTTP != nil {
		values = slices.Concat(values, given.HTTP.Path,
			slices.Collect(maps.Values(given.HTTP.Header)), slices.Collect(maps.Values(given.HTTP.Query)))
	}
	for _, value := range values {
		if !isPath(value) {
			continue
		}
		if _, err := parseJSONPath(value); err != nil {
			return wire.ValidationError("target %s: %s", given.ID, err)
		}
	}
	return nil
}

func checkInput(given Target, kind string) error {
	inputs := 0
	for _, present := range []bool{given.Input != nil, given.InputPath != nil, given.Transformer != nil} {
		if present {
			inputs++
		}
	}
	switch {
	case inputs > 1:
		return wire.ValidationError("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", given.ID)
	case inputs == 1 && kind == KindBus:
		return wire.ValidationError("Modifying the input for target %s is not supported", given.ID)
	case given.Transformer != nil && kind == KindLogGroup:
		return wire.ValidationError("the local cloud does not support an InputTransformer for the log group target %s", given.ID)
	default:
		return nil
	}
}

func checkDeadLetter(given Target, _ string) error {
	if given.DeadLetterARN == "" {
		return nil
	}
	if kindOf(given.DeadLetterARN) != KindQueue || strings.HasSuffix(given.DeadLetterARN, ".fifo") {
		return wire.ValidationError("the dead-letter queue of target %s must be a standard queue, not %s", given.ID, given.DeadLetterARN)
	}
	return nil
}

func checkRetry(given Target) error {
	if given.Retry.MaximumAttempts < 0 || given.Retry.MaximumAttempts > 185 {
		return wire.ValidationError("MaximumRetryAttempts of target %s must be between 0 and 185", given.ID)
	}
	if given.Retry.MaximumAge < time.Minute || given.Retry.MaximumAge > 24*time.Hour {
		return wire.ValidationError("MaximumEventAgeInSeconds of target %s must be between 60 and 86400", given.ID)
	}
	return nil
}
