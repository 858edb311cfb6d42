package wire

import "strconv"

// Page returns at most so many of a list, from a token on, and the token of the next
// page; it is empty if there is none. The limit is the maximum unless it is given.
// The list must not change its order between two pages.
func Page[T any](list []T, token string, limit *int, maximum int) (page []T, next string, err error) {
	size := maximum
	if limit != nil {
		size = *limit
	}
	if size < 1 || size > maximum {
		return nil, "", ValidationError("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", size, maximum)
	}
	from := 0
	if token != "" {
		if from, err = strconv.Atoi(token); err != nil || from < 0 || from > len(list) {
			return nil, "", ValidationError("The token %s is not valid", token)
		}
	}
	if end := from + size; end < len(list) {
		return list[from:end], strconv.Itoa(end), nil
	}
	return list[from:], "", nil
}
