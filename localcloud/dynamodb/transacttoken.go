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
	known map[string]tokenUse
	order []string // tokens of completed transactions, oldest first
}

// tokenUse is the transaction of a token.
type tokenUse struct {
	request   fingerprint
	completed time.Time // zero while it is in progress
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
func (l *tokenLedger) find(token string, now time.Time) (tokenUse, bool) {
	for len(l.order) > 0 && now.Sub(l.known[l.order[0]].completed) >= tokenLifetime {
		delete(l.known, l.order[0])
		l.order = l.order[1:]
	}
	found, isKnown := l.known[token]
	return found, isKnown
}

func (l *tokenLedger) begin(token string, request fingerprint) {
	if l.known == nil {
		l.known = make(map[string]tokenUse)
	}
	l.known[token] = tokenUse{request: request}
}

func (l *tokenLedger) complete(token string, now time.Time) {
	l.known[token] = tokenUse{request: l.known[token].request, completed: now}
	l.order = append(l.order, token)
}
