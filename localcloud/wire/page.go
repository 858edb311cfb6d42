package wire

import "strconv"

// ValueOr returns a member of a request, or another value if it is absent.
func ValueOr[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

// PageSize returns the limit of a page, which is the maximum unless it is given.
func PageSize(limit *int, maximum int) (int, error) {
	size := ValueOr(limit, maximum)
	if size < 1 || size > maximum {
		return 0, ValidationError("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", size, maximum)
	}
	return size, nil
}

// Page returns at most so many of a list, from a token on, and the token of the next
// page; it is empty if there is none. The list must not change its order between two
// pages.
func Page[T any](list []T, token string, limit *int, maximum int) (page []T, next string, err error) {
	size, err := PageSize(limit, maximum)
	if err != nil {
		return nil, "", err
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
