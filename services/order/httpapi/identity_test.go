package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/pkg/keyring"
	"example.com/saga/services/order/orderid"
)

const (
	randomKey = "8e03978e-40d5-43e8-bc93-6894a57f9324"
	keyHeader = "Idempotency-Key: " + randomKey
)

var otherOrder = strings.Replace(goodOrder, `"quantity": 2`, `"quantity": 3`, 1)

// placeOpen places a good order with an open API, and returns its path and its token as a
// header.
func (s *shop) placeOpen() (path, bearer string) {
	s.t.Helper()
	r := s.send(http.MethodPost, "/orders", goodOrder)
	if r.status != http.StatusAccepted || r.text("token") == "" {
		s.t.Fatalf("the order is answered by %d %s", r.status, r.raw)
	}
	return r.header.Get("Location"), "Authorization: Bearer " + r.text("token")
}

// rotate adds a key to the ring, which becomes active after keyring.ActiveAfter.
func (s *shop) rotate(letter string) {
	s.t.Helper()
	ring, err := keyring.Parse(s.ring)
	if err != nil {
		s.t.Fatal(err)
	}
	if ring, _, err = ring.Rotate(s.now, strings.Repeat(letter, keyring.MinimumLength)); err != nil {
		s.t.Fatal(err)
	}
	if s.ring, err = ring.Encode(); err != nil {
		s.t.Fatal(err)
	}
}

func TestTheKeysOfTwoCallersAreIndependent(t *testing.T) {
	s := newShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1")
	alice := s.caller
	for name, caller := range map[string]httpcommand.Caller{
		"of the same account": {Account: alice.Account, Principal: "AIDABOB"},
		"of another account":  {Account: "444455556666", Principal: alice.Principal},
	} {
		s.caller = caller
		r := s.send(http.MethodPost, "/orders", otherOrder, "Idempotency-Key: key-1")
		if r.status != http.StatusAccepted || r.text("orderId") == first.text("orderId") || r.text("correlationId") == first.text("correlationId") {
			t.Errorf("a caller %s is answered by %d %s", name, r.status, r.raw)
		}
	}
	s.caller = alice
	if again := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: key-1"); again.raw != first.raw {
		t.Errorf("first %s, then %s", first.raw, again.raw)
	}
}

