package cloud_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/saga/localcloud/fault"
)

// startUnder runs the test stack under faults that always occur.
func startUnder(t *testing.T, faults ...fault.Name) stack {
	t.Helper()
	plan := map[fault.Name]float64{}
	for _, name := range faults {
		plan[name] = 1
	}
	config := configOf(assembled(t, nil))
	config.Faults, config.Seed = plan, 1
	return startWith(t, config)
}

const read = "DynamoDB_20120810.GetItem"

func TestAFaultHitsAFunctionsCallAndIsCounted(t *testing.T) {
	s := startUnder(t, fault.DynamoDBThrottle)
	status, answer := s.call(t, read, "{}")
	if status != http.StatusBadRequest || !strings.Contains(answer, "ThrottlingException") {
		t.Errorf("the call is answered %d %s", status, answer)
	}
	if hits := s.Usage(t.Context()).Faults; len(hits) != 1 || hits[fault.DynamoDBThrottle] != 1 {
		t.Errorf("the faults are counted as %v", hits)
	}
}

func TestAKilledProcessIsReplaced(t *testing.T) {
	s := startUnder(t, fault.KillAfterCall)
	for range 2 {
		if status, answer := s.call(t, read, "{}"); status != http.StatusBadGateway {
			t.Errorf("the call is answered %d %s", status, answer)
		}
	}
	if hits := s.Usage(t.Context()).Faults[fault.KillAfterCall]; hits != 2 {
		t.Errorf("%d processes were killed", hits)
	}
}

func TestAnOperatorsCallIsNeverHit(t *testing.T) {
	s := startUnder(t, fault.PutEventsPartial, fault.PutEventsLostAnswer, fault.KillBeforeCall, fault.FunctionTimeout)
	s.publish(t, "nobody", `{"id": "1"}`)
	for name, hits := range s.Usage(t.Context()).Faults {
		if hits != 0 {
			t.Errorf("%s hits %d times", name, hits)
		}
	}
}

func TestWithoutFaultsNoneAreCounted(t *testing.T) {
	if hits := start(t, nil).Usage(t.Context()).Faults; hits == nil || len(hits) != 0 {
		t.Errorf("the faults are counted as %v", hits)
	}
}

// faults is what GET and PUT of the faults return.
type faults struct {
	Seed   string
	Faults map[fault.Name]fault.State
	Paused map[string]bool

	RedeliverAfter string
}

// changeFaults sends a change, and returns what is answered.
func (s stack) changeFaults(t *testing.T, body string, header http.Header) (status int, answer string, shown faults) {
	t.Helper()
	status, answer = request(t, http.MethodPut, s.where.FaultsURL, header, body)
	_, now := request(t, http.MethodGet, s.where.FaultsURL, nil, "")
	if err := json.Unmarshal([]byte(now), &shown); err != nil {
		t.Fatalf("%v: %s", err, now)
	}
	return status, answer, shown
}

func TestFaultsAreSetAndCountedWhileTheStackRuns(t *testing.T) {
	s := startUnder(t)
	if status, answer, shown := s.changeFaults(t, `{}`, nil); status != http.StatusOK || len(shown.Faults) != len(fault.Names()) || shown.Seed != "1" {
		t.Errorf("the change is answered %d %s, shown is %+v", status, answer, shown)
	}
	if status, answer := s.call(t, read, "{}"); strings.Contains(answer, "ThrottlingException") {
		t.Errorf("without a fault the call is answered %d %s", status, answer)
	}
	s.changeFaults(t, `{"faults": {"dynamodb-throttle": 1}}`, nil)
	if status, answer := s.call(t, read, "{}"); !strings.Contains(answer, "ThrottlingException") {
		t.Errorf("under the fault the call is answered %d %s", status, answer)
	}
	_, _, shown := s.changeFaults(t, `{"faults": {"dynamodb-throttle": 0}}`, nil)
	if status, answer := s.call(t, read, "{}"); strings.Contains(answer, "ThrottlingException") {
		t.Errorf("after the fault the call is answered %d %s", status, answer)
	}
	if want := (fault.State{Probability: 0, Hits: 1}); shown.Faults[fault.DynamoDBThrottle] != want {
		t.Errorf("the fault is %+v", shown.Faults[fault.DynamoDBThrottle])
	}
}

func TestTheFaultsHaveHowLongWhatHasFailedWaits(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", 1500 * time.Millisecond: "1.5s"} {
		config := configOf(assembled(t, nil))
		config.RedeliverAfter = after
		if _, _, shown := startWith(t, config).changeFaults(t, "{}", nil); shown.RedeliverAfter != want {
			t.Errorf("what has failed waits for %q, want %q", shown.RedeliverAfter, want)
		}
	}
}

func TestAFunctionIsPausedAndResumedByItself(t *testing.T) {
	s := start(t, nil)
	if _, _, shown := s.changeFaults(t, `{"paused": {"Shop/Worker": true}}`, nil); !shown.Paused["Shop/Worker"] {
		t.Errorf("paused are %v", shown.Paused)
	}
	if _, err := s.queues.SendMessage(t.Context(), messageTo(s.where.Queues["Shop/Queue"])); err != nil {
		t.Fatal(err)
	}
	if s.Idle() {
		t.Error("the cloud is idle while a message is held back")
	}
	if _, _, shown := s.changeFaults(t, `{"paused": {"Shop/Worker": false}}`, nil); shown.Paused["Shop/Worker"] {
		t.Errorf("paused are %v", shown.Paused)
	}
	s.settle(t)
	if got := s.Usage(t.Context()).Functions["Shop/Worker"].Records; got != 1 {
		t.Errorf("the function has handled %d records", got)
	}
}

func TestAChangeThatIsRefusedChangesNothing(t *testing.T) {
	s := start(t, nil)
	for body, want := range map[string]string{
		`{"faults": {"meteor": 0.1, "shuffle": 1}}`:                          `there is no fault \"meteor\"; there are duplicate-delivery, `,
		`{"faults": {"shuffle": 1.5}, "paused": {"Shop/Worker": true}}`:      "the probability of shuffle must be from 0 to 1",
		`{"faults": {"shuffle": 1}, "paused": {"Shop/Missing": true}}`:       "there is no function Shop/Missing to be paused",
		`{"faults": {"shuffle": "often"}, "paused": {"Shop/Worker": true}}`:  "the body must be like",
		`{"shuffle": 1, "faults": {"shuffle": 1}}`:                           `unknown field \"shuffle\"`,
		`{"faults": {"shuffle": 1}, "paused": ` + strings.Repeat(" ", 1<<20): "too large",
	} {
		status, answer, shown := s.changeFaults(t, body, nil)
		if status != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%.80s is answered %d %s", body, status, answer)
		}
		if shown.Paused["Shop/Worker"] || shown.Faults[fault.Shuffle].Probability != 0 {
			t.Errorf("%.80s changes %+v", body, shown)
		}
	}
}

func TestAWebPageOfAnotherOriginChangesNoFault(t *testing.T) {
	status, answer, shown := start(t, nil).changeFaults(t, `{"faults": {"shuffle": 1}}`, http.Header{"Origin": {"http://evil.example"}})
	if status != http.StatusForbidden || shown.Faults[fault.Shuffle].Probability != 0 {
		t.Errorf("it is answered %d %s, and shown is %+v", status, answer, shown)
	}
}
