package console

import (
	"errors"
	"html/template"
	"net/http"
	"slices"

	"example.com/saga/operator/dlq"
	"example.com/saga/operator/orderview"
)

// errNoAPI means that the order API requires IAM signatures.
var errNoAPI = errors.New("the order API requires IAM signatures")

// deadLettersView is what the page of the dead letters shows.
type deadLettersView struct {
	Queues []queueView
	// Hidden is how many dead letters cannot be received now.
	Hidden   int
	ReadOnly bool
	// Order is the order whose dead letters are shown, or "" for all.
	Order string
}

// queueView is the dead letters of a queue, by their reasons.
type queueView struct {
	Name   string
	Count  int
	Groups []groupView
}

// groupView is the dead letters with the same reason.
type groupView struct {
	Why string
	// Advice is what the runbook says about the reason.
	Advice  template.HTML
	Letters []letterView
}

type letterView struct {
	dlq.DeadLetter

	Age string
}

func (c *Console) deadLettersPage(r *http.Request) (page, error) {
	all := c.letters.all()
	view := deadLettersView{Hidden: max(c.letters.total()-len(all), 0), ReadOnly: c.ReadOnly, Order: r.FormValue("order")}
	for _, letter := range all {
		if view.Order == "" || letter.Event.Order == view.Order {
			view.add(letterView{letter, orderview.Span(c.Clock().Sub(letter.Sent))}, c.Advise)
		}
	}
	return page{template: "dlq", title: "Dead letters", body: view}, nil
}

// add puts a dead letter to those of its queue with the same reason.
func (v *deadLettersView) add(letter letterView, advise func(reason string) template.HTML) {
	q := slices.IndexFunc(v.Queues, func(q queueView) bool { return q.Name == letter.Queue })
	if q < 0 {
		q = len(v.Queues)
		v.Queues = append(v.Queues, queueView{Name: letter.Queue})
	}
	queue := &v.Queues[q]
	queue.Count++
	g := slices.IndexFunc(queue.Groups, func(g groupView) bool { return g.Why == letter.Why() })
	if g < 0 {
		g = len(queue.Groups)
		queue.Groups = append(queue.Groups, groupView{Why: letter.Why(), Advice: advise(letter.Reason)})
	}
	queue.Groups[g].Letters = append(queue.Groups[g].Letters, letter)
}

// redrive sends the dead letter with an id in the form to its original destination, or
// all of the queue.
func (c *Console) redrive(r *http.Request) (outcome, error) {
	queue, dryRun := r.FormValue("queue"), r.FormValue("dry-run") != ""
	results, err := c.DeadLetters.Redrive(r.Context(), queue, r.FormValue("id"), dryRun)
	if dryRun {
		return outcome{Text: "Dry run, nothing is changed:", DeadLetters: results}, err
	}
	c.letters.outdate(queue)
	return outcome{Text: "Redriven from " + queue + ":", DeadLetters: results}, err
}

// discard deletes the dead letter with an id in the form.
func (c *Console) discard(r *http.Request) (outcome, error) {
	queue, id := r.FormValue("queue"), r.FormValue("id")
	if id == "" {
		return outcome{}, errors.New("name the dead letter to discard")
	}
	results, err := c.DeadLetters.Discard(r.Context(), queue, id)
	c.letters.outdate(queue)
	return outcome{Text: "Discarded from " + queue + ":", DeadLetters: results}, err
}
