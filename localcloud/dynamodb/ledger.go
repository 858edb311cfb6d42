package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// tokenLife is how long after its completion a transaction is remembered.
const tokenLife = 10 * time.Minute

type fingerprint [sha256.Size]byte

// ledger remembers the transactions that were done lately by their tokens.
type ledger struct {
	done  map[string]completed
	order []string // tokens, oldest first
}

type completed struct {
	request fingerprint
	at      time.Time
}

// fingerprintOf is the same for the same elements, however they were written.
func fingerprintOf(elements []TransactWriteItem) (fingerprint, error) {
	written, err := json.Marshal(elements)
	if err != nil {
		return fingerprint{}, err
	}
	return sha256.Sum256(written), nil
}

// find forgets what is too old and then looks for a token.
func (l *ledger) find(token string, now time.Time) (fingerprint, bool) {
	for len(l.order) > 0 && now.Sub(l.done[l.order[0]].at) >= tokenLife {
		delete(l.done, l.order[0])
		l.order = l.order[1:]
	}
	found, known := l.done[token]
	return found.request, known
}

func (l *ledger) add(token string, request fingerprint, now time.Time) {
	if l.done == nil {
		l.done = make(map[string]completed)
	}
	l.done[token] = completed{request: request, at: now}
	l.order = append(l.order, token)
}
