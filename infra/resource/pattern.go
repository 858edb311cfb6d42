package resource

import (
	"encoding/json"
	"fmt"
)

// maximumPattern is how many characters an event pattern can have
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
const maximumPattern = 2048

// pattern matches one source's events of an account, if their content has the
// same source and type as their envelope.
//
// IAM and the rules see the envelope, which EventBridge makes of a publisher's
// request. A target gets the content alone. So what a publisher is permitted to
// write into the envelope must also be in the content. A pattern cannot compare
// two fields, therefore it has an alternative for each type.
func pattern(account *string, source string, types []string) map[string]any {
	matched := map[string]any{
		"account": []*string{account},
		"source":  []string{source},
		"detail":  map[string]any{"source": []string{source}},
	}
	if len(types) == 1 {
		matched["detail-type"] = types
		matched["detail"] = map[string]any{"source": []string{source}, "type": types}
		return matched
	}
	alternatives := make([]map[string]any, len(types))
	for i, eventType := range types {
		alternatives[i] = map[string]any{
			"detail-type": []string{eventType},
			"detail":      map[string]any{"type": []string{eventType}},
		}
	}
	matched["$or"] = alternatives
	return matched
}

// checkPattern returns an error if the pattern is longer than EventBridge
// accepts. The account is not known before deployment, but has twelve digits.
func checkPattern(source string, types []string) error {
	encoded, err := json.Marshal(pattern(new("000000000000"), source, types))
	if err != nil {
		return err
	}
	if len(encoded) > maximumPattern {
		return fmt.Errorf("%d events of source %q need a pattern of %d characters, %d are allowed", len(types), source, len(encoded), maximumPattern)
	}
	return nil
}
