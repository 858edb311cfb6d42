package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"example.com/saga/pkg/keyring"
	"example.com/saga/services/order/orderid"
)

const (
	// hexadecimal are the characters of a UUID in lower case.
	hexadecimal = "0123456789abcdef-"
	// keyCharacters are the characters of a key.
	keyCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:+/=-"
)

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

type callerKey struct{}

// WithCaller returns the context of a request that a caller has signed.
func WithCaller(ctx context.Context, caller orderid.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// caller returns the caller that has signed a request. It is zero if the API is open.
func (s *server) caller(ctx context.Context) (orderid.Caller, error) {
	caller, signed := ctx.Value(callerKey{}).(orderid.Caller)
	if s.Open {
		return orderid.Caller{}, nil
	}
	if !signed || caller.Account == "" || caller.Principal == "" {
		return orderid.Caller{}, errors.New("the request has no IAM identity, although the API is not open")
	}
	return caller, nil
}

// idempotencyKey is the key of a request to place an order.
type idempotencyKey struct {
	text string
	// isRandom is true if the client sent no key: the request cannot be repeated.
	isRandom bool
}

// identify returns the ids of the order that a key places, and its token if the API is
// open. They are the same for a repeated request, even if the secret key was replaced.
func (s *server) identify(ctx context.Context, key idempotencyKey) (identity orderid.Identity, token string, err error) {
	caller, err := s.caller(ctx)
	if err != nil {
		return identity, "", err
	}
	keys, err := s.Keys(ctx)
	if err != nil {
		return identity, "", err
	}
	secret := keys.Active
	if !key.isRandom {
		if secret, err = s.chooseSecret(ctx, keys, caller, key.text); err != nil {
			return identity, "", err
		}
	}
	identity = orderid.Derive(secret, caller, key.text)
	if s.Open {
		token = orderid.Token(secret, identity.OrderID)
	}
	return identity, token, nil
}

// chooseSecret returns the secret key for an order that an earlier request may have placed
// with an older secret key.
func (s *server) chooseSecret(ctx context.Context, keys keyring.Keys, caller orderid.Caller, idempotencyKey string) ([]byte, error) {
	if keys.QuietFor > 0 {
		return nil, newProblem(unavailable, "A secret key is being replaced, which takes a minute. This request had no effect. "+
			"Repeat it after the seconds in Retry-After.").with("Retry-After", strconv.Itoa(int(math.Ceil(keys.QuietFor.Seconds()))))
	}
	return keys.Choose(func(older []byte) (bool, error) {
		_, record, err := s.Orders.Load(ctx, orderid.Derive(older, caller, idempotencyKey).OrderID)
		return record.Version > 0, err
	})
}

// idempotencyKey returns the key of the client, or else a random one. A header that is
// sent twice arrives as one, with both values joined by a comma. So a comma is refused,
// as are other separators and quotes. If the API is open the key must be hard to guess,
// because the key and the same body are enough to get the order's token.
func (s *server) idempotencyKey(r *http.Request) (idempotencyKey, error) {
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case len(keys) == 0:
		return idempotencyKey{s.NewID(), true}, nil
	case len(keys) > 1 || !isMadeOf(keys[0], keyCharacters, 255):
		return idempotencyKey{}, newProblem(badKey, "The header must occur once, with 1 to 255 letters, digits and characters of -._~:+/=. "+
			"A comma is refused because a header that is sent twice arrives as one, joined by a comma.")
	case s.Open && !isRandomUUID(keys[0]):
		return idempotencyKey{}, newProblem(badKey, "The API is open to everyone, so the key must be hard to guess: a UUID of version 4 or 7.")
	}
	return idempotencyKey{keys[0], false}, nil
}

// isPermitted reports whether a request may read or cancel an order. If the API is not
// open, IAM has already decided that. The order is not loaded, so that the answer to a
// request without its token does not depend on whether the order exists.
func (s *server) isPermitted(r *http.Request, orderID string) (bool, error) {
	if !s.Open {
		return true, nil
	}
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false, nil
	}
	keys, err := s.Keys(r.Context())
	return err == nil && orderid.IsToken(keys.All(), orderID, strings.TrimSpace(token)), err
}
