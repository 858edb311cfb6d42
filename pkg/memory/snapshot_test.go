package memory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/pkg/memory"
	"example.com/saga/pkg/participant"
)

func TestASnapshotHasEverythingThatIsStored(t *testing.T) {
	store := memory.NewStore()
	for subject, amount := range map[string]int64{"o-1": 2, "o-2": 3} {
		err := store.Commit(t.Context(), participant.Record{Subject: subject, State: []byte(`{}`)},
			[]participant.Adjustment{{Item: "stock#" + subject, Add: map[string]int64{"on_hand": amount}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]participant.Record{
		"o-1": {Subject: "o-1", Version: 1, State: []byte(`{}`)},
		"o-2": {Subject: "o-2", Version: 1, State: []byte(`{}`)},
	}, store.Records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]int64{
		"stock#o-1": {"on_hand": 2}, "stock#o-2": {"on_hand": 3},
	}, store.AllCounters()); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestASnapshotIsACopy(t *testing.T) {
	store := memory.NewStore()
	err := store.Commit(t.Context(), participant.Record{Subject: "o-1", State: []byte(`{}`)},
		[]participant.Adjustment{{Item: "stock#1", Add: map[string]int64{"on_hand": 2}}})
	if err != nil {
		t.Fatal(err)
	}
	store.Records()["o-1"].State[0] = '?'
	store.AllCounters()["stock#1"]["on_hand"] = 99
	if state := string(store.Records()["o-1"].State); state != `{}` {
		t.Errorf("the state is %s", state)
	}
	if n := store.AllCounters()["stock#1"]["on_hand"]; n != 2 {
		t.Errorf("on hand are %d", n)
	}
}
