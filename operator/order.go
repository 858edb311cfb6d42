package main

import (
	"context"
	"fmt"
	"time"

	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderview"
	"example.com/saga/services/order"
)

// order shows all that is known about an order.
func (o operator) order(ctx context.Context, given []string) error {
	flags := o.newFlags("order", "ORDER")
	asJSON := flags.Bool("json", false, "print one JSON object, whole, and no text")
	id, err := flags.parseOne(given, "order", o.stdout)
	if err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	loader, err := orderview.NewLoader(config, found, o.clock)
	if err != nil {
		return err
	}
	reader, err := newDeadLetters(ctx, config, found)
	if err != nil {
		return err
	}
	deadLetters, err := reader.ReadAll(ctx)
	if err != nil {
		return err
	}
	view, err := loader.Load(ctx, id, deadLetters)
	switch {
	case err != nil:
		return err
	case !view.Known() && len(view.DeadLetters) == 0:
		return fmt.Errorf("no context has a record of the order %q", id)
	case *asJSON:
		return printJSON(o, []shownOrder{showOrder(view)})
	}
	return o.printOrder(view)
}

// shownOrder is what is shown of an order as JSON.
type shownOrder struct {
	ID            string                 `json:"id"`
	Sentence      string                 `json:"sentence"`
	Status        order.Status           `json:"status"`
	Reason        string                 `json:"reason,omitempty"`
	PlacedAt      time.Time              `json:"placedAt,omitzero"`
	EndedAt       time.Time              `json:"endedAt,omitzero"`
	CorrelationID string                 `json:"correlationId,omitempty"`
	TraceIDs      []string               `json:"traceIds,omitempty"`
	Balance       orderview.Balance      `json:"balance"`
	Events        []orderview.Event      `json:"events"`
	DeadLetters   []shown                `json:"deadLetters"`
	Records       map[string]shownRecord `json:"records"`
	// Unreadable is why a context's record cannot be read, by contexts.
	Unreadable map[string]string `json:"unreadable,omitempty"`
	Lines      []logs.Line       `json:"lines"`
	Ends       []logs.Line       `json:"ends,omitempty"`
}

func showOrder(v orderview.View) shownOrder {
	s := shownOrder{
		ID: v.ID, Sentence: v.Sentence(), Status: v.Order.Status(), Reason: string(v.Order.Reason), PlacedAt: v.Order.PlacedAt, EndedAt: v.EndedAt,
		CorrelationID: v.CorrelationID, TraceIDs: v.TraceIDs, Balance: v.Balance, Events: v.Events, Lines: v.Lines, Ends: v.Ends,
		Records: make(map[string]shownRecord), Unreadable: make(map[string]string), DeadLetters: []shown{},
	}
	for _, d := range v.DeadLetters {
		s.DeadLetters = append(s.DeadLetters, showDeadLetter(d))
	}
	for _, c := range v.Contexts {
		if c.Unreadable != nil {
			s.Unreadable[c.Name] = c.Unreadable.Error()
			continue
		}
		s.Records[c.Name] = showRecord(c.Record)
	}
	return s
}
