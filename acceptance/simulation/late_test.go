package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
)

// late is an event that comes to a context which does not wait for it.
type late struct {
	who string
	// before is what the context has handled, if the order did not go its way.
	before []event.Data
	data   event.Data
	want   effect
}

func (l late) name() string {
	name := l.who
	for _, data := range l.before {
		name += " after " + data.EventType()
	}
	return name + ": " + l.data.EventType()
}

func TestAnEventOfAnUnknownOrderIsATombstoneOrADeadLetter(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{who: "warehouse", data: requested, want: effect{published: []string{"warehouse.shipment-failed"}, changed: true}},
		{who: "payment", data: revoked, want: effect{published: []string{"payment.refunded"}, changed: true}},
		{who: "loyalty", data: failed, want: effect{published: []string{"loyalty.points-revoked"}, changed: true}},
	} {
		test.run(t, language)
	}
	for reason, tests := range map[string][]late{
		"never placed here": {
			{who: "warehouse", data: awarded},
			{who: "warehouse", data: declined},
			{who: "warehouse", data: refunded},
			{who: "order", data: reserved},
			{who: "order", data: taken},
			{who: "order", data: awarded},
			{who: "order", data: refunded},
			{who: "order", data: released},
		},
		"without a payment here": {{who: "payment", data: rejected}},
	} {
		for _, test := range tests {
			t.Run(test.name(), func(t *testing.T) {
				p := newPath(t, language)
				p.mustBeDeadLetter(test.who, p.encode(p.speak("e-1", test.data)), reason)
			})
		}
	}
}

// A compensation that came first has left a tombstone, with nothing in it.
func TestAForwardEventAfterATombstoneHasNoEffect(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{who: "warehouse", before: []event.Data{requested}, data: placed},
		{who: "warehouse", before: []event.Data{requested, refunded}, data: placed},
		{who: "warehouse", before: []event.Data{requested}, data: awarded},
		{who: "warehouse", before: []event.Data{requested, refunded}, data: awarded},
		{who: "payment", before: []event.Data{revoked}, data: reserved},
		{who: "loyalty", before: []event.Data{failed}, data: taken},
	} {
		test.run(t, language)
	}
}

func TestASecondReasonToCompensateHasNoEffect(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{who: "warehouse", before: []event.Data{placed, refunded}, data: refunded},
		{who: "warehouse", before: []event.Data{placed, refunded}, data: declined},
		{who: "warehouse", before: []event.Data{placed, requested}, data: requested},
		{who: "payment", before: []event.Data{reserved, revoked}, data: revoked},
		{who: "payment", before: []event.Data{reserved, rejected}, data: revoked},
		{who: "loyalty", before: []event.Data{taken, failed}, data: failed},
	} {
		test.run(t, language)
	}
}

