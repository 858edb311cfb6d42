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
	"example.com/saga/pkg/language"
	"example.com/saga/services/order"
	"example.com/saga/services/payment/sandbox"
)

// late is an event that a context receives when it does not expect it.
type late struct {
	context string
	// before is what the context has handled, unless the order is shipped.
	before []event.Data
	data   event.Data
	want   effect
}

func (l late) name() string {
	name := l.context
	for _, data := range l.before {
		name += " after " + data.EventType()
	}
	return name + ": " + l.data.EventType()
}

func TestAnEventOfAnUnknownOrderLeavesATombstoneOrIsADeadLetter(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{context: "warehouse", data: requested, want: effect{published: []string{"warehouse.shipment-failed"}, changed: true}},
		{context: "payment", data: revoked, want: effect{published: []string{"payment.refunded"}, changed: true}},
		{context: "loyalty", data: failed, want: effect{published: []string{"loyalty.points-revoked"}, changed: true}},
	} {
		test.run(t, language)
	}
	for reason, tests := range map[string][]late{
		"never placed here": {
			{context: "warehouse", data: awarded},
			{context: "warehouse", data: declined},
			{context: "warehouse", data: refunded},
			{context: "order", data: reserved},
			{context: "order", data: taken},
			{context: "order", data: awarded},
			{context: "order", data: refunded},
			{context: "order", data: released},
		},
		"without a payment here": {{context: "payment", data: rejected}},
	} {
		for _, test := range tests {
			t.Run(test.name(), func(t *testing.T) {
				p := newPath(t, language)
				p.mustBeDeadLetter(test.context, p.encode(p.newEvent("e-1", test.data)), reason)
			})
		}
	}
}

// A compensation that came first has left an empty tombstone.
func TestAForwardEventAfterATombstoneHasNoEffect(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{context: "warehouse", before: []event.Data{requested}, data: placed},
		{context: "warehouse", before: []event.Data{requested, refunded}, data: placed},
		{context: "warehouse", before: []event.Data{requested}, data: awarded},
		{context: "warehouse", before: []event.Data{requested, refunded}, data: awarded},
		{context: "payment", before: []event.Data{revoked}, data: reserved},
		{context: "loyalty", before: []event.Data{failed}, data: taken},
	} {
		test.run(t, language)
	}
}

func TestASecondReasonToCompensateHasNoEffect(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{context: "warehouse", before: []event.Data{placed, refunded}, data: refunded},
		{context: "warehouse", before: []event.Data{placed, refunded}, data: declined},
		{context: "warehouse", before: []event.Data{placed, requested}, data: requested},
		{context: "payment", before: []event.Data{reserved, revoked}, data: revoked},
		{context: "payment", before: []event.Data{reserved, rejected}, data: revoked},
		{context: "loyalty", before: []event.Data{taken, failed}, data: failed},
	} {
		test.run(t, language)
	}
}

