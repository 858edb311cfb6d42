package assembly

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// pair returns the two arguments of a function whose first one is a plain text
// or number.
func (l *loader) pair(function string, argument any) (first string, second any, err error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return "", nil, fmt.Errorf("%s takes two arguments", function)
	}
	if first, err = l.text(list[0]); err != nil {
		return "", nil, fmt.Errorf("%s: %w", function, err)
	}
	second, err = l.resolve(list[1])
	if second == any(unresolved{}) {
		err = errUnresolved
	}
	return first, second, err
}

func (l *loader) text(value any) (string, error) {
	resolved, err := l.resolve(value)
	if err != nil {
		return "", err
	}
	return plainText(resolved)
}

func plainText(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case json.Number:
		return value.String(), nil
	case bool:
		return strconv.FormatBool(value), nil
	case unresolved:
		return "", errUnresolved
	default:
		return "", fmt.Errorf("%v is not a text", value)
	}
}
