package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/acceptance/generated"
	"example.com/saga/acceptance/markdown"
	"example.com/saga/operator/audit"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/payment"
	paymentsandbox "example.com/saga/services/payment/sandbox"
)

// outage is a fault of a whole service. A nil outage is none.
type outage struct {
	name string
	// begin changes a history before it is played.
	begin func(*history)
	// decisions, if set, replaces the right ones.
	decisions func(paymentsandbox.Ledger) decisions
	// away is for how long the tables cannot be reached.
	away time.Duration
	// copies is how often a queue delivers each message.
	copies int

	// forgotten: the dead letters are not redriven.
	forgotten bool
	// began is when the first order may be placed.
	began time.Time
	// buried counts the dead letters, by their queues.
	buried map[string]int
}

// The times of an outage, after the first order may be placed.
const (
	strikes       = 2 * time.Minute
	redrivenAfter = 25 * time.Hour // What is in a dead-letter queue then.
)

// production is the deadline of an order there.
const production = 24 * time.Hour

// commands is appended to the name of a component whose commands fail.
const commands = ": commands"

// struck counts how often an outage had an effect.
const struck = "an outage has an effect"

// undelivered is the dead-letter queue of what EventBridge could not deliver to Loyalty.
const undelivered = "Loyalty/Undelivered"

// errDenied is returned by a function that may not be invoked. EventBridge does not try
// that again: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
var errDenied = errors.New("denied")

// isAway reports whether the tables cannot be reached now.
func (o *outage) isAway(w *world) bool {
	if o == nil || !o.lasts(w, o.away) {
		return false
	}
	w.tally[struck]++
	return true
}

// sweepsEvery returns how often the sweeper runs: every minute, and in days of an outage
// every ten minutes after the first hour.
func (o *outage) sweepsEvery(w *world) time.Duration {
	if o != nil && w.now.Sub(o.began) > time.Hour {
		return 10 * time.Minute
	}
	return time.Minute
}

// lasts reports whether an outage of this length lasts now.
func (o *outage) lasts(w *world, length time.Duration) bool {
	since := w.now.Sub(o.began)
	return since >= strikes && since < strikes+length
}

// deliveries returns how often a message is delivered to a consumer.
func (o *outage) deliveries(w *world, consumer string) int {
	_, isContext := w.stores[consumer]
	if o == nil || o.copies == 0 || !isContext || consumer == contract.SourceLoyalty {
		return 1
	}
	w.tally[struck]++
	return o.copies
}

// redeliver schedules a message that has failed again as on AWS: a worker of a queue
// delays it by 1, 2, 4 … up to 300 seconds, less up to a half, and Lambda a direct
// invocation by one and two minutes. After ten receives, or three invocations, it is a dead letter.
func (o *outage) redeliver(w *world, t *task) {
	t.receives++
	delay, most := min(time.Second<<(t.receives-1), 5*time.Minute), 10
	delay -= delay / 2 * time.Duration(w.rival(resolution)) / resolution
	switch t.component {
	case contract.SourceLoyalty:
		delay, most = time.Minute<<(t.receives-1), 3
	case contract.Notification:
		most = 185 // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
	}
	if t.receives == most {
		o.bury(w, t, title(t.component)+"/DeadLetters")
		return
	}
	t.at = w.now.Add(delay)
	w.pending = append(w.pending, t)
}