func TestASignedRequestNeedsNoTokenAndGetsNone(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", goodOrder, "Authorization: AWS4-HMAC-SHA256 Credential=x")
	if _, has := r.body["token"]; r.status != http.StatusAccepted || has {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := s.send(http.MethodGet, r.header.Get("Location"), "", "Authorization: AWS4-HMAC-SHA256 Credential=x"); r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestAnOrderThatMustBeSignedIsNotPlacedWithoutACaller(t *testing.T) {
	for _, caller := range []httpcommand.Caller{{}, {Account: "111122223333"}, {Principal: "AIDAALICE"}} {
		s := newShop(t)
		s.caller = caller
		s.send(http.MethodPost, "/orders", goodOrder).isProblem(t, http.StatusServiceUnavailable, "/problems/unavailable")
		if s.store.commits != 0 || !strings.Contains(s.logs.String(), "no IAM identity") {
			t.Errorf("%d commits, logged is %s", s.store.commits, s.logs)
		}
	}
}

func TestTheCallerIsTheIdentityThatSignedInAnySession(t *testing.T) {
	const assumed = `{"iam": {"accessKey": "ASIA", "accountId": "111122223333", "callerId": "AROAROLE:one", "userId": "AROAROLE:one",
		"userArn": "arn:aws:sts::111122223333:assumed-role/shop/one", "cognitoIdentity": null, "principalOrgId": null}}`
	s := newShop(t)
	place := func(authorizer string) (status int, body string) {
		quoted, err := json.Marshal(goodOrder)
		if err != nil {
			t.Fatal(err)
		}
		got, err := invoke(t, s.unsigned, `{"rawPath": "/orders", "headers": {"content-type": "application/json", "idempotency-key": "key-1"},
			"requestContext": {"domainName": "example.com", "http": {"method": "POST"}, "authorizer": `+authorizer+`}, "body": `+string(quoted)+`}`)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, got.Body
	}
	_, first := place(assumed)
	for name, test := range map[string]struct {
		authorizer string
		status     int
		same       bool
	}{
		"the same session": {assumed, http.StatusAccepted, true},
		"another session":  {strings.ReplaceAll(assumed, "one", "other"), http.StatusAccepted, true},
		"another role":     {strings.ReplaceAll(assumed, "AROAROLE", "AROAOTHER"), http.StatusAccepted, false},
		"another account":  {strings.ReplaceAll(assumed, "111122223333", "444455556666"), http.StatusAccepted, false},
		"a user":           {strings.ReplaceAll(assumed, "AROAROLE:one", "AIDAALICE"), http.StatusAccepted, false},
		"nothing":          {`null`, http.StatusServiceUnavailable, false},
		"no IAM identity":  {`{"jwt": {}}`, http.StatusServiceUnavailable, false},
		"an empty one":     {`{"iam": {}}`, http.StatusServiceUnavailable, false},
	} {
		if status, body := place(test.authorizer); status != test.status || (body == first) != test.same {
			t.Errorf("%s: %d %s, first %s", name, status, body, first)
		}
	}
}

func TestAnOpenOrderIsReadAndCancelledWithItsTokenOnly(t *testing.T) {
	s := newOpenShop(t)
	path, bearer := s.placeOpen()
	_, others := s.placeOpen()
	commits := s.store.commits
	token := strings.TrimPrefix(bearer, "Authorization: Bearer ")
	for name, headers := range map[string][]string{
		"no token":                  nil,
		"an empty one":              {"Authorization: Bearer "},
		"that of another order":     {others},
		"another scheme":            {"Authorization: Basic " + token},
		"no scheme":                 {"Authorization: " + token},
		"the id":                    {"Authorization: Bearer " + strings.TrimPrefix(path, "/orders/")},
		"a part of it":              {bearer[:len(bearer)-1]},
		"a signature":               {"Authorization: AWS4-HMAC-SHA256 Credential=x"},
		"two tokens":                {bearer + ", Bearer " + token},
		"the token in another case": {strings.ToUpper(bearer)},
	} {
		t.Run(name, func(t *testing.T) {
			unknown := s.send(http.MethodGet, "/orders/"+unknownID, "", headers...)
			got := s.send(http.MethodGet, path, "", headers...)
			got.isProblem(t, http.StatusNotFound, "/problems/unknown-order")
			if got.raw != unknown.raw {
				t.Errorf("the answer is %s, that for an unknown order %s", got.raw, unknown.raw)
			}
			s.send(http.MethodPost, path+"/cancellation", "", headers...).isProblem(t, http.StatusNotFound, "/problems/unknown-order")
		})
	}
	if s.store.commits != commits {
		t.Errorf("%d commits", s.store.commits-commits)
	}
	for _, right := range []string{bearer, "Authorization: bearer " + token} {
		r := s.send(http.MethodGet, path, "", right)
		if _, has := r.body["token"]; r.status != http.StatusOK || has {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	r := s.send(http.MethodPost, path+"/cancellation", "", bearer)
	if _, has := r.body["token"]; r.status != http.StatusAccepted || has {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if r := s.serve(t, http.MethodHead, path, "", http.Header{"Authorization": {"Bearer " + token}}); r.Code != http.StatusOK {
		t.Errorf("HEAD answers %d", r.Code)
	}
	if r := s.serve(t, http.MethodHead, path, "", http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}); r.Code != http.StatusNotFound {
		t.Errorf("HEAD with two tokens answers %d", r.Code)
	}
	if strings.Contains(s.logs.String(), token) {
		t.Error("the token is logged")
	}
}

func TestWithoutItsTokenAnOrderIsNotLoaded(t *testing.T) {
	s := newOpenShop(t)
	path, _ := s.placeOpen()
	s.store.err = errors.New("the store is called")
	s.send(http.MethodGet, path, "").isProblem(t, http.StatusNotFound, "/problems/unknown-order")
}

func TestARepeatedOpenRequestGetsTheSameToken(t *testing.T) {
	s := newOpenShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	again := s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	if first.text("token") == "" || again.raw != first.raw {
		t.Errorf("first %s, then %s", first.raw, again.raw)
	}
	refused := s.send(http.MethodPost, "/orders", otherOrder, keyHeader)
	refused.isProblem(t, http.StatusUnprocessableEntity, "/problems/idempotency-key-reused")
	if strings.Contains(refused.raw, first.text("token")) || strings.Contains(refused.raw, first.text("orderId")) {
		t.Errorf("the refusal has something of the order: %s", refused.raw)
	}
}

func TestAnOpenKeyIsARandomUUID(t *testing.T) {
	s := newOpenShop(t)
	for key, status := range map[string]int{
		randomKey:                              http.StatusAccepted,
		"0198E2C7-3C5A-7B3D-8F4E-5A6B7C8D9E0F": http.StatusAccepted, // Version 7.
		"key-1":                                http.StatusBadRequest,
		"8e03978e40d543e8bc936894a57f9324":     http.StatusBadRequest,
		"6ba7b810-9dad-11d1-80b4-00c04fd430c8": http.StatusBadRequest, // Version 1.
		"6ba7b810-9dad-51d1-80b4-00c04fd430c8": http.StatusBadRequest, // Version 5.
		"8e03978e-40d5-43e8-1c93-6894a57f9324": http.StatusBadRequest, // No variant.
		"00000000-0000-0000-0000-000000000000": http.StatusBadRequest,
		"ffffffff-ffff-ffff-ffff-ffffffffffff": http.StatusBadRequest,
		randomKey + "0":                        http.StatusBadRequest,
		randomKey[:35] + "g":                   http.StatusBadRequest,
		"urn:uuid:" + randomKey:                http.StatusBadRequest,
	} {
		r := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: "+key)
		if r.status != status {
			t.Errorf("%s: %d %s", key, r.status, r.raw)
		}
		if status == http.StatusBadRequest {
			r.isProblem(t, status, "/problems/idempotency-key")
		}
	}
}

func TestAnOpenAPIIgnoresTheCaller(t *testing.T) {
	s := newOpenShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	inner := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(httpcommand.WithCaller(r.Context(), httpcommand.Caller{Account: "1", Principal: "AIDABOB"})))
	})
	again := s.serve(t, http.MethodPost, "/orders", goodOrder, http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {randomKey}})
	if again.Body.String() != first.raw {
		t.Errorf("first %s, then %s", first.raw, again.Body)
	}
}

