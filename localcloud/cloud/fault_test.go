package cloud_test

import (
	"net/http"
	"strings"
	"testing"

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
	config.Faults = fault.NewInjector(1, plan)
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
