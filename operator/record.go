package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/operator/stack"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
	"example.com/saga/pkg/printable"
)

// record shows what every context has recorded about an order.
func (o operator) record(ctx context.Context, given []string) error {
	flags := o.newFlags("record", "ORDER")
	order, err := flags.parseOne(given, "order", o.stdout)
	if err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	return o.showRecords(ctx, dynamodb.NewFromConfig(config), found, order)
}

// showRecords prints the records of an order, by their contexts. An error is returned if
// there is none.
func (o operator) showRecords(ctx context.Context, client dynamo.Client, in stack.Stack, order string) error {
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		return err
	}
	records := make(map[string]shownRecord)
	for _, name := range contract.Catalogue().Contexts() {
		table, err := in.Table(name)
		if err != nil {
			return err
		}
		record, err := dynamo.NewStore(client, table, vocabulary).Load(ctx, order)
		if err != nil {
			return fmt.Errorf("the record in %s: %w", name, err)
		}
		if record.Version > 0 {
			records[name] = showRecord(record)
		}
	}
	if len(records) == 0 {
		return fmt.Errorf("no context has a record of the order %q", order)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(records); err != nil {
		return err
	}
	_, err = o.stdout.Write(printable.JSON(out.Bytes()))
	return err
}

// What is shown of a record.
type (
	shownRecord struct {
		Version   int64           `json:"version"`
		ExpiresAt time.Time       `json:"expiresAt,omitzero"`
		Due       time.Time       `json:"due,omitzero"`
		Entry     shownEntry      `json:"entry,omitzero"`
		Erased    bool            `json:"erased,omitzero"`
		State     json.RawMessage `json:"state"`
		Handled   []shownHandled  `json:"handled"`
	}

	shownEntry struct {
		Account   string    `json:"account"`
		Amount    int64     `json:"amount"`
		ExpiresAt time.Time `json:"expiresAt"`
	}

	shownHandled struct {
		Source     string           `json:"source"`
		ID         string           `json:"id"`
		Type       string           `json:"type"`
		Cause      string           `json:"cause,omitzero"`
		OccurredAt time.Time        `json:"occurredAt"`
		HandledAt  time.Time        `json:"handledAt"`
		Published  []shownPublished `json:"published"`
	}

	shownPublished struct {
		Type string          `json:"type"`
		ID   string          `json:"id"`
		Data json.RawMessage `json:"data,omitzero"`
		// Settled means that the event has had an effect, and its data was dropped.
		Settled bool `json:"settled,omitzero"`
	}
)

func showRecord(record participant.Record) shownRecord {
	shown := shownRecord{
		Version: record.Version, ExpiresAt: record.ExpiresAt, Due: record.Due, Entry: shownEntry(record.Entry),
		Erased: record.Erased, State: record.State, Handled: []shownHandled{},
	}
	for _, h := range record.Handled {
		published := []shownPublished{}
		for _, e := range h.Published {
			published = append(published, shownPublished{Type: e.Type, ID: e.ID, Data: e.Data, Settled: e.Data == nil})
		}
		shown.Handled = append(shown.Handled, shownHandled{
			Source: h.Source, ID: h.ID, Type: h.Type, Cause: h.CausationID,
			OccurredAt: h.OccurredAt, HandledAt: h.HandledAt, Published: published,
		})
	}
	return shown
}