func TestAfterARotationKeysAndTokensStayValid(t *testing.T) {
	s := newOpenShop(t)
	first := s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	path, bearer := s.placeOpen()
	for _, letter := range []string{"b", "c"} {
		s.rotate(letter)
		for _, later := range []time.Duration{keyring.ActiveAfter - keyring.Quiet - 1, keyring.Quiet + 1} {
			s.now = s.now.Add(later)
			commits := s.store.commits
			if again := s.send(http.MethodPost, "/orders", goodOrder, keyHeader); again.status != http.StatusAccepted || again.raw != first.raw {
				t.Errorf("first %s, then %d %s", first.raw, again.status, again.raw)
			}
			s.send(http.MethodPost, "/orders", otherOrder, keyHeader).isProblem(t, http.StatusUnprocessableEntity, "/problems/idempotency-key-reused")
			if s.store.commits != commits {
				t.Error("a second order is placed")
			}
			if r := s.send(http.MethodGet, path, "", bearer); r.status != http.StatusOK {
				t.Errorf("the order is answered by %d %s", r.status, r.raw)
			}
		}
	}
	// A new order is placed with the new secret key.
	placed := s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: 0198e2c7-3c5a-7b3d-8f4e-5a6b7c8d9e0f")
	if want := orderid.Token([]byte(strings.Repeat("c", keyring.MinimumLength)), placed.text("orderId")); placed.text("token") != want {
		t.Errorf("the order is answered by %d %s", placed.status, placed.raw)
	}
}

