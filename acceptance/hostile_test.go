package acceptance

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/sync/errgroup"
)

const hostile = 500

// oddTexts are texts in JSON, some of which have no reading.
var oddTexts = []string{
	`Straße 1, Žižkov`, `東京都千代田区`, `שדרות רוטשילד`, `1 Rue de l'Égalité`, `👩‍👩‍👧 House`, `e\u0301toile`, `line\none`, `a\tb`,
	`\u0000`, `a\u0001b`, `\u007f`, `\u009b2J`, `\u202egnirts`, `\ud83d\ude00`, `\ud800`, `a\udc00b`, `\udc00\ud800`, `\uffff`, `\ufffe`,
	`\ufdd0`, "\uFFFF", "\uFFFE", "\U0001FFFF", `\ufffd`, "\uFFFD", `\u2028`, ` `, ``, `\"}{\"`, `'; DROP TABLE orders; --`, `${jndi:ldap://x}`,
	`<script>`, `%00`, `\\u0000`, `4111 1111 1111 1111`, `null`, strings.Repeat("x", 1001), strings.Repeat("é", 1000),
}

// oddValues are values in JSON, most of which are no quantity and no price.
var oddValues = []string{
	`null`, `true`, `""`, `"2"`, `[]`, `{}`, `[1]`, `0`, `-1`, `-0`, `1.5`, `5.0`, `5e0`, `50e-1`, `1e400`, `1e-400`, `-1e999`, `9007199254740993`,
	`99999999999999999999`, `1000000`, `1000001`, `NaN`, `0x10`, `01`, `+1`, `1_000`,
}

// generator draws what a hostile client sends. The same seed draws the same.
type generator struct{ *rand.Rand }