func (l late) run(t *testing.T, language *language.Language) {
	t.Helper()
	t.Run(l.name(), func(t *testing.T) {
		p := newPath(t, language)
		for i, data := range l.before {
			if e := p.handleMessage(l.context, p.encode(p.newEvent(fmt.Sprintf("e-%d", i), data))); len(e.deadLetters) != 0 || !e.changed {
				t.Fatalf("%s is not accepted: %+v", data.EventType(), e)
			}
		}
		got := p.handleMessage(l.context, p.encode(p.newEvent("the late one", l.data)))
		if diff := cmp.Diff(l.want, got, cmp.AllowUnexported(effect{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// consumed returns an event that each context consumes, by context.
func consumed() map[string]event.Data {
	return map[string]event.Data{"order": reserved, "warehouse": placed, "payment": reserved, "loyalty": taken}
}

func TestAMessageThatCanNeverBeHandledIsADeadLetterInEveryContext(t *testing.T) {
	language := newLanguage(t)
	for name, test := range map[string]struct {
		corrupt func(*event.Event)
		reason  string
	}{
		"of an unknown type":    {func(e *event.Event) { e.Type = "order.eaten" }, "unknown type"},
		"with invalid data":     {func(e *event.Event) { e.Data = json.RawMessage(`{"items":"all"}`) }, "/ without "},
		"from the wrong source": {func(e *event.Event) { e.Source = "porter" }, "has the source"},
		"of another schema":     {func(e *event.Event) { e.DataSchema += "0" }, "has the schema"},
	} {
		t.Run(name, func(t *testing.T) {
			for context, data := range consumed() {
				p := newPath(t, language)
				p.place(p.order)
				runOnly(order.Place{})(p)
				e := p.newEvent("e-1", data)
				test.corrupt(&e)
				p.mustBeDeadLetter(context, p.encode(e), test.reason)
			}
		})
	}
	t.Run("no CloudEvent", func(t *testing.T) {
		for context := range consumed() {
			p := newPath(t, language)
			p.mustBeDeadLetter(context, "{\"id\": \"e-1\"}\n\x00", "invalid event")
			p.mustBeDeadLetter(context, `{}`, "not a CloudEvent")
		}
	})
	t.Run("an event for another context", func(t *testing.T) {
		for context, data := range map[string]event.Data{"order": placed, "warehouse": taken, "payment": placed, "loyalty": placed} {
			p := newPath(t, language)
			p.place(p.order)
			runOnly(order.Place{})(p)
			p.mustBeDeadLetter(context, p.encode(p.newEvent("e-1", data)), "does not consume")
		}
	})
}

func TestAnEventThatWouldUndoAShippedOrderIsADeadLetter(t *testing.T) {
	language := newLanguage(t)
	for _, test := range []late{
		{context: "warehouse", data: refunded},
		{context: "warehouse", data: declined},
		{context: "order", data: refunded},
		{context: "order", data: failed},
		{context: "order", data: released},
	} {
		t.Run(test.name(), func(t *testing.T) {
			p := newPath(t, language)
			p.place(p.order)
			p.runPending()
			p.mustBeDeadLetter(test.context, p.encode(p.newEvent("e-1", test.data)), "shipped")
		})
	}
}

// archive returns what each context handled in a saga that was rolled back entirely.
func archive(t *testing.T, language *language.Language) (*path, map[string][]event.Event) {
	t.Helper()
	p := newPath(t, language)
	p.order.ShippingAddress = "undeliverable"
	p.place(p.order)
	p.runPending()
	p.checkInvariants()
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

// The events that it caused are published again, but for those of which an effect has come
// back to the context.
func TestAnEventThatIsRedrivenWeeksLaterIsPublishedAgainAndHasNoEffect(t *testing.T) {
	p, all := archive(t, newLanguage(t))
	p.now = p.now.Add(retention - time.Hour)
	before := []any{p.tables(), len(p.published)}
	for context, handled := range all {
		for _, e := range handled {
			got := p.handleMessage(context, p.encode(e))
			var want []string
			for _, effect := range p.published {
				isBack := slices.ContainsFunc(handled, func(e event.Event) bool { return e.CausationID == effect.ID })
				if effect.CausationID == e.ID && effect.Source == context && !isBack {
					want = append(want, effect.Type)
				}
			}
			if len(got.deadLetters) != 0 || !slices.Equal(want, got.published) {
				t.Errorf("%s, %s: %+v, want %v published", context, e.Type, got, want)
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
	for context, handled := range all {
		for _, e := range handled {
			p.mustBeDeadLetter(context, p.encode(e), "no longer remembered")
		}
	}
}

func (p *path) tables() map[string]audit.Table {
	return p.evidence().Tables
}

func TestAChargeAfterItsRefundIsDeclined(t *testing.T) {
	p := newPath(t, newLanguage(t))
	p.handleMessage("payment", p.encode(p.newEvent("e-1", revoked)))
	p.handleMessage("payment", p.encode(p.newEvent("e-2", reserved)))
	if diff := cmp.Diff(map[string]sandbox.Entry{"o-1": {Barred: true}}, p.evidence().Ledger); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}
