// Package orderid derives what an order is known by from a secret key, from who
// places it, and from the idempotency key. Without the secret key nothing of it
// can be computed.
package orderid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Caller is who places an order: an IAM user, or a role in any of its sessions,
// of an AWS account. It is zero for a caller that is not known.
type Caller struct {
	Account, Principal string
}

// CallerOf returns the caller with a user id of IAM, such as
// AROAEXAMPLE:session. The part after the colon names a session of a role, and
// a request may be repeated in another one. Only a role's id begins with AROA:
// what follows the colon of a federated user is the user
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable).
func CallerOf(account, userID string) Caller {
	if strings.HasPrefix(userID, "AROA") {
		userID, _, _ = strings.Cut(userID, ":")
	}
	return Caller{account, userID}
}

// Identity is what an order is known by.
type Identity struct {
	OrderID, CorrelationID string
}

// Derive returns the identity of the order that a caller places with an
// idempotency key.
func Derive(secret []byte, caller Caller, idempotencyKey string) Identity {
	id := func(purpose string) string {
		return newUUID(sum(secret, purpose, caller.Account, caller.Principal, idempotencyKey))
	}
	return Identity{OrderID: id("order"), CorrelationID: id("correlation")}
}

// Token returns the token of an order, which proves that its holder has placed
// it.
func Token(secret []byte, orderID string) string {
	return base64.RawURLEncoding.EncodeToString(sum(secret, "token", orderID))
}

// IsToken reports whether a text is the token of an order by one of the secret
// keys. How long it takes does not depend on the text, but for its length.
func IsToken(secrets [][]byte, orderID, text string) bool {
	is := false
	for _, secret := range secrets {
		if hmac.Equal([]byte(Token(secret, orderID)), []byte(text)) {
			is = true
		}
	}
	return is
}

// sum returns the HMAC-SHA256 of the parts, each after its length: no other parts
// have the same encoding.
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