// newGenerator logs its seed. SEED repeats it.
func newGenerator(t *testing.T) generator {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if set := os.Getenv("SEED"); set != "" {
		var err error
		if seed, err = strconv.ParseUint(set, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SEED=%d", seed)
	return generator{rand.New(rand.NewPCG(seed, 0))}
}

func (g generator) one(of []string) string { return of[g.IntN(len(of))] }

// text draws a text in JSON.
func (g generator) text() string {
	if g.IntN(3) > 0 {
		return g.one(oddTexts)
	}
	runes := make([]rune, 1+g.IntN(20))
	for i := range runes {
		runes[i] = rune(g.IntN([]int{0x80, 0x800, 0x10000, 0x110000}[g.IntN(4)]))
	}
	encoded, err := json.Marshal(string(runes))
	if err != nil {
		panic(err) // A string is always encoded.
	}
	return string(encoded[1 : len(encoded)-1])
}

// request is what a hostile client sends to POST /orders.
type request struct {
	body    []byte
	headers http.Header
}

// order draws a request. One of ten is valid.
func (g generator) order(n int) request {
	members := map[string]string{
		"customerId": `"c-42"`, "items": `[{"sku": "123", "quantity": 2, "price": 1250}]`, "currency": `"EUR"`,
		"paymentMethod": `"card"`, "shippingAddress": fmt.Sprintf(`"%d Fake Street"`, n),
	}
	names := []string{"customerId", "items", "currency", "paymentMethod", "shippingAddress"}
	r := request{headers: http.Header{"Content-Type": {asJSON}, "Idempotency-Key": {keyOf(n)}}}
	extra := ""
	encode := func(text string) []byte { return []byte(text) }
	switch n % 10 {
	case 0:
	case 1, 2, 3:
		members[g.one([]string{"customerId", "paymentMethod", "shippingAddress", "shippingAddress"})] = `"` + g.text() + `"`
	case 4:
		members["items"] = fmt.Sprintf(`[{"sku": "123", "quantity": 1, "price": 1}, {"sku": "123", %q: %s}]`,
			g.one([]string{"quantity", "price", "sku", "currency", "Price", "gift"}), g.one(oddValues))
	case 5:
		delete(members, g.one(names))
	case 6:
		members[g.one(names)] = g.one(oddValues)
	case 7:
		name := g.one(names)
		extra = fmt.Sprintf(`, %q: %s`, g.one([]string{name, strings.ToUpper(name), "coupon", "ſhippingAddress"}), members[name])
	case 8:
		members["shippingAddress"] = fmt.Sprintf(`"%d Straße"`, n)
		encode = g.encoding(r.headers)
	case 9:
		g.headers(r.headers)
	}
	var body strings.Builder
	for _, name := range names {
		if value, there := members[name]; there {
			fmt.Fprintf(&body, ", %q: %s", name, value)
		}
	}
	r.body = encode("{" + strings.TrimPrefix(body.String(), ", ") + extra + "}")
	return r
}

// encoding draws the encoding of a body, and headers about it.
func (g generator) encoding(headers http.Header) func(string) []byte {
	switch g.IntN(6) {
	case 0:
		return latin1
	case 1:
		headers.Set("Content-Type", "application/json; charset=iso-8859-1")
		return latin1
	case 2:
		headers.Set("Content-Encoding", "gzip")
		return zipped
	case 3:
		return zipped
	case 4:
		headers.Set("Content-Type", "application/json; charset=utf-16")
		return utf16le
	default:
		return func(text string) []byte { return []byte("\uFEFF" + text) }
	}
}

func latin1(text string) []byte {
	var encoded []byte
	for _, r := range text {
		encoded = append(encoded, byte(r))
	}
	return encoded
}

func utf16le(text string) []byte {
	encoded := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return encoded
}

func zipped(text string) []byte {
	var encoded bytes.Buffer
	w := gzip.NewWriter(&encoded)
	io.WriteString(w, text)
	w.Close()
	return encoded.Bytes()
}

// headers draws odd headers for a valid body.
func (g generator) headers(headers http.Header) {
	switch g.IntN(3) {
	case 0:
		headers["Content-Type"] = []string{g.one([]string{
			"", "text/plain", "application/json; charset=latin1", "application/json; charset", "application/JSON; charset=UTF-8", "application/json, text/plain",
			"application/vnd.api+json", "multipart/form-data; boundary=x", "json", "*/*",
		})}
	case 1:
		headers["Idempotency-Key"] = [][]string{
			{keyOf(1), keyOf(1)}, {keyOf(1) + "," + keyOf(2)}, {""}, {strings.Repeat("k", 256)}, {"a b"}, {"é"}, {`"` + keyOf(1) + `"`}, {"order-1"},
		}[g.IntN(8)]
	case 2:
		headers.Set("Content-Encoding", g.one([]string{"gzip", "br", "identity", "identity, gzip", "x"}))
	}
}

// sendOrder sends a request to POST /orders.
func (c *cloud) sendOrder(ctx context.Context, r request) (response, error) {
	out, err := http.NewRequestWithContext(ctx, http.MethodPost, c.OrderURL+"/orders", bytes.NewReader(r.body))
	if err != nil {
		return response{}, err
	}
	out.Header = r.headers
	return c.exchange(out)
}

// Every request is rejected with a reason, or its order ends: nothing is accepted that an
// event cannot carry, and no order is shipped to another address.
func TestEveryHostileOrderIsRejectedOrEndsWithTheAddressThatWasSent(t *testing.T) {
	c := startCloud(t)
	g := newGenerator(t)
	requests := make([]request, hostile)
	for n := range requests {
		requests[n] = g.order(n)
	}
	var mu sync.Mutex
	accepted := map[string]request{}
	rejected := 0
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(concurrency)
	for _, r := range requests {
		group.Go(func() error {
			answer, err := c.sendOrder(ctx, r)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if answer.Status != http.StatusAccepted {
				rejected++
				return checkRejection(r, answer)
			}
			var placed order
			err = json.Unmarshal(answer.Body, &placed)
			accepted[placed.OrderID] = r
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for id := range accepted {
		if ended := c.awaitEnd(t, id); ended.Reason == "timed-out" {
			t.Errorf("order %s waited for its deadline: %q", id, accepted[id].body)
		}
	}
	c.settled(t)
	c.checkAddresses(t, accepted)
	if rejected+len(accepted) != hostile || rejected < hostile/4 || len(accepted) < hostile/8 {
		t.Errorf("%d were rejected and %d ended, of %d", rejected, len(accepted), hostile)
	}
	c.checkInvariants(t)
}

// checkRejection returns an error unless the answer is a problem document with a reason.
func checkRejection(r request, answer response) error {
	var problem struct {
		Type, Title, Detail string
		Status              int
	}
	mediaType, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err == nil {
		err = json.Unmarshal(answer.Body, &problem)
	}
	if err != nil || mediaType != "application/problem+json" || answer.Status < 400 || answer.Status > 499 ||
		problem.Status != answer.Status || problem.Title == "" || problem.Detail == "" {
		return fmt.Errorf("%q with %v is answered %d %s %s, %w", r.body, r.headers, answer.Status, mediaType, answer.Body, err)
	}
	return nil
}

// checkAddresses checks that every event with an address has the one that the client sent.
func (c *cloud) checkAddresses(t *testing.T, accepted map[string]request) {
	t.Helper()
	observed := c.observed(t)
	for id, r := range accepted {
		var sent struct {
			ShippingAddress string `json:"shippingAddress"`
		}
		if err := json.Unmarshal(r.body, &sent); err != nil {
			t.Errorf("%q was accepted: %v", r.body, err)
			continue
		}
		addresses := 0
		for _, e := range observed[id] {
			var data struct {
				ShippingAddress *string `json:"shippingAddress"`
			}
			if err := json.Unmarshal(e.Data, &data); err != nil {
				t.Fatal(err)
			}
			if data.ShippingAddress == nil {
				continue
			}
			addresses++
			if *data.ShippingAddress != sent.ShippingAddress {
				t.Errorf("%s of %s has the address %q, the client sent %q", e.Type, id, *data.ShippingAddress, sent.ShippingAddress)
			}
		}
		if addresses == 0 {
			t.Errorf("no event of order %s has an address: %v", id, observed[id])
		}
	}
}
