package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/contract"
)

// lastOrder returns the order that was placed last.
func (s *shop) lastOrder(tb testing.TB) contract.OrderPlaced {
	tb.Helper()
	published := s.publisher.Published()
	data, err := s.language.Decode(published[len(published)-1])
	if err != nil {
		tb.Fatal(err)
	}
	placed, ok := data.(contract.OrderPlaced)
	if !ok {
		tb.Fatalf("the last event is %T", data)
	}
	return placed
}

// quoted returns a text as JSON.
func quoted(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// trouble returns texts, in JSON, that are refused in an address and in a name.
func trouble() map[string]string {
	all := map[string]string{
		"nothing": ``, "blanks": `  `, "an unpaired high surrogate": `a\ud800`, "an unpaired low surrogate": `\udc00a`,
		"surrogates in the wrong order": `\udc00\ud800`, "a surrogate before a pair": `\ud83d\ud83d\ude00`,
		"no-break spaces": `\u00a0\u3000`, "zero-width spaces": `\u200b\u200d`, "line breaks": `\n\n`,
	}
	for _, r := range []rune{
		// Control characters.
		0, 1, '\b', '\t', '\v', '\f', '\r', 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f,
		// Other line breaks, directions, the byte order mark, and what stands for all that is not UTF-8.
		0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xfffd,
		// Noncharacters.
		0xfdd0, 0xfde0, 0xfdef, 0xfffe, 0xffff, 0x1fffe, 0x1ffff, 0x2fffe, 0xeffff, 0x10fffe, 0x10ffff,
	} {
		escaped := ""
		for _, unit := range utf16.Encode([]rune{r}) {
			escaped += fmt.Sprintf(`\u%04X`, unit)
		}
		all[fmt.Sprintf("%U escaped", r)] = "1 Some" + escaped + " Street"
		if r >= 0x20 {
			all[fmt.Sprintf("%U", r)] = fmt.Sprintf("1 Some%c Street", r)
		}
	}
	return all
}

func TestTextThatReadersReadDifferentlyIsRefused(t *testing.T) {
	s := newShop(t)
	for name, text := range trouble() {
		t.Run(name, func(t *testing.T) {
			r := s.send(http.MethodPost, "/orders", with("23 Fake Street", text))
			r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
			r.pointsOnlyTo(t, "/shippingAddress")
			r = s.send(http.MethodPost, "/orders", with("c-42", text))
			r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
			r.pointsOnlyTo(t, "/customerId")
		})
	}
	if s.store.commits != 0 {
		t.Errorf("%d commits", s.store.commits)
	}
}

func TestEveryWrongTextHasAnError(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", `{"customerId": "c\u0000", "items": [{"sku": "1\uffff", "quantity": 1, "price": 1}, {"sku": "\ud800", "quantity": 1, "price": 1}],
		"currency": "EU\ufffe", "paymentMethod": "card\n", "shippingAddress": "1 Some\uffff Street"}`)
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
	r.pointsTo(t, "/items/0/sku", "/items/1/sku", "/currency", "/customerId", "/paymentMethod", "/shippingAddress")
}

// A text with two faults has two errors, each with its reason.
func TestTextIsRefusedWithAReason(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", with("23 Fake Street", `1\ufffd\u202e\t`))
	r.pointsTo(t, "/shippingAddress", "/shippingAddress", "/shippingAddress")
	for _, reason := range []string{"not UTF-8", "another order", "control characters"} {
		if !strings.Contains(r.raw, reason) {
			t.Errorf("the answer has no %q: %s", reason, r.raw)
		}
	}
}

func TestAnAddressInAnyScriptIsAccepted(t *testing.T) {
	s := newShop(t)
	for _, address := range []string{
		"23 Fake Street\nSpringfield", "23 Fake Street\r\nSpringfield\r\n", "Große Straße 1, 10115 Berlin", "Gro\u00DFe Strasse \u201Eim Hof\u201C",
		"Cafe\u0301 de l\u2019E\u0301cole, 3\u00e8me \u00e9tage", "Łódź, ul. Źródłowa 7/9 m. 12", "Số 1, Đường Điện Biên Phủ, Hà Nội", "ul. Тверская, д. 7, Москва",
		"東京都千代田区千代田1-1", "서울특별시 종로구 세종대로 175", "北京市东城区景山前街4号", "𠮷野家 𠀋丁目", "ม.1 ถ.พระราม\u200b4 กรุงเทพฯ", "१२, नेहरू मार्ग, दिल्ली \u0915\u094d\u200d\u0937",
		"شارع التحرير ١٢، القاهرة\u200f", "خیابان انقلاب، نمی\u200cدانم", "רחוב הרצל 5\u200e, תל אביב", "\u061cشارع", "አዲስ አበባ", "ქ. თბილისი", "ភ្នំពេញ\u200bផ្លូវ",
		"House 👨\u200d👩\u200d👧 ❤\ufe0f 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", `"C/O" <O'Neil & Sons> \ #5 {b} [c]`,
		"undeliverable", "\ue000 private", "1", strings.Repeat("街", 1000), strings.Repeat("😀", 1000),
	} {
		r := s.send(http.MethodPost, "/orders", with(`"23 Fake Street"`, quoted(t, address)))
		if r.status != http.StatusAccepted {
			t.Errorf("%q: %d %s", address, r.status, r.raw)
		} else if got := s.lastOrder(t).ShippingAddress; got != address {
			t.Errorf("%q became %q", address, got)
		}
	}
	for _, customer := range []string{"c-42", "Zoë", "客户", "a b", "blocked-7", strings.Repeat("é", 100), "e\u0301"} {
		if r := s.send(http.MethodPost, "/orders", with(`"c-42"`, quoted(t, customer))); r.status != http.StatusAccepted {
			t.Errorf("%q: %d %s", customer, r.status, r.raw)
		}
	}
}

