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
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"example.com/saga/operator/audit"
	"example.com/saga/operator/contexts"
	"example.com/saga/operator/deadletter"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

// Two customers, by their personal data.
var (
	anna = person{"c-anna", "7 Anna Lane"}
	bert = person{"c-bert", "8 Bert Street"}
)

type person struct{ id, address string }

// placeMixedOf places orders of all kinds for a customer.
func (c *cloud) placeMixedOf(t *testing.T, customer person, n int) []placed {
	t.Helper()
	var all []placed
	for i := range n {
		kind := orderKinds()[i%len(orderKinds())]
		body := strings.NewReplacer(`"c-42"`, fmt.Sprintf("%q", customer.id)).Replace(basket)
		if kind.name == "blocked" {
			continue // A blocked customer has another id.
		}
		body = strings.Replace(body, kind.from, kind.to, 1)
		one, err := c.place(t.Context(), strings.Replace(body, "23 Fake Street", customer.address, 1))
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

// operate runs a command of the operator, and returns its output and its exit code.
func (c *cloud) operate(t *testing.T, command string, arguments ...string) (result, errorText string, code int) {
	t.Helper()
	program := exec.CommandContext(t.Context(), "../dist/local/operator", append([]string{command, "-ready-file", c.readyFile}, arguments...)...)
	var out, errOut strings.Builder
	program.Stdout, program.Stderr = &out, &errOut
	err := program.Run()
	if exit, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("operator %s %v: %v (make host builds it)", command, arguments, err)
	} else if ended {
		code = exit.ExitCode()
	}
	return out.String(), errOut.String(), code
}

// mustErase erases a customer, and fails the test if something is not erased.
func (c *cloud) mustErase(t *testing.T, customer person) string {
	t.Helper()
	result, errorText, code := c.operate(t, "erase", customer.id)
	if code != 0 || errorText != "" && !strings.HasPrefix(errorText, "operator: no order of this customer is known") {
		t.Fatalf("the exit code is %d: %s\n%s", code, errorText, result)
	}
	return result
}

// stores returns the contents of tables and queues as text, by their paths.
func (c *cloud) stores(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for path, table := range c.Tables {
		contents, err := dynamo.Scan(t.Context(), dynamodb.NewFromConfig(c.aws(t)), table, vocabulary(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range contents.Records {
			for _, handled := range record.Handled {
				fillSettled(handled.Published)
			}
		}
		all[path] = encoded(t, contents)
	}
	waiting := c.usage(t).Queues
	found := make(map[string][]deadletter.Message)
	var mu sync.Mutex
	var group errgroup.Group
	for path, url := range c.Queues {
		if waiting[path].Visible+waiting[path].InFlight == 0 {
			continue
		}
		group.Go(func() error {
			messages, err := deadletter.Queue{Client: sqs.NewFromConfig(c.aws(t)), Name: path, URL: url}.Look(t.Context(), 10*deadletter.Maximum)
			mu.Lock()
			defer mu.Unlock()
			found[path] = messages
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for path, messages := range found {
		all[path] = encoded(t, messages)
	}
	return all
}

// fillSettled gives the events without data an empty object: an event cannot be encoded
// without.
func fillSettled(published []event.Event) {
	for i := range published {
		if published[i].Data == nil {
			published[i].Data = json.RawMessage(`{}`)
		}
	}
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// storesWith returns the paths of the stores that have personal data of a customer.
func storesWith(stores map[string]string, customer person) []string {
	var found []string
	for _, path := range slices.Sorted(maps.Keys(stores)) {
		if strings.Contains(stores[path], customer.id) || strings.Contains(stores[path], customer.address) {
			found = append(found, path)
		}
	}
	return found
}

// leaveDeadLetters sends dead letters of the customers' orders, in every form that a dead
// letter can have, and returns how many each customer has.
func (c *cloud) leaveDeadLetters(t *testing.T, orders map[person]string) int {
	t.Helper()
	left := 0
	for customer, id := range orders {
		for _, e := range c.evidence(t).Published {
			if e.Subject != id || e.Type != (contract.OrderPlaced{}).EventType() {
				continue
			}
			event := encoded(t, e)
			c.send(t, c.Queues["Warehouse/DeadLetters"], event, id)
			c.send(t, c.Queues["Warehouse/DeadLetters"], "\u2620 "+customer.address, id)
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

// checkErasures fails the test if an invariant is violated, except that there are dead
// letters.
func (c *cloud) checkErasures(t *testing.T) {
	t.Helper()
	for _, violation := range c.violations(t) {
		if violation.Invariant != 8 {
			t.Error(violation)
		}
	}
}

func TestAnErasureRemovesTheCustomerForEverAndChangesNoOther(t *testing.T) {
	t.Parallel() // It mostly waits.
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
	if got := storesWith(c.stores(t), anna); !slices.Equal(got, known) {
		t.Fatalf("before the erasure the customer is in %v, not in %v", got, known)
	}
	before := c.evidence(t)
	if shown := c.checkShownRecords(t, before, ofAnna[0].OrderID); !strings.Contains(shown, anna.address) || !strings.Contains(shown, `"settled": true`) {
		t.Errorf("the records of the order are shown as %s", shown)
	}

	if plan, _, code := c.operate(t, "erase", "-dry-run", anna.id); code != 0 || strings.Count(plan, "would be erased") != len(ofAnna) {
		t.Errorf("the dry run ends with %d:\n%s", code, plan)
	}
	if got := storesWith(c.stores(t), anna); !slices.Equal(got, known) {
		t.Errorf("after a dry run the customer is in %v, not in %v", got, known)
	}
	result := c.mustErase(t, anna)
	if strings.Contains(result, anna.id) || strings.Count(result, " erased") != len(ofAnna) {
		t.Errorf("the result is\n%s", result)
	}
	if got := storesWith(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after the erasure the customer is in %v", got)
	}
	c.checkOther(t, before, ofBert, dead)
	c.checkGone(t, ofAnna)
	if shown := c.checkShownRecords(t, c.evidence(t), ofAnna[0].OrderID); strings.Contains(shown, anna.id) || strings.Contains(shown, anna.address) {
		t.Errorf("the records of the erased order are shown as %s", shown)
	}
	c.checkErasures(t)

	c.replayErased(t, began, ofAnna)
	if got := storesWith(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after the replay the customer is in %v", got)
	}
	c.checkOther(t, before, ofBert, dead)
	c.checkErasures(t)

	// Now everything is published again, to all consumers.
	c.publishAgain(t, before.Published)
	c.settled(t)
	if got := storesWith(c.stores(t), anna); !slices.Equal(got, []string{"Observability/Queue"}) {
		t.Errorf("after everything was published again the customer is in %v", got)
	}
	c.checkErasures(t)
	c.mustErase(t, anna)
	if got := storesWith(c.stores(t), anna); len(got) != 0 {
		t.Errorf("after another erasure the customer is in %v", got)
	}
}

// checkGone checks that the order API answers that orders are gone, and that logs and
// traces of the functions have no personal data of the customer.
func (c *cloud) checkGone(t *testing.T, orders []placed) {
	t.Helper()
	for _, p := range orders {
		for method, path := range map[string]string{http.MethodGet: "", http.MethodPost: "/cancellation"} {
			answer, err := c.do(t.Context(), method, "/orders/"+p.OrderID+path, "")
			if err != nil || answer.Status != http.StatusGone || !strings.Contains(string(answer.Body), `/problems/erased"`) {
				t.Errorf("%s %s is answered by %d %s, %v", method, p.OrderID, answer.Status, answer.Body, err)
			}
		}
	}
	traces, err := c.do(t.Context(), http.MethodGet, c.TracesURL, "")
	if err != nil || len(traces.Body) == 0 {
		t.Fatalf("the traces are %q, %v", traces.Body, err)
	}
	written := map[string]string{"traces": string(traces.Body), "logs": strings.Join(c.functionLogs(t), "\n")}
	if got := storesWith(written, anna); len(got) != 0 {
		t.Errorf("the customer is in the %v of the functions", got)
	}
}

// checkOther checks that the orders, the points and the dead letters of the other customer
// are unchanged.
func (c *cloud) checkOther(t *testing.T, before audit.Evidence, orders []placed, dead int) {
	t.Helper()
	after := c.evidence(t)
	for name := range before.Tables {
		for _, p := range orders {
			if diff := cmp.Diff(before.Tables[name].Records[p.OrderID], after.Tables[name].Records[p.OrderID]); diff != "" {
				t.Errorf("%s has another record of the other customer's order (-before +after):\n%s", name, diff)
			}
		}
	}
	points := int64(0)
	for _, record := range before.Tables["loyalty"].Records {
		if record.Entry.Account == loyalty.CustomerAccount(bert.id) {
			points += record.Entry.Amount
		}
	}
	c.checkBalance(t, bert, points)
	c.checkBalance(t, anna, 0)
	left := 0
	for _, n := range after.DeadLetters {
		left += n
	}
	if left != dead {
		t.Errorf("%d dead letters are left, %d are of the other customer: %v", left, dead, after.DeadLetters)
	}
}

// checkBalance checks the points of a customer that the operator prints.
func (c *cloud) checkBalance(t *testing.T, customer person, want int64) {
	t.Helper()
	if got, errorText, code := c.operate(t, "balance", customer.id); got != fmt.Sprintln(want) || errorText != "" || code != 0 {
		t.Errorf("%s has %q points, not %d; the exit code is %d: %s", customer.id, got, want, code, errorText)
	}
}

// checkShownRecords checks that the operator shows an order's records in all contexts as
// they are, and returns what it prints.
func (c *cloud) checkShownRecords(t *testing.T, stored audit.Evidence, order string) string {
	t.Helper()
	type shown struct {
		Version int64           `json:"version"`
		Erased  bool            `json:"erased"`
		State   json.RawMessage `json:"state"`
		Handled []any           `json:"handled"`
	}
	printed, _ := c.operator(t, "record", order)
	var got map[string]shown
	if err := json.Unmarshal([]byte(printed), &got); err != nil {
		t.Fatalf("the operator prints %s, %v", printed, err)
	}
	want := make(map[string]shown)
	for name, table := range stored.Tables {
		record := table.Records[order]
		want[name] = shown{record.Version, record.Erased, record.State, make([]any, len(record.Handled))}
	}
	sameJSON := cmp.Comparer(func(a, b json.RawMessage) bool { return encoded(t, a) == encoded(t, b) })
	sameLength := cmp.Comparer(func(a, b []any) bool { return len(a) == len(b) })
	if diff := cmp.Diff(want, got, sameJSON, sameLength); diff != "" {
		t.Errorf("the records are not as they are shown (-stored +shown):\n%s", diff)
	}
	return printed
}

// replayErased replays all events to each context, and then the erased orders alone. It
// checks that neither is replayed to the notification endpoint and the observability queue.
func (c *cloud) replayErased(t *testing.T, began string, erased []placed) {
	t.Helper()
	for _, to := range contextIDs() {
		c.replay(t, "-to", to, "-from", began)
		for _, p := range erased[:len(orderKinds())-1] {
			c.replay(t, "-to", to, "-order", p.OrderID)
		}
	}
	c.settled(t)
	for _, arguments := range [][]string{
		{"-to", "Notification", "-from", began}, {"-to", "Observability", "-from", began}, {"-to", "Notification", "-order", erased[0].OrderID},
	} {
		if _, errorText, code := c.operate(t, "replay", arguments...); code != 1 || !strings.Contains(errorText, "that have been erased since") {
			t.Errorf("the replay %v ends with %d: %s", arguments, code, errorText)
		}
	}
}

func TestAnErasureReportsAnOrderThatHasNotEndedAndErasesItLater(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t, "--pause", "Payment/Worker")
	stuck, err := c.place(t.Context(), strings.Replace(basket, "c-42", anna.id, 1))
	if err != nil {
		t.Fatal(err)
	}
	c.awaitStatus(t, stuck.OrderID, "reserved")
	result, errorText, code := c.operate(t, "erase", "-wait", "1s", anna.id)
	if want := "order " + stuck.OrderID + ": it has not ended after 1s, it is cancelling: erase again when it has"; code != 1 ||
		!strings.Contains(errorText, want) || strings.Count(errorText, "\n") != 1 {
		t.Errorf("it ends with %d and the error %s\n%s", code, errorText, result)
	}
	c.resume(t)
	c.mustErase(t, anna)
	c.settled(t)
	if got := storesWith(c.stores(t), anna); len(got) != 0 {
		t.Errorf("the customer is in %v", got)
	}
	c.checkInvariants(t)
}

func TestAnErasureThatIsKilledIsCompletedByTheNext(t *testing.T) {
	t.Parallel() // It mostly waits.
	c := startCloud(t)
	ofAnna := c.placeMixedOf(t, anna, 12)
	for _, p := range ofAnna {
		c.awaitEnd(t, p.OrderID)
	}
	c.settled(t)
	// Messages that a killed run has received are invisible to the next run for minutes.
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
	if got := storesWith(c.stores(t), anna); len(got) != 0 {
		t.Errorf("the customer is in %v", got)
	}
	c.checkGone(t, ofAnna)
	c.checkInvariants(t)
}

// eraseHalf erases an order in two contexts, like an erasure that is killed after them.
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
			return dynamo.NewStore(dynamodb.NewFromConfig(c.aws(t)), table, vocabulary(t))
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

// killErasure starts the erasure of anna and kills it after a time. It reports whether the
// erasure was complete before that.
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
