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
	Groups []groupView
	// Hidden is how many dead letters cannot be received now.
	Hidden   int
	Total    int
	ReadOnly bool
}

// groupView is the dead letters of a queue with the same reason.
type groupView struct {
	Queue, Why string
	// Advice is what the runbook says about the reason.
	Advice  template.HTML
	Letters []letterView
}

type letterView struct {
	dlq.DeadLetter

	Age string
}

func (c *Console) deadLettersPage(r *http.Request) (page, error) {
	order := r.FormValue("order")
	all := c.letters.all()
	view := deadLettersView{Total: c.letters.total(), ReadOnly: c.ReadOnly}
	view.Hidden = max(view.Total-len(all), 0)
	for _, letter := range all {
		if order != "" && letter.Event.Order != order {
			continue
		}
		shown := letterView{letter, orderview.Span(c.Clock().Sub(letter.Sent))}
		i := slices.IndexFunc(view.Groups, func(g groupView) bool { return g.Queue == letter.Queue && g.Why == letter.Why() })
		if i < 0 {
			i = len(view.Groups)
			view.Groups = append(view.Groups, groupView{Queue: letter.Queue, Why: letter.Why(), Advice: c.Advise(letter.Reason)})
		}
		view.Groups[i].Letters = append(view.Groups[i].Letters, shown)
	}
	return page{template: "dlq", title: "Dead letters", body: view}, nil
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
