package sqs

import (
	"errors"
	"regexp"
	"strings"

	"example.com/saga/localcloud/wire"
)

// BatchInput has up to ten entries for a queue.
type BatchInput[E any] struct {
	QueueUrl string
	Entries  []E
}

// BatchOutput has the result of each entry.
type BatchOutput[R any] struct {
	Successful []R
	Failed     []BatchResultErrorEntry `json:",omitempty"`
}

// BatchResultEntry is an entry that succeeded.
type BatchResultEntry struct{ Id string }

// BatchResultErrorEntry is the failure of one entry of a batch.
type BatchResultErrorEntry struct {
	Id          string
	SenderFault bool
	Code        string
	Message     string
}

type batchEntry interface{ id() string }

// each calls do for each entry of a batch, unless the batch as a whole is
// refused. An error that is not AWS's is not the sender's fault.
func each[E batchEntry, R any](entries []E, do func(E) (R, error)) (*BatchOutput[R], error) {
	if err := checkBatch(entries); err != nil {
		return nil, err
	}
	out := &BatchOutput[R]{Successful: []R{}}
	for _, entry := range entries {
		result, err := do(entry)
		if err == nil {
			out.Successful = append(out.Successful, result)
			continue
		}
		failure := BatchResultErrorEntry{Id: entry.id(), Code: "InternalError", Message: err.Error()}
		if known, ok := errors.AsType[*wire.Error](err); ok {
			failure.SenderFault, failure.Code, failure.Message = true, strings.TrimPrefix(known.Code, namespace), known.Message
		}
		out.Failed = append(out.Failed, failure)
	}
	return out, nil
}

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch returns an error if the batch as a whole is refused.
func checkBatch[E batchEntry](entries []E) error {
	switch {
	case len(entries) == 0:
		return fail("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > 10:
		return fail("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		if !entryID.MatchString(entry.id()) {
			return fail("InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[entry.id()] {
			return fail("BatchEntryIdsNotDistinct", "Id %s repeated.", entry.id())
		}
		seen[entry.id()] = true
	}
	return nil
}
