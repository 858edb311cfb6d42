package httpapi

import (
	"context"
	"math"
	"strconv"
	"strings"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/services/order/orderid"
)

// identify returns the ids of the order that a request places, and its token if the API is
// open. They are the same for a repeated request, even if the secret key was replaced. A
// request without an idempotency key cannot be repeated, and gets random ids.
func (s *server) identify(ctx context.Context, r *httpcommand.Request, key string) (identity orderid.Identity, token string, err error) {
	caller, err := r.Caller()
	if err != nil {
		return identity, "", err
	}
	keys, err := s.Keys(ctx)
	if err != nil {
		return identity, "", err
	}
	secret := keys.Active
	if key == "" {
		key = s.NewID()
	} else if secret, err = s.chooseSecret(ctx, keys, caller, key); err != nil {
		return identity, "", err
	}
	identity = orderid.Derive(secret, caller, key)
	if s.Open {
		token = orderid.Token(secret, identity.OrderID)
	}
	return identity, token, nil
}

// chooseSecret returns the secret key for an order that an earlier request may have placed
// with an older secret key.
func (s *server) chooseSecret(ctx context.Context, keys keyring.Keys, caller httpcommand.Caller, idempotencyKey string) ([]byte, error) {
	if keys.QuietFor > 0 {
		return nil, &httpcommand.Error{
			Type: httpcommand.Unavailable, Value: strconv.Itoa(int(math.Ceil(keys.QuietFor.Seconds()))),
			Detail: "A secret key is being replaced, which takes a minute. This request had no effect. " +
				"Repeat it after the seconds in Retry-After.",
		}
	}
	return keys.Choose(func(older []byte) (bool, error) {
		_, record, err := s.Orders.Load(ctx, orderid.Derive(older, caller, idempotencyKey).OrderID)
		return record.Version > 0, err
	})
}

// isPermitted reports whether a request may read or cancel an order. If the API is not
// open, IAM has already decided that. The order is not loaded, so that the answer to a
// request without its token does not depend on whether the order exists.
func (s *server) isPermitted(r *httpcommand.Request, orderID string) (bool, error) {
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
	if err != nil {
		return false, err
	}
	return orderid.IsToken(keys.All(), orderID, strings.TrimSpace(token)), nil
}