func TestARequestThatCanBeRepeatedIsRefusedInTheQuietTime(t *testing.T) {
	s := newOpenShop(t)
	path, bearer := s.placeOpen()
	s.rotate("b")
	s.now = s.now.Add(keyring.ActiveAfter - 1500*time.Millisecond)
	commits := s.store.commits
	r := s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	r.isProblem(t, http.StatusServiceUnavailable, "/problems/unavailable")
	if r.header.Get("Retry-After") != "2" || !strings.Contains(r.text("detail"), "This request had no effect.") || s.store.commits != commits {
		t.Errorf("%v %s, %d commits", r.header, r.raw, s.store.commits-commits)
	}
	// A request without a key, and a bad order, do not depend on the secret key.
	s.placeOpen()
	s.send(http.MethodPost, "/orders", "{}", keyHeader).isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
	if r := s.send(http.MethodGet, path, "", bearer); r.status != http.StatusOK {
		t.Errorf("the order is answered by %d %s", r.status, r.raw)
	}
}

func TestATokenOfASecretKeyThatIsNotYetActiveIsValid(t *testing.T) {
	s := newOpenShop(t)
	s.rotate("b")
	began := s.now
	s.now = began.Add(keyring.ActiveAfter)
	path, bearer := s.placeOpen()
	s.now = began.Add(keyring.ActiveAfter - keyring.MaximumSkew)
	if r := s.send(http.MethodGet, path, "", bearer); r.status != http.StatusOK {
		t.Errorf("the order is answered by %d %s", r.status, r.raw)
	}
}

func TestWithoutSecretKeysTheAPIIsUnavailable(t *testing.T) {
	s := newOpenShop(t)
	path, bearer := s.placeOpen()
	s.ring = "no ring"
	for _, r := range []reply{
		s.send(http.MethodPost, "/orders", goodOrder),
		s.send(http.MethodPost, "/orders", goodOrder, keyHeader),
		s.send(http.MethodGet, path, "", bearer),
		s.send(http.MethodPost, path+"/cancellation", "", bearer),
	} {
		r.isProblem(t, http.StatusServiceUnavailable, "/problems/unavailable")
	}
	if got := strings.Count(s.logs.String(), "the key ring is not JSON of a ring"); got != 4 {
		t.Errorf("the reason is logged %d times: %s", got, s.logs)
	}
}

func TestAnOrderIsNotPlacedAgainIfTheEarlierOneCannotBeLookedUp(t *testing.T) {
	s := newOpenShop(t)
	s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	s.rotate("b")
	s.now = s.now.Add(keyring.ActiveAfter)
	s.store.beforeLoad = func(int) error { return errors.New("the table is unavailable") }
	s.send(http.MethodPost, "/orders", goodOrder, keyHeader).isProblem(t, http.StatusServiceUnavailable, "/problems/unavailable")
	if s.store.commits != 1 {
		t.Errorf("%d orders are placed", s.store.commits)
	}
}

func TestAnEarlierOrderIsLookedUpOnlyAfterARotation(t *testing.T) {
	s := newOpenShop(t)
	s.send(http.MethodPost, "/orders", goodOrder, keyHeader)
	if s.store.loads != 0 {
		t.Errorf("%d reads for an order", s.store.loads)
	}
	s.rotate("b")
	s.now = s.now.Add(keyring.ActiveAfter)
	s.store.loads = 0
	s.send(http.MethodPost, "/orders", goodOrder, "Idempotency-Key: 0198e2c7-3c5a-7b3d-8f4e-5a6b7c8d9e0f")
	if s.store.loads != 1 {
		t.Errorf("%d reads for an order after a rotation", s.store.loads)
	}
	s.store.loads = 0
	s.send(http.MethodPost, "/orders", goodOrder)
	if s.store.loads != 0 {
		t.Errorf("%d reads for an order without a key", s.store.loads)
	}
}