func (l late) run(t *testing.T, language *contract.Language) {
	t.Helper()
	t.Run(l.name(), func(t *testing.T) {
		p := newPath(t, language)
		for i, data := range l.before {
			if e := p.arrive(l.who, p.encode(p.speak(fmt.Sprintf("e-%d", i), data))); len(e.letters) != 0 || !e.changed {
				t.Fatalf("%s is not accepted: %+v", data.EventType(), e)
			}
		}
		got := p.arrive(l.who, p.encode(p.speak("the late one", l.data)))
		if diff := cmp.Diff(l.want, got, cmp.AllowUnexported(effect{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// consumed is an event that each context consumes.
func consumed() map[string]event.Data {
	return map[string]event.Data{"order": reserved, "warehouse": placed, "payment": reserved, "loyalty": taken}
}

func TestAMessageThatCanNeverBeHandledIsADeadLetterInEveryContext(t *testing.T) {
	language := newLanguage(t)
	for name, test := range map[string]struct {
		spoil  func(*event.Event)
		reason string
	}{
		"of an unknown type":    {func(e *event.Event) { e.Type = "order.eaten" }, "unknown type"},
		"with invalid data":     {func(e *event.Event) { e.Data = json.RawMessage(`{"items":"all"}`) }, "/ without "},
		"from the wrong source": {func(e *event.Event) { e.Source = "porter" }, "has the source"},
		"of another schema":     {func(e *event.Event) { e.DataSchema += "0" }, "has the schema"},
	} {
		t.Run(name, func(t *testing.T) {
			for who, data := range consumed() {
				p := newPath(t, language)
				p.place(p.order)
				of(order.Place{})(p)
				e := p.speak("e-1", data)
				test.spoil(&e)
				p.mustBeDeadLetter(who, p.encode(e), test.reason)
			}
		})
	}
	t.Run("no CloudEvent", func(t *testing.T) {
		for who := range consumed() {
			p := newPath(t, language)
			p.mustBeDeadLetter(who, "{\"id\": \"e-1\"}\n\x00", "invalid event")
			p.mustBeDeadLetter(who, `{}`, "not a CloudEvent")
		}
	})
	t.Run("an event for someone else", func(t *testing.T) {
		for who, data := range map[string]event.Data{"order": placed, "warehouse": taken, "payment": placed, "loyalty": placed} {
			p := newPath(t, language)
			p.place(p.order)
			of(order.Place{})(p)
			p.mustBeDeadLetter(who, p.encode(p.speak("e-1", data)), "does not consume")
		}
	})
}

func TestWhatWouldUndoAShippedOrderIsADeadLetter(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{who: "warehouse", data: refunded},
		{who: "warehouse", data: declined},
		{who: "order", data: refunded},
		{who: "order", data: failed},
		{who: "order", data: released},
	} {
		t.Run(test.name(), func(t *testing.T) {
			p := newPath(t, language)
			p.place(p.order)
			p.everything()
			p.mustBeDeadLetter(test.who, p.encode(p.speak("e-1", test.data)), "shipped")
		})
	}
}

// archive is what each context handled in a saga that was rolled back entirely.
func archive(t *testing.T, language *contract.Language) (*path, map[string][]event.Event) {
	t.Helper()
	p := newPath(t, language)
	p.order.ShippingAddress = "undeliverable"
	p.place(p.order)
	p.everything()
	p.mustBeSound()
	all := make(map[string][]event.Event)
	for _, c := range p.consumers {
		for _, e := range p.published {
			if c.name != contract.Notification && slices.Contains(c.consumes, e.Type) {
				all[c.name] = append(all[c.name], e)
			}
		}
	}
	return p, all
}

func TestAnEventThatIsRedrivenWeeksLaterIsPublishedAgainAndHasNoEffect(t *testing.T) {
	p, all := archive(t, newLanguage(t))
	p.now = p.now.Add(retention - time.Hour)
	before := []any{p.tables(), len(p.published)}
	for who, handled := range all {
		for _, e := range handled {
			got := p.arrive(who, p.encode(e))
			var want []string
			for _, effect := range p.published {
				if effect.CausationID == e.ID && effect.Source == who {
					want = append(want, effect.Type)
				}
			}
			if len(got.letters) != 0 || !slices.Equal(want, got.published) {
				t.Errorf("%s, %s: %+v, want %v published", who, e.Type, got, want)
			}
		}
	}
	if diff := cmp.Diff(before, []any{p.tables(), len(p.published)}); diff != "" {
		t.Errorf("something is changed (-before +after):\n%s", diff)
	}
}

func TestAnEventThatIsRedrivenAfterTheRetentionIsADeadLetter(t *testing.T) {
	p, all := archive(t, newLanguage(t))
	p.now = p.now.Add(retention + time.Hour)
	for who, handled := range all {
		for _, e := range handled {
			p.mustBeDeadLetter(who, p.encode(e), "no longer remembered")
		}
	}
}

func (p *path) tables() map[string]audit.Table {
	return p.evidence().Tables
}

func TestAChargeAfterItsRefundIsDeclined(t *testing.T) {
	p := newPath(t, newLanguage(t))
	p.arrive("payment", p.encode(p.speak("e-1", revoked)))
	p.arrive("payment", p.encode(p.speak("e-2", reserved)))
	if diff := cmp.Diff(map[string]sandbox.Entry{"o-1": {Barred: true}}, p.evidence().Ledger); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}
