package ownstore_test

import (
	"encoding/json"
	"testing"

	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/participant/participanttest"

	"example.org/ownstore"
)

func TestTheStorePassesTheSuite(t *testing.T) {
	participanttest.TestStore(t, func(t *testing.T) participant.Store { return ownstore.Open(t.TempDir()) })
}

func TestAStoreThatIsOpenedAgainHasTheRecords(t *testing.T) {
	folder := t.TempDir()
	record := participant.Record{Subject: "parcel-1", State: json.RawMessage(`{"requested":true}`)}
	if err := ownstore.Open(folder).Commit(t.Context(), record, nil); err != nil {
		t.Fatal(err)
	}
	got, err := ownstore.Open(folder).Load(t.Context(), record.Subject)
	if err != nil || got.Version != 1 || string(got.State) != string(record.State) {
		t.Errorf("the record is %+v, %v", got, err)
	}
}
