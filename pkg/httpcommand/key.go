package httpcommand

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"example.com/saga/pkg/event"
)

// KeyUse is how a route uses the header Idempotency-Key.
type KeyUse int

const (
	// NoKey ignores the header.
	NoKey KeyUse = iota
	// OptionalKey is for a request that is a command of its own without a key.
	OptionalKey
	// RequiredKey rejects a request without a key.
	RequiredKey
)

// problems returns the names of the types of problems of a key.
func (k KeyUse) problems() []string {
	switch k {
	case NoKey:
		return nil
	case RequiredKey:
		return []string{MissingKey, BadKey, KeyReused}
	default:
		return []string{BadKey, KeyReused}
	}
}

const (
	lowerCase     = "abcdefghijklmnopqrstuvwxyz"
	keyCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lowerCase + "0123456789._~:+/=-"
)

// Key returns the Idempotency-Key, or "" if there is none and it is optional. Other errors
// are an *Error. A key belongs to its caller: derive the id of a command from both, as KeyID
// does.
//
// A key has 1 to 255 letters, digits and characters of -._~:+/=. AWS and proxies join the
// values of a header that is sent twice with a comma, and a joined key would be a new one.
// So a comma is rejected, as are other separators and quotes. If the API is open, a key must
// be hard to guess, because the key and the body are all that a repeated request needs.
func (r *Request) Key() (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case r.route.Key == NoKey:
		return "", errors.New("the route has no Key")
	case len(keys) == 0 && r.route.Key == RequiredKey:
		return "", &Error{Type: MissingKey}
	case len(keys) == 0:
		return "", nil
	case len(keys) > 1 || !isMadeOf(keys[0], keyCharacters, 255):
		return "", &Error{Type: BadKey, Detail: "The header must occur once, with 1 to 255 letters, digits and characters of -._~:+/=. " +
			"A comma is refused because a header that is sent twice arrives as one, joined by a comma."}
	case r.api.config.Open && !isRandomUUID(keys[0]):
		return "", &Error{Type: BadKey, Detail: "The API is open to everyone, so the key must be hard to guess: a UUID of version 4 or 7."}
	}
	return keys[0], nil
}

// KeyID returns a UUID for what the request makes, which is the same for the same method,
// path, caller and key, or "" if there is no key and it is optional. Its errors are those of
// Key and Caller. The UUID is no secret: it can be computed from the key.
func (r *Request) KeyID() (string, error) {
	key, err := r.Key()
	if key == "" { // There is none, or it is not acceptable.
		return "", err
	}
	caller, err := r.Caller()
	return event.DeriveID("http", r.Method, r.URL.Path, caller.Account, caller.Principal, key), err
}

// isMadeOf reports whether a text has from 1 to a maximum of characters, and no other
// than these. Compiling a regular expression with such a maximum takes up to 2 ms.
func isMadeOf(text, characters string, maximum int) bool {
	return text != "" && len(text) <= maximum && strings.Trim(text, characters) == ""
}

// isRandomUUID reports whether a text is a UUID of version 4 or 7, which are random.
func isRandomUUID(text string) bool {
	id, err := uuid.Parse(text)
	// Package uuid also accepts other notations.
	return err == nil && len(text) == 36 && id.Variant() == uuid.RFC4122 && (id.Version() == 4 || id.Version() == 7)
}

// Caller is an IAM user, or a role in any of its sessions, of an AWS account. It is zero for
// an unknown caller.
type Caller struct {
	Account, Principal string
}

// NewCaller returns the caller with a user id of IAM, such as AROAEXAMPLE:session. The
// part after the colon is the session of a role, which is left out because a request
// may be repeated in another session. Only a role's id begins with AROA: for a federated
// user the part after the colon is the user
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable).
func NewCaller(account, userID string) Caller {
	if strings.HasPrefix(userID, "AROA") {
		userID, _, _ = strings.Cut(userID, ":")
	}
	return Caller{account, userID}
}

type callerKey struct{}

// WithCaller returns the context of a request that a caller has signed.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// Caller returns the caller that has signed the request. It is zero if the API is open.
func (r *Request) Caller() (Caller, error) {
	caller, _ := r.Context().Value(callerKey{}).(Caller) // It is zero if there is none.
	if r.api.config.Open {
		return Caller{}, nil
	}
	if caller.Account == "" || caller.Principal == "" {
		return Caller{}, errors.New("the request has no IAM identity, although the API is not open")
	}
	return caller, nil
}