// bury makes a message a dead letter, which an operator redrives after the outage.
func (o *outage) bury(w *world, t *task, queue string) {
	o.buried[queue]++
	if o.forgotten {
		return
	}
	t.receives = 0
	t.at = later(w.now.Add(time.Hour), o.began.Add(redrivenAfter))
	w.pending = append(w.pending, t)
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// outages returns the faults of whole services.
func outages() []*outage {
	all := []*outage{
		{name: "DynamoDB is away for ten minutes", away: 10 * time.Minute},
		{name: "EventBridge delivers up to an hour late, in any order", begin: func(h *history) {
			h.latency = func() time.Duration {
				h.tally[struck]++
				return time.Hour * time.Duration(h.roll(3600)) / 3600
			}
		}},
		{name: "SQS delivers every message three times", copies: 3},
		{name: "Loyalty's function is denied for a day", begin: denyLoyalty},
		{name: "the payment provider takes the money and answers after its time-out, 1 to 3 times, or 12 times for each tenth order", decisions: lateProvider},
	}
	for _, o := range all {
		o.buried = make(map[string]int)
	}
	return all
}

// denyLoyalty denies the invocation of Loyalty's function for a day.
func denyLoyalty(h *history) {
	for i, c := range h.consumers {
		if c.name != contract.SourceLoyalty {
			continue
		}
		denied := func(n int) bool {
			if !h.outage.lasts(h.world, 24*time.Hour) {
				return false
			}
			h.tally[struck] += n
			return true
		}
		h.consumers[i].handle = func(ctx context.Context, e event.Event) error {
			if denied(1) {
				return errDenied
			}
			return c.handle(ctx, e)
		}
		h.consumers[i].handleBatch = func(ctx context.Context, deliveries []event.Delivery) []error {
			if denied(len(deliveries)) {
				return slices.Repeat([]error{errDenied}, len(deliveries))
			}
			return c.handleBatch(ctx, deliveries)
		}
	}
}

// lateGateway is a payment provider that charges and does not answer in time.
type lateGateway struct {
	payment.Gateway

	world *world
	// left is how often it will not answer about each reference.
	left map[string]int
}

// Charge implements payment.Gateway.
func (g lateGateway) Charge(ctx context.Context, charge payment.Charge) (bool, error) {
	accepted, err := g.Gateway.Charge(ctx, charge)
	if _, known := g.left[charge.Reference]; !known {
		n := len(g.left)
		g.left[charge.Reference] = 1 + n%3
		if n%10 == 9 {
			g.left[charge.Reference] = 12
		}
	}
	if g.left[charge.Reference] == 0 || err != nil {
		return accepted, err
	}
	g.left[charge.Reference]--
	g.world.tally[struck]++
	return false, errNoResponse
}

func lateProvider(l paymentsandbox.Ledger) decisions {
	d := sandboxed(l)
	gateway := lateGateway{paymentsandbox.Provider{Ledger: l}, nil, make(map[string]int)}
	d.payment = payment.Decider(&gateway)
	d.tamper = func(w *world) { gateway.world = w }
	return d
}

// newOutage returns a history of orders of every outcome, without other faults, in which
// a service fails.
func newOutage(ctx context.Context, language participant.Language, o *outage, seed uint64) (*history, error) {
	l, decide := newLedger(), sandboxed
	if o.decisions != nil {
		decide = o.decisions
	}
	w := newWorld(language, decide(l), l)
	w.deadline = production
	h, err := newHistory(ctx, w, seeded(seed), 50)
	if err != nil {
		return nil, err
	}
	h.faultsLeft = 0
	clear(h.skews)
	h.outage, o.began = o, h.began
	h.latency = func() time.Duration { return 10 * time.Second * time.Duration(h.roll(resolution)) / resolution }
	h.abandons = func() bool { return false }
	h.pending = slices.DeleteFunc(h.pending, func(t *task) bool { return t.component == erasing })
	if o.begin != nil {
		o.begin(h)
	}
	return h, nil
}

// ending is how the orders of some histories have ended.
type ending struct {
	orders, shipped, cancelled, timedOut int
	longest, rollback                    time.Duration
	alarms                               map[string]bool
}

func TestEveryOrderEndsAndNoInvariantIsViolatedWhenAServiceFails(t *testing.T) {
	language := newLanguage(t)
	rows := [][]string{{"what fails", "orders", "shipped", "cancelled", "of these at the deadline", "dead letters, redriven", "longest order", "alarms"}}
	for _, o := range outages() {
		end := ending{alarms: make(map[string]bool)}
		tally := 0
		for seed := range uint64(2) {
			h, violations := playOutage(t, language, o, seed)
			for _, v := range violations {
				t.Errorf("%s, seed %d: %s", o.name, seed, v)
			}
			end.add(h)
			tally += h.tally[struck]
		}
		if tally == 0 {
			t.Errorf("this never happened: %s", o.name)
		}
		if end.shipped+end.cancelled != end.orders {
			t.Errorf("%s: of %d orders %d are shipped and %d cancelled", o.name, end.orders, end.shipped, end.cancelled)
		}
		rows = append(rows, end.row(o))
	}
	checkAlarms(t, rows)
	generated.CheckBetween(t, proofDocument, map[string]string{"faults of whole services": markdown.Table(rows, "---")}, *update)
}

// Without the redrive the same run must fail. What is lost elsewhere, the sweeper may have
// published again.
func TestWhatLoyaltyWasDeniedIsMissedUnlessItIsRedriven(t *testing.T) {
	o := outage{name: "denied", begin: denyLoyalty, forgotten: true, buried: make(map[string]int)}
	if _, violations := playOutage(t, newLanguage(t), &o, 0); o.buried[undelivered] == 0 || len(violations) == 0 {
		t.Errorf("with the dead letters %v there are %d violations", o.buried, len(violations))
	}
}

// playOutage plays the history of an outage, and returns all violations.
func playOutage(t *testing.T, language participant.Language, o *outage, seed uint64) (*history, []audit.Violation) {
	t.Helper()
	h, err := newOutage(t.Context(), language, o, seed)
	if err != nil {
		t.Fatal(err)
	}
	violations := h.play(t.Context())
	audited, err := audit.Audit(h.language, h.evidence())
	if err != nil {
		t.Fatal(err)
	}
	return h, append(violations, audited...)
}

// add adds how the orders of a history have ended, and the alarms that it raised.
func (o *ending) add(h *history) {
	placed, failed := make(map[string]time.Time), make(map[string]time.Time)
	for _, e := range h.published {
		switch h.data(e).(type) {
		case contract.OrderPlaced:
			placed[e.Subject] = e.Time
		case contract.CancellationRequested, contract.StockUnavailable, contract.PaymentDeclined, contract.AwardRejected, contract.ShipmentFailed:
			if _, known := failed[e.Subject]; !known {
				failed[e.Subject] = e.Time
			}
		}
	}
	o.orders += len(placed)
	for _, e := range h.published {
		switch data := h.data(e).(type) {
		case contract.OrderShipped:
			o.shipped++
		case contract.OrderCancelled:
			o.cancelled++
			o.rollback = max(o.rollback, e.Time.Sub(failed[e.Subject]))
			if data.Reason == contract.TimedOut {
				o.timedOut++
			}
		default:
			continue
		}
		o.longest = max(o.longest, e.Time.Sub(placed[e.Subject]))
	}
	for queue := range h.outage.buried {
		o.alarms[queue+"/NotEmpty"] = true
	}
	for component, alarm := range map[string]string{
		sweeping: "Order/Sweeper/Failing", contract.SourceLoyalty: "Loyalty/Worker/Failing", contract.SourceOrder + commands: "FrontDoorFailing",
	} {
		o.alarms[alarm] = o.alarms[alarm] || lastsThreePeriods(h.failures[component])
	}
}

// lastsThreePeriods reports whether failures are in three periods of five minutes in a
// row, after which the alarms of functions are raised.
func lastsThreePeriods(failures []time.Time) bool {
	const period = 5 * time.Minute
	periods := make(map[time.Time]bool)
	for _, at := range failures {
		periods[at.Truncate(period)] = true
	}
	for at := range periods {
		if periods[at.Add(period)] && periods[at.Add(2*period)] {
			return true
		}
	}
	return false
}

// row returns the row of an outage. The thresholds are those of infra/sweeper.go.
func (o *ending) row(of *outage) []string {
	o.alarms["StuckOrder"] = o.longest > time.Hour
	o.alarms["OldestUnfinishedOrder"] = o.longest > production+15*time.Minute
	o.alarms["OldestUnfinishedRollback"] = o.rollback > 15*time.Minute
	var alarms, letters []string
	for _, alarm := range slices.Sorted(maps.Keys(o.alarms)) {
		if o.alarms[alarm] {
			alarms = append(alarms, "`"+alarm+"`")
		}
	}
	for _, queue := range slices.Sorted(maps.Keys(of.buried)) {
		letters = append(letters, fmt.Sprintf("%d in `%s`", of.buried[queue], queue))
	}
	or := func(list []string) string {
		if len(list) == 0 {
			return "none"
		}
		return strings.Join(list, ", ")
	}
	return []string{
		of.name, fmt.Sprint(o.orders), fmt.Sprint(o.shipped), fmt.Sprint(o.cancelled), fmt.Sprint(o.timedOut),
		or(letters), o.longest.Round(time.Second).String(), or(alarms),
	}
}

// checkAlarms checks that each alarm of the table is one of production.
func checkAlarms(t *testing.T, rows [][]string) {
	t.Helper()
	var template struct {
		Resources map[string]struct{ Type string }
	}
	if err := json.Unmarshal([]byte(generated.Read(t, "../../infra/testdata/prod.golden.json")), &template); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		for alarm := range strings.SplitSeq(strings.ReplaceAll(row[len(row)-1], "`", ""), ", ") {
			id := strings.ReplaceAll(alarm, "/", "")
			isAlarm := func(logical string) bool {
				return strings.HasPrefix(logical, id) && template.Resources[logical].Type == "AWS::CloudWatch::Alarm"
			}
			if alarm != "none" && !slices.ContainsFunc(slices.Collect(maps.Keys(template.Resources)), isAlarm) {
				t.Errorf("%s: production has no alarm %s", row[0], alarm)
			}
		}
	}
}
