package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/contexts"
	"example.com/saga/operator/deadletter"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

// Two customers, by what says who they are.
var (
	anna = person{"c-anna", "7 Anna Lane"}
	bert = person{"c-bert", "8 Bert Street"}
)

type person struct{ id, address string }

// placeMixedOf places orders of all kinds of a customer.
func (c *cloud) placeMixedOf(t *testing.T, who person, n int) []placed {
	t.Helper()
	var all []placed
	for i := range n {
		kind := fates()[i%len(fates())]
		body := strings.NewReplacer(`"c-42"`, fmt.Sprintf("%q", who.id)).Replace(basket)
		if kind.name == "blocked" {
			continue // That depends on the customer's id.
		}
		body = strings.Replace(body, kind.from, kind.to, 1)
		one, err := c.place(t.Context(), strings.Replace(body, "23 Fake Street", who.address, 1))
		if err == nil && kind.cancel {
			err = c.requestCancellation(t.Context(), one.OrderID)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, placed{one, kind})
	}
	return all
}

// operate runs the operator's program, and gives what it says and its exit code.
func (c *cloud) operate(t *testing.T, command string, arguments ...string) (result, complaint string, code int) {
	t.Helper()
	program := exec.CommandContext(t.Context(), "../dist/local/operator", append([]string{command, "-ready-file", c.readyFile}, arguments...)...)
	var out, complaints strings.Builder
	program.Stdout, program.Stderr = &out, &complaints
	err := program.Run()
	if exit, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("operator %s %v: %v (make host builds it)", command, arguments, err)
	} else if ended {
		code = exit.ExitCode()
	}
	return out.String(), complaints.String(), code
}

// mustErase erases a customer, and fails if something is not erased.
func (c *cloud) mustErase(t *testing.T, who person) string {
	t.Helper()
	result, complaint, code := c.operate(t, "erase", who.id)
	if code != 0 || complaint != "" && !strings.HasPrefix(complaint, "operator: no order of this customer is known") {
		t.Fatalf("the exit code is %d: %s\n%s", code, complaint, result)
	}
	return result
}

