package dynamodb

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// tokenLifetime is how long after its completion a transaction is remembered.
const tokenLifetime = 10 * time.Minute

type fingerprint [sha256.Size]byte

// tokenLedger remembers the latest transactions by their tokens.
type tokenLedger struct {
	completed map[string]completedTransaction
	order     []string // tokens, oldest first
}

type completedTransaction struct {
	request fingerprint
	at      time.Time
}

// fingerprintOf returns a hash that is the same for the same elements, however
// they were written.
func fingerprintOf(elements []TransactWriteItem) (fingerprint, error) {
	written, err := json.Marshal(elements)
	if err != nil {
		return fingerprint{}, err
	}
	return sha256.Sum256(written), nil
}

// find drops the tokens that are too old and then looks for one.
func (l *tokenLedger) find(token string, now time.Time) (fingerprint, bool) {
	for len(l.order) > 0 && now.Sub(l.completed[l.order[0]].at) >= tokenLifetime {
		delete(l.completed, l.order[0])
		l.order = l.order[1:]
	}
	found, known := l.completed[token]
	return found.request, known
}

func (l *tokenLedger) add(token string, request fingerprint, now time.Time) {
	if l.completed == nil {
		l.completed = make(map[string]completedTransaction)
	}
	l.completed[token] = completedTransaction{request: request, at: now}
	l.order = append(l.order, token)
}