func TestANameIsOneLine(t *testing.T) {
	s := newShop(t)
	for _, text := range []string{`c\n42`, `c\r\n42`, `c\n`} {
		r := s.send(http.MethodPost, "/orders", with("c-42", text))
		r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
		r.pointsTo(t, "/customerId")
	}
}

func TestARequiredMemberThatIsMissingOrOfAnotherTypeIsRefused(t *testing.T) {
	s := newShop(t)
	for _, member := range []string{"customerId", "items", "currency", "paymentMethod", "shippingAddress", "items/0/sku", "items/0/quantity", "items/0/price"} {
		for _, value := range []string{"", "null", "true", "{}", "[[]]"} {
			t.Run(member+" "+value, func(t *testing.T) {
				r := s.send(http.MethodPost, "/orders", replaced(t, member, value))
				r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
				want := "/" + member
				if member == "items" && value == "[[]]" {
					want = "/items/0"
				}
				r.pointsTo(t, want)
			})
		}
	}
	r := s.send(http.MethodPost, "/orders", with(`"price": 1250`, `"price": 1250, "currency": null`))
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
	r.pointsTo(t, "/items/0/currency")
	if s.store.commits != 0 {
		t.Errorf("%d commits", s.store.commits)
	}
}

// replaced returns the good order with another value of a member, or without the member.
func replaced(t *testing.T, member, value string) string {
	t.Helper()
	var order map[string]any
	if err := json.Unmarshal([]byte(goodOrder), &order); err != nil {
		t.Fatal(err)
	}
	object := order
	if name, isOfItem := strings.CutPrefix(member, "items/0/"); isOfItem {
		object, member = order["items"].([]any)[0].(map[string]any), name
	}
	delete(object, member)
	if value != "" {
		object[member] = json.RawMessage(value)
	}
	encoded, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestAFreeItemHasAPriceOfZero(t *testing.T) {
	s := newShop(t)
	for _, zero := range []string{"0", "-0", "0.0", "0e999999999"} {
		r := s.send(http.MethodPost, "/orders", with("1250", zero))
		if r.status != http.StatusAccepted || s.lastOrder(t).Items[0].Price != 0 {
			t.Errorf("%s: %d %s", zero, r.status, r.raw)
		}
	}
}

func TestAnIntegerIsAcceptedInAnySpelling(t *testing.T) {
	s := newShop(t)
	for _, five := range []string{"5", "5.0", "5.000000", "5e0", "0.5e1", "50e-1", "5E+0", "500e-2"} {
		r := s.send(http.MethodPost, "/orders", with(`"quantity": 2`, `"quantity": `+five))
		if r.status != http.StatusAccepted {
			t.Errorf("%s: %d %s", five, r.status, r.raw)
		} else if got := s.lastOrder(t).Items[0].Quantity; got != 5 {
			t.Errorf("%s became %d", five, got)
		}
	}
	for _, largest := range []string{"100000000000", "1e11", "100000000000.0", "1000000000000e-1"} {
		r := s.send(http.MethodPost, "/orders", with(`1250`, largest))
		if r.status != http.StatusAccepted || s.lastOrder(t).Items[0].Price != 100_000_000_000 {
			t.Errorf("%s: %d %s", largest, r.status, r.raw)
		}
	}
}

func TestAnInvalidQuantityIsRefused(t *testing.T) {
	s := newShop(t)
	for _, number := range []string{
		"0", "-1", "1000001", "0.5", "1.5", "5.0000000000000000000000001", "0.9999999999999999999999999", "1e7", "1e-1", "9223372036854775808", "18446744073709551617",
		"1e308", "1e309", "-1e309", "1e400", "-1e400", "1e-400", "-1e-400", "1e999999", "1e-999999", "1e999999999", "-1e999999999", "1e-999999999",
		"1e99999999999999999999", strings.Repeat("9", 1000), "0." + strings.Repeat("0", 1000) + "1", `"5"`, `"5.0"`,
	} {
		for _, member := range []string{"items/0/quantity", "items/0/price"} {
			if member == "items/0/price" && (number == "0" || number == "1000001" || number == "1e7") {
				continue
			}
			r := s.send(http.MethodPost, "/orders", replaced(t, member, number))
			r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
			r.pointsTo(t, "/"+member)
		}
	}
}

func TestOnlyACurrencyInUseIsAccepted(t *testing.T) {
	s := newShop(t)
	for _, code := range []string{"EUR", "USD", "JPY", "KWD", "CHF", "XAF", "SLE", "XCG"} {
		r := s.send(http.MethodPost, "/orders", with("EUR", code))
		if r.status != http.StatusAccepted || s.lastOrder(t).Items[0].Currency != code {
			t.Errorf("%s: %d %s", code, r.status, r.raw)
		}
	}
	for name, code := range map[string]string{
		"nothing": "", "lower case": "eur", "a name": "Euro", "a symbol": "€", "with a blank": "EUR ", "with a line break": `EUR\n`, "a number": "978",
		"no currency at all": "XXX", "a test": "XTS", "gold": "XAU", "drawing rights": "XDR", "withdrawn in 2002": "DEM", "withdrawn in 2023": "HRK",
		"withdrawn in 2026": "BGN", "never assigned": "ZZZ", "full width": "ＥＵＲ", "Cyrillic": "ЕUR",
	} {
		t.Run(name, func(t *testing.T) {
			for _, body := range []string{with("EUR", code), with(`"price": 1250`, `"price": 1250, "currency": "`+code+`"`)} {
				r := s.send(http.MethodPost, "/orders", body)
				r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
				if !strings.Contains(r.raw, "ISO 4217") {
					t.Errorf("the answer has no rule: %s", r.raw)
				}
			}
		})
	}
}

func TestAPaymentMethodIsANameAndNeverANumber(t *testing.T) {
	s := newShop(t)
	for _, method := range []string{"card", "card-declined", "invoice", "a", "card-3ds", "sepa-2024", "m" + strings.Repeat("-x", 19) + "y"} {
		r := s.send(http.MethodPost, "/orders", with(`"card"`, quoted(t, method)))
		if r.status != http.StatusAccepted || s.lastOrder(t).PaymentMethod != method {
			t.Errorf("%s: %d %s", method, r.status, r.raw)
		}
	}
	for _, method := range []string{
		"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "card 4111 1111 1111 1111", "card-4111-1111-1111-1111", "card4111111111111111",
		"c-4-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", "card-41111", "４１１１１１１１１１１１１１１１", "card-٤١١١", "", " ", "Card", "CARD", "cárd", "-card", "3ds", "card declined", "card\n", "card\u0000",
		"card_declined", "DE89370400440532013000", "m" + strings.Repeat("x", 40),
	} {
		r := s.send(http.MethodPost, "/orders", with(`"card"`, quoted(t, method)))
		r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
		r.pointsOnlyTo(t, "/paymentMethod")
		if len(method) > 10 && strings.Contains(r.raw+s.logs.String(), method) {
			t.Errorf("the answer or the log repeats %q: %s", method, r.raw)
		}
	}
}

// Each example is also sent with one word changed.
func TestTheExamplesOfTheDocumentationAreAccepted(t *testing.T) {
	example := regexp.MustCompile(`(?s)curl -i [^\n]*orders.*?-d '(\{.*?\})'`)
	for _, name := range []string{"README.md", "docs/deployment.md"} {
		document, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := example.FindSubmatch(document)
		if found == nil {
			t.Fatalf("%s has no example of an order", name)
		}
		if strings.Contains(string(found[0]), "Idempotency-Key") {
			t.Errorf("%s has an example with a key, which places one order only", name)
		}
		s := newShop(t)
		for _, body := range []string{string(found[1]), strings.Replace(string(found[1]), `"card"`, `"card-declined"`, 1)} {
			if r := s.send(http.MethodPost, "/orders", body); r.status != http.StatusAccepted {
				t.Errorf("%s: %d %s", name, r.status, r.raw)
			}
		}
		if s.store.commits != 2 {
			t.Errorf("%s: %d orders were placed", name, s.store.commits)
		}
	}
}

// pointsTo checks what the errors of a problem point to.
func (r reply) pointsTo(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.pointers(t)); diff != "" {
		t.Errorf("pointers of %s (-want +got):\n%s", r.raw, diff)
	}
}

