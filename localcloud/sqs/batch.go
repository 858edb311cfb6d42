package sqs

import (
	"errors"
	"strings"

	"example.com/saga/localcloud/wire"
)

// BatchResultEntry is an entry that succeeded.
type BatchResultEntry struct {
	Id string
}

// BatchResultErrorEntry is the failure of one entry of a batch.
type BatchResultErrorEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

// failed returns the failure of one entry. An error that is not AWS's is not
// the sender's fault.
func failed(id string, err error) BatchResultErrorEntry {
	entry := BatchResultErrorEntry{Id: id, Code: "InternalError", Message: err.Error()}
	if known, ok := errors.AsType[*wire.Error](err); ok {
		entry.SenderFault = true
		entry.Code = strings.TrimPrefix(known.Code, namespace)
		entry.Message = known.Message
	}
	return entry
}

// each calls do for each entry of a batch, unless the batch as a whole is
// refused.
func each[E any](entries []E, id func(E) string, do func(E) error) (done []BatchResultEntry, undone []BatchResultErrorEntry, err error) {
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = id(entry)
	}
	if err := checkBatch(ids); err != nil {
		return nil, nil, err
	}
	done = []BatchResultEntry{}
	for i, entry := range entries {
		if err := do(entry); err != nil {
			undone = append(undone, failed(ids[i], err))
			continue
		}
		done = append(done, BatchResultEntry{Id: ids[i]})
	}
	return done, undone, nil
}

// checkBatch returns an error if the batch as a whole is refused.
func checkBatch(ids []string) error {
	switch {
	case len(ids) == 0:
		return fail("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ids) > 10:
		return fail("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(ids))
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if !validEntryID(id) {
			return fail("InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return fail("BatchEntryIdsNotDistinct", "Id %s repeated.", id)
		}
		seen[id] = true
	}
	return nil
}

func validEntryID(id string) bool {
	if id == "" || len(id) > 80 {
		return false
	}
	for _, r := range id {
		if !isAlphanumeric(r) && r != '-' && r != '_' {
			return false
		}
	}
	return true
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
