package orderid_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"example.com/saga/pkg/httpcommand"
	"example.com/saga/services/order/orderid"
)

var (
	secret = []byte("a secret of the deployment")
	other  = []byte("another one")
	alice  = httpcommand.Caller{Account: "111122223333", Principal: "AIDAALICE"}
)

func TestAnIdentityIsTheSameForTheSameInput(t *testing.T) {
	got := orderid.Derive(secret, alice, "key-1")
	// Derived ids are stored, so they must never change.
	want := orderid.Identity{OrderID: "9832e2fa-6f47-8c55-8fd3-ff7f41b61357", CorrelationID: "48ea72ad-a18a-8d08-bd1e-92a77891894a"}
	if got != want {
		t.Errorf("the identity is %+v, want %+v", got, want)
	}
	if got := orderid.Token(secret, want.OrderID); got != "NUbLnhPT4SSjdNyuXMec7VS-LmEsIYz4M4Uzaqt7OCo" {
		t.Errorf("the token is %s", got)
	}
}

func TestIdsAreUUIDsOfVersion8(t *testing.T) {
	version8 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.String().Draw(t, "key")
		got := orderid.Derive(secret, alice, key)
		if !version8.MatchString(got.OrderID) || !version8.MatchString(got.CorrelationID) || got.OrderID == got.CorrelationID {
			t.Errorf("%+v", got)
		}
	})
}

func TestEveryPartMakesAnotherIdentity(t *testing.T) {
	seen := map[string]string{}
	for name, identity := range map[string]orderid.Identity{
		"the first":           orderid.Derive(secret, alice, "key-1"),
		"another secret":      orderid.Derive(other, alice, "key-1"),
		"another account":     orderid.Derive(secret, httpcommand.Caller{Account: "1", Principal: alice.Principal}, "key-1"),
		"another principal":   orderid.Derive(secret, httpcommand.Caller{Account: alice.Account, Principal: "AIDABOB"}, "key-1"),
		"no caller":           orderid.Derive(secret, httpcommand.Caller{}, "key-1"),
		"another key":         orderid.Derive(secret, alice, "key-2"),
		"parts cut elsewhere": orderid.Derive(secret, httpcommand.Caller{Account: alice.Account + "A", Principal: alice.Principal[1:]}, "key-1"),
		"a key cut elsewhere": orderid.Derive(secret, httpcommand.Caller{Account: alice.Account, Principal: alice.Principal + "k"}, "ey-1"),
		"parts in one":        orderid.Derive(secret, httpcommand.Caller{Account: alice.Account + alice.Principal}, "key-1"),
	} {
		for _, id := range []string{identity.OrderID, identity.CorrelationID} {
			if seen[id] != "" {
				t.Errorf("%s and %s have the same id", name, seen[id])
			}
			seen[id] = name
		}
	}
}

func TestATokenIsValidForOneOrderAndOneSecret(t *testing.T) {
	const id = "6f1c1c0e-0000-8000-8000-000000000000"
	token := orderid.Token(secret, id)
	for name, test := range map[string]struct {
		secrets   [][]byte
		id, token string
		want      bool
	}{
		"the token":          {[][]byte{secret}, id, token, true},
		"of an older secret": {[][]byte{other, secret}, id, token, true},
		"of no secret":       {[][]byte{other}, id, token, false},
		"without secrets":    {nil, id, token, false},
		"of another order":   {[][]byte{secret}, "6f1c1c0e-0000-8000-8000-000000000001", token, false},
		"nothing":            {[][]byte{secret}, id, "", false},
		"a part of it":       {[][]byte{secret}, id, token[:42], false},
		"more than it":       {[][]byte{secret}, id, token + "=", false},
		"the id":             {[][]byte{secret}, id, id, false},
	} {
		if got := orderid.IsToken(test.secrets, test.id, test.token); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