// stores are the texts of all that tables and queues have, by their paths.
func (c *cloud) stores(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for path, table := range c.Tables {
		contents, err := dynamo.Scan(t.Context(), dynamodb.NewFromConfig(c.aws(t)), table)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = encoded(t, contents)
	}
	waiting := c.usage(t).Queues
	for path, url := range c.Queues {
		if waiting[path].Visible+waiting[path].InFlight == 0 {
			continue
		}
		letters, err := deadletter.Queue{Client: sqs.NewFromConfig(c.aws(t)), Name: path, URL: url}.Look(t.Context(), 10*deadletter.Maximum)
		if err != nil {
			t.Fatal(err)
		}
		all[path] = encoded(t, letters)
	}
	return all
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// knows lists the stores that say something of a person.
func knows(stores map[string]string, who person) []string {
	var knowing []string
	for _, path := range slices.Sorted(maps.Keys(stores)) {
		if strings.Contains(stores[path], who.id) || strings.Contains(stores[path], who.address) {
			knowing = append(knowing, path)
		}
	}
	return knowing
}

// leaveDeadLetters leaves what the customers' orders have in dead-letter queues,
// in every form that one may have, and says how many are of each.
func (c *cloud) leaveDeadLetters(t *testing.T, orders map[person]string) int {
	t.Helper()
	left := 0
	for who, id := range orders {
		for _, e := range c.evidence(t).Published {
			if e.Subject != id || e.Type != (contract.OrderPlaced{}).EventType() {
				continue
			}
			event := encoded(t, e)
			c.send(t, c.Queues["Warehouse/DeadLetters"], event, id)
			c.send(t, c.Queues["Warehouse/DeadLetters"], "\u2620 "+who.address, id)
			c.send(t, c.Queues["Loyalty/DeadLetters"], event, "")
			c.send(t, c.Queues["Payment/DeadLetters"], event[:len(event)-3], "")
			c.send(t, c.Queues["Notification/Undelivered"], fmt.Sprintf(`{"id":"1","source":"order","detail-type":"order.placed","detail":%s}`, event), "")
			left = 5
			break
		}
	}
	if left == 0 {
		t.Fatal("no order was placed")
	}
	return left
}

// checkErasures fails if an invariant does not hold, dead letters aside.
func (c *cloud) checkErasures(t *testing.T) {
	t.Helper()
	for _, violation := range c.violations(t) {
		if violation.Invariant != 8 {
			t.Error(violation)
		}
	}
}

func TestAnErasedCustomerIsForgottenForEverAndNoOtherIs(t *testing.T) {
	began := stamp(time.Now())
	c := startCloud(t)
	ofAnna, ofBert := c.placeMixedOf(t, anna, 12), c.placeMixedOf(t, bert, 12)
	for _, p := range slices.Concat(ofAnna, ofBert) {
		c.awaitEnd(t, p.OrderID)
	}
	c.settled(t)
	dead := c.leaveDeadLetters(t, map[person]string{anna: ofAnna[0].OrderID, bert: ofBert[0].OrderID})
	known := []string{
		"Loyalty/DeadLetters", "Loyalty/Table", "Notification/Undelivered", "Observability/Queue", "Order/Table",
		"Payment/DeadLetters", "Payment/Table", "Warehouse/DeadLetters", "Warehouse/Table",
	}
	if got := knows(c.stores(t), anna); !slices.Equal(got, known) {
		t.Fatalf("before the erasure it is known in %v, not in %v", got, known)
	}
	before := c.evidence(t)

	if plan, _, code := c.operate(t, "erase", "-dry-run", anna.id); code != 0 || strings.Count(plan, "would be erased") != len(ofAnna) {
		t.Errorf("the plan ends with %d:\n%s", code, plan)
	}
	if got := knows(c.stores(t), anna); !slices.Equal(got, known) {
		t.Errorf("after a plan it is known in %v, not in %v", got, known)
	}
	result := c.mustErase(t, anna)
	if strings.Contains(result, anna.id) || strings.Count(result, " erased") != len(ofAnna) {
		t.Errorf("the result is\n%s", result)
	}
	if got := knows(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after the erasure it is known in %v", got)
	}
	c.checkOther(t, before, ofBert, dead)
	c.checkGone(t, ofAnna)
	c.checkErasures(t)

	c.replayErased(t, began, ofAnna)
	if got := knows(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after the replay it is known in %v", got)
	}
	c.checkOther(t, before, ofBert, dead)
	c.checkErasures(t)

	// Now everything is published again, for all to hear.
	c.publishAgain(t, before.Published)
	c.settled(t)
	if got := knows(c.stores(t), anna); !slices.Equal(got, []string{"Observability/Queue"}) {
		t.Errorf("after all was published again it is known in %v", got)
	}
	c.checkErasures(t)
	c.mustErase(t, anna)
	if got := knows(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after another erasure it is known in %v", got)
	}
}

// checkGone checks that orders are gone for their customer, and that neither logs
// nor traces of functions say anything of the customer.
func (c *cloud) checkGone(t *testing.T, orders []placed) {
	t.Helper()
	for _, p := range orders {
		for method, path := range map[string]string{http.MethodGet: "", http.MethodPost: "/cancellation"} {
			answer, err := c.do(t.Context(), method, "/orders/"+p.OrderID+path, "")
			if err != nil || answer.Status != http.StatusGone || !strings.Contains(string(answer.Body), `"type":"/problems/erased"`) {
				t.Errorf("%s %s is answered by %d %s, %v", method, p.OrderID, answer.Status, answer.Body, err)
			}
		}
	}
	traces, err := c.do(t.Context(), http.MethodGet, c.TracesURL, "")
	if err != nil || len(traces.Body) == 0 {
		t.Fatalf("the traces are %q, %v", traces.Body, err)
	}
	written := map[string]string{"traces": string(traces.Body), "logs": strings.Join(c.functionLogs(t), "\n")}
	if got := knows(written, anna); len(got) != 0 {
		t.Errorf("it is known in the %v of the functions", got)
	}
}

// checkOther checks that the other customer's orders, points and dead letters are
// as they were.
func (c *cloud) checkOther(t *testing.T, before audit.Evidence, orders []placed, dead int) {
	t.Helper()
	after := c.evidence(t)
	for name := range before.Tables {
		for _, p := range orders {
			if diff := cmp.Diff(before.Tables[name].Records[p.OrderID], after.Tables[name].Records[p.OrderID]); diff != "" {
				t.Errorf("%s knows something else of the other's order (-before +after):\n%s", name, diff)
			}
		}
	}
	if diff := cmp.Diff(before.Tables["loyalty"].Counters["customer#"+bert.id], after.Tables["loyalty"].Counters["customer#"+bert.id]); diff != "" {
		t.Errorf("the other's points (-before +after):\n%s", diff)
	}
	left := 0
	for _, n := range after.DeadLetters {
		left += n
	}
	if left != dead {
		t.Errorf("%d dead letters are left, %d are the other's: %v", left, dead, after.DeadLetters)
	}
}

// replayErased replays all that happened to each context, and the erased orders
// alone, and checks that the endpoint does not get them.
func (c *cloud) replayErased(t *testing.T, began string, erased []placed) {
	t.Helper()
	for _, to := range contextIDs() {
		c.replay(t, "-to", to, "-from", began)
		for _, p := range erased[:len(fates())-1] {
			c.replay(t, "-to", to, "-order", p.OrderID)
		}
	}
	c.settled(t)
	for _, arguments := range [][]string{
		{"-to", "Notification", "-from", began}, {"-to", "Observability", "-from", began}, {"-to", "Notification", "-order", erased[0].OrderID},
	} {
		if _, complaint, code := c.operate(t, "replay", arguments...); code != 1 || !strings.Contains(complaint, "that have been erased since") {
			t.Errorf("the replay %v ends with %d: %s", arguments, code, complaint)
		}
	}
}

func TestAnOrderThatCannotEndIsNamedAndErasedLater(t *testing.T) {
	c := startCloud(t, "--pause", "Payment/Worker")
	stuck, err := c.place(t.Context(), strings.Replace(basket, "c-42", anna.id, 1))
	if err != nil {
		t.Fatal(err)
	}
	c.awaitStatus(t, stuck.OrderID, "reserved")
	result, complaint, code := c.operate(t, "erase", "-wait", "1s", anna.id)
	if want := "order " + stuck.OrderID + ": it has not ended after 1s, it is cancelling: erase again when it has"; code != 1 ||
		!strings.Contains(complaint, want) || strings.Count(complaint, "\n") != 1 {
		t.Errorf("it ends with %d and complains %s\n%s", code, complaint, result)
	}
	c.resume(t)
	c.mustErase(t, anna)
	c.settled(t)
	if got := knows(c.stores(t), anna); len(got) != 0 {
		t.Errorf("it is known in %v", got)
	}
	c.checkInvariants(t)
}

func TestAnErasureThatIsKilledIsCompletedByTheNext(t *testing.T) {
	c := startCloud(t)
	ofAnna := c.placeMixedOf(t, anna, 12)
	for _, p := range ofAnna {
		c.awaitEnd(t, p.OrderID)
	}
	c.settled(t)
	// What a killed run has taken out of a queue is hidden from the next for minutes.
	c.purge(t, "Observability/Queue")
	c.eraseHalf(t, ofAnna[0].OrderID)
	var unfinished []audit.Violation
	for _, violation := range c.violations(t) {
		if violation.Invariant == 10 && violation.Order == ofAnna[0].OrderID {
			unfinished = append(unfinished, violation)
		}
	}
	if len(unfinished) != 2 {
		t.Errorf("the audit finds %v", unfinished)
	}
	killed := 0
	for after := 20 * time.Millisecond; ; after += after / 4 {
		if c.killErasure(t, after) {
			break
		}
		killed++
	}
	t.Logf("it was killed %d times", killed)
	if killed == 0 {
		t.Error("it was never killed")
	}
	c.mustErase(t, anna)
	if got := knows(c.stores(t), anna); len(got) != 0 {
		t.Errorf("it is known in %v", got)
	}
	c.checkGone(t, ofAnna)
	c.checkInvariants(t)
}

// eraseHalf erases an order as far as an eraser gets that is killed then.
func (c *cloud) eraseHalf(t *testing.T, id string) {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	deployed := contexts.Deployed{
		Store: func(source string) participant.Store {
			table, err := c.stack(t).Table(source)
			if err != nil {
				t.Fatal(err)
			}
			return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), table)
		},
		Publisher: new(memory.Publisher), Language: language, Retention: 60 * 24 * time.Hour, Clock: time.Now,
	}
	for _, each := range contexts.All()[:2] {
		erase, err := each.Open(deployed)
		if err != nil {
			t.Fatal(err)
		}
		if err := erase(t.Context(), id, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// killErasure begins to erase anna, and kills that after a time. It reports
// whether it was too late.
func (c *cloud) killErasure(t *testing.T, after time.Duration) bool {
	t.Helper()
	program := exec.CommandContext(t.Context(), "../dist/local/operator", "erase", "-ready-file", c.readyFile, anna.id)
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { program.Process.Kill() })
	defer timer.Stop()
	err := program.Wait()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended && exit.ExitCode() == -1 {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}
