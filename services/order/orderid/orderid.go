// Package orderid derives the ids and the token of an order from a secret key, the
// caller and the idempotency key. They cannot be computed without the secret key.
package orderid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/google/uuid"

	"example.com/saga/pkg/httpcommand"
)

// Identity is the ids of an order.
type Identity struct {
	OrderID, CorrelationID string
}

// Derive returns the identity of the order that a caller places with an
// idempotency key.
func Derive(secret []byte, caller httpcommand.Caller, idempotencyKey string) Identity {
	id := func(purpose string) string {
		return newUUID(sum(secret, purpose, caller.Account, caller.Principal, idempotencyKey))
	}
	return Identity{OrderID: id("order"), CorrelationID: id("correlation")}
}

// Token returns the token of an order, which proves that its holder has placed the
// order.
func Token(secret []byte, orderID string) string {
	return base64.RawURLEncoding.EncodeToString(sum(secret, "token", orderID))
}

// IsToken reports whether a text is the token of an order for one of the secret keys.
// Its run time depends on the length of the text and not on its content.
func IsToken(secrets [][]byte, orderID, text string) bool {
	found := false
	for _, secret := range secrets {
		if hmac.Equal([]byte(Token(secret, orderID)), []byte(text)) {
			found = true
		}
	}
	return found
}

// sum returns the HMAC-SHA256 of the parts, each preceded by its length, so that no other
// parts have the same encoding.
func sum(secret []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, secret)
	var encoded []byte
	for _, part := range parts {
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(len(part)))
		encoded = append(encoded, part...)
	}
	mac.Write(encoded)
	return mac.Sum(nil)
}

// newUUID returns a UUID of version 8 (RFC 9562, 5.8), with 122 bits of the sum.
func newUUID(sum []byte) string {
	id := uuid.UUID(slices.Clone(sum[:16]))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