// pointsOnlyTo checks that all errors point to one place.
func (r reply) pointsOnlyTo(t *testing.T, want string) {
	t.Helper()
	if diff := cmp.Diff([]string{want}, slices.Compact(r.pointers(t))); diff != "" {
		t.Errorf("pointers of %s (-want +got):\n%s", r.raw, diff)
	}
}

// An error has the place of a wrong value and not the value, which may be personal data.
func TestNoAnswerAndNoLogRepeatsAValue(t *testing.T) {
	const secret = "Geheimgasse"
	for name, body := range map[string]string{
		"text that is refused":    with("23 Fake Street", secret+`\u0000`),
		"a long text":             with("23 Fake Street", strings.Repeat(secret, 100)),
		"a name":                  with("c-42", secret+`\uffff`),
		"a SKU":                   with("123", secret+" 1"),
		"a currency":              with("EUR", secret),
		"a currency of an item":   with(`"price": 1250`, `"price": 1250, "currency": "`+secret+`"`),
		"a payment method":        with("card", secret),
		"text for a number":       with("1250", `"`+secret+`"`),
		"an object for text":      with(`"23 Fake Street"`, `{"`+secret+`": "`+secret+`"}`),
		"an array for text":       with(`"23 Fake Street"`, `["`+secret+`"]`),
		"text for all":            `"` + secret + `"`,
		"two values":              `{} "` + secret + `"`,
		"a word":                  with(`"23 Fake Street"`, secret),
		"text without end":        `{"shippingAddress": "` + secret,
		"an unknown member":       with(`{"customerId"`, `{"note": "`+secret+`", "customerId"`),
		"a member twice":          with(`"currency"`, `"shippingAddress": "`+secret+`", "currency"`),
		"bytes that are no UTF-8": with("23 Fake Street", secret+"\xff"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			r := s.send(http.MethodPost, "/orders", body)
			if r.status < 400 || r.status >= 500 || strings.Contains(r.raw, secret) || strings.Contains(s.logs.String(), secret) {
				t.Errorf("%d %s, log: %s", r.status, r.raw, s.logs)
			}
		})
	}
}

func TestAnAnswerWithManyErrorsStaysSmall(t *testing.T) {
	s := newShop(t)
	r := s.send(http.MethodPost, "/orders", with(`{"sku": "123", "quantity": 2, "price": 1250}`, `{}`+strings.Repeat(`,{}`, 20_000)))
	r.isProblem(t, http.StatusUnprocessableEntity, "/problems/order")
	if got := len(r.pointers(t)); got != 100 || len(r.raw) > 16*1024 || !strings.Contains(r.text("detail"), "first 100") {
		t.Errorf("%d errors in %d bytes: %s", got, len(r.raw), r.text("detail"))
	}
}
