package eventbridge

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"example.com/saga/localcloud/wire"
)

// check returns all that is wrong with a target of this kind, whose values are each valid
// by itself.
func (t Target) check(kind string) error {
	var problems []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, wire.ValidationError(format, append([]any{t.ID}, args...)...))
		}
	}
	inputs := t.inputs()
	refuse(t.RoleARN == "" && (kind == KindBus || kind == KindDestination), "RoleArn is required for target %s.")
	// https://github.com/hashicorp/terraform/issues/20263
	refuse(t.MessageGroupID == "" && kind == KindQueue && strings.HasSuffix(t.ARN, ".fifo"), "Parameter(s) SqsParameters must be specified for target: %s.")
	refuse(t.MessageGroupID != "" && kind != KindQueue, "target %s is not a queue and cannot have SqsParameters")
	refuse(t.HTTP != nil && kind != KindDestination, "target %s is not an API destination and cannot have HttpParameters")
	for _, value := range t.parameters() {
		if isPath(value) {
			_, err := parseJSONPath(value)
			refuse(err != nil, "target %s: %s", err)
		}
	}
	refuse(inputs > 1, "Only one of Input, InputPath, or InputTransformer must be provided for target %s.")
	refuse(inputs == 1 && kind == KindBus, "Modifying the input for target %s is not supported")
	refuse(t.Transformer != nil && kind == KindLogGroup, "the local cloud does not support an InputTransformer for the log group target %s")
	refuse(t.DeadLetterARN != "" && (kindOf(t.DeadLetterARN) != KindQueue || strings.HasSuffix(t.DeadLetterARN, ".fifo")),
		"the dead-letter queue of target %s must be a standard queue, not %s", t.DeadLetterARN)
	return errors.Join(problems...)
}

// inputs returns how many of the ways to change the input the target has.
func (t Target) inputs() int {
	ways := []bool{t.Input != nil, t.InputPath != nil, t.Transformer != nil}
	return len(slices.DeleteFunc(ways, func(present bool) bool { return !present }))
}

// parameters returns the values that may be paths.
func (t Target) parameters() []string {
	values := []string{t.MessageGroupID}
	if t.HTTP == nil {
		return values
	}
	return slices.Concat(values, t.HTTP.Path, slices.Collect(maps.Values(t.HTTP.Header)), slices.Collect(maps.Values(t.HTTP.Query)))
}
