package receipt_test

import (
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/receipt"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/language"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newLanguage(t *testing.T) *language.Language {
	t.Helper()
	l, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEachDeliveryIsAnEventOfItsOwnAlsoWhenItIsGivenTwice(t *testing.T) {
	events, err := receipt.Events(newLanguage(t), []string{"123=10", "456=5", "123=10"}, now)
	if err != nil || len(events) != 3 {
		t.Fatalf("the events are %v, %v", events, err)
	}
	ids := map[string]bool{}
	for i, want := range []contract.StockReceived{{SKU: "123", Quantity: 10}, {SKU: "456", Quantity: 5}, {SKU: "123", Quantity: 10}} {
		e := events[i]
		data, err := newLanguage(t).Decode(e)
		if err != nil || data != want {
			t.Errorf("the data is %v, %v, want %v", data, err, want)
		}
		if e.Source != "warehouse" || e.CausationID != "" || e.Subject != e.CorrelationID || !e.Time.Equal(now) {
			t.Errorf("the event is %+v", e)
		}
		ids[e.ID], ids[e.Subject] = true, true
	}
	if len(ids) != 6 {
		t.Errorf("the ids are %v, want 6", ids)
	}
}

func TestNothingIsReceivedIfADeliveryIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		deliveries []string
		want       string
	}{
		"none":        {nil, "say what was received, as SKU=QUANTITY"},
		"no quantity": {[]string{"123=1", "456"}, `"456" cannot be received: it is not SKU=QUANTITY`},
		"another":     {[]string{"123=ten"}, `"123=ten" cannot be received: it is not SKU=QUANTITY`},
		"too many":    {[]string{"123=9223372036854775808"}, "it is not SKU=QUANTITY"},
		"a half":      {[]string{"123=0.5"}, "it is not SKU=QUANTITY"},
		"nothing":     {[]string{"123=0"}, `"123=0" cannot be received: `},
		"less":        {[]string{"123=-1"}, `"123=-1" cannot be received: `},
		"no SKU":      {[]string{"=1"}, `"=1" cannot be received: `},
		"too much":    {[]string{"123=1000000000000000000"}, `cannot be received: `},
	} {
		t.Run(name, func(t *testing.T) {
			if events, err := receipt.Events(newLanguage(t), test.deliveries, now); err == nil || !strings.Contains(err.Error(), test.want) || events != nil {
				t.Errorf("the events are %v, the error is %v, want %s", events, err, test.want)
			}
		})
	}
}
