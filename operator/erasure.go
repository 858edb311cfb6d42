package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/saga/operator/erase"
)

// erasureReport is what is printed of an erasure. It does not name the customer.
type erasureReport struct {
	DryRun  bool           `json:"dryRun"`
	Orders  []erasedOrder  `json:"orders"`
	Queues  []sweptQueue   `json:"queues"`
	Remains []expiringData `json:"remains"`
}

type erasedOrder struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Result string `json:"result"`
	// Notified are the ids of the events, by their types, that the notification
	// endpoint was sent.
	Notified map[string]string `json:"notified"`
}

type sweptQueue struct {
	Queue   string `json:"queue"`
	Removed int    `json:"removed"`
	Unseen  int    `json:"unseen"`
}

type expiringData struct {
	What   string    `json:"what"`
	Has    string    `json:"has"`
	GoneBy time.Time `json:"goneBy"`
}

func newReport(outcome erase.Outcome, remains []erase.Remainder, dryRun bool, now time.Time) erasureReport {
	report := erasureReport{DryRun: dryRun, Orders: []erasedOrder{}, Queues: []sweptQueue{}}
	for _, each := range outcome.Orders {
		status, result := string(each.State.Status()), "erased"
		if each.Expired {
			status = "expired"
		}
		switch {
		case each.Err != nil:
			result = "not erased: " + strings.ReplaceAll(each.Err.Error(), "\n", "; ")
		case dryRun && (each.Expired || each.State.Ended()):
			result = "would be erased"
		case dryRun:
			result = "would be cancelled and erased"
		}
		report.Orders = append(report.Orders, erasedOrder{each.ID, status, result, each.Notified})
	}
	for _, each := range outcome.Queues {
		if each.Removed > 0 || each.Unseen > 0 {
			report.Queues = append(report.Queues, sweptQueue{each.Queue, each.Removed, each.Unseen})
		}
	}
	for _, each := range remains {
		report.Remains = append(report.Remains, expiringData{each.What, each.Has, now.Add(each.For).UTC().Truncate(time.Second)})
	}
	return report
}

// printErasure prints a report for people.
func (o operator) printErasure(report erasureReport) error {
	if len(report.Orders) == 0 {
		o.warn("no order of this customer is known")
	}
	removed := "REMOVED"
	if report.DryRun {
		removed = "TO REMOVE"
	}
	orders, notified := [][]string{{"ORDER", "STATUS", "RESULT"}}, [][]string{{"ENDPOINT NOTIFIED OF ORDER", "EVENT", "EVENT ID"}}
	for _, each := range report.Orders {
		orders = append(orders, []string{each.ID, each.Status, each.Result})
		for _, eventType := range slices.Sorted(maps.Keys(each.Notified)) {
			notified = append(notified, []string{each.ID, eventType, each.Notified[eventType]})
		}
	}
	queues := [][]string{{"QUEUE", removed, "NOT SEEN"}}
	for _, each := range report.Queues {
		queues = append(queues, []string{each.Queue, fmt.Sprint(each.Removed), fmt.Sprint(each.Unseen)})
	}
	remains := [][]string{{"WHAT REMAINS", "HAS", "GONE BY"}}
	for _, each := range report.Remains {
		remains = append(remains, []string{each.What, each.Has, each.GoneBy.Format(time.DateOnly)})
	}
	// Only the last table always has rows.
	for _, table := range [][][]string{orders, queues, notified} {
		if len(table) == 1 {
			continue
		}
		if err := o.printTable(append(table, nil)); err != nil {
			return err
		}
	}
	return o.printTable(remains)
}
