package capacity

import (
	"slices"
	"time"

	"example.com/saga/acceptance/cost"
)

// invoke runs a function, which computes for its calls of AWS and then runs the rest until
// it calls end. It returns false if it is throttled.
func (s *saga) invoke(f *function, calls float64, run func(end func())) bool {
	cold, started := f.start(s.now)
	if !started {
		s.FunctionThrottles++
		return false
	}
	s.use[cost.Invocations]++
	delay := s.Measured.compute(calls, f.memory)
	if cold {
		delay += s.sample(s.coldStart)
	}
	began := s.now
	s.after(delay, func() {
		run(func() {
			f.end()
			s.use[cost.GBSeconds] += (s.now - began).Seconds() * f.memory / 1024
		})
	})
	return true
}

// invokeDirectly delivers an event to a function. What is throttled is tried again, with
// longer and longer delays.
func (s *saga) invokeDirectly(f *function, service string, m message, since time.Duration) {
	m.receives++
	started := s.invoke(f, s.works[service][m.event].calls(1), func(end func()) {
		s.handle(service, []message{m}, func(failed []message) {
			end()
			s.retryDirectly(f, service, failed, since, time.Minute<<(m.receives-1))
		})
	})
	if !started {
		delay := min(minimumDelay<<min(m.receives-1, 10), throttledMaximum)
		s.retryDirectly(f, service, []message{m}, since, delay)
	}
}

func (s *saga) retryDirectly(f *function, service string, failed []message, since, delay time.Duration) {
	for _, m := range failed {
		if s.now+delay-since > asyncAge {
			s.DeadLetters++
			continue
		}
		s.after(delay, func() { s.invokeDirectly(f, service, m, since) })
	}
}

// enqueue puts an event into a queue. A FIFO queue drops one that it got minutes ago.
func (s *saga) enqueue(q *queue, m message) {
	requests := cost.StandardRequests
	if q.fifo {
		requests = cost.FIFORequests
		if wait := q.sends.wait(s.now, 1); wait > 0 {
			s.after(wait, func() { s.enqueue(q, m) })
			return
		}
	}
	s.use[requests]++
	if q.fifo && m.event == path()[0] {
		if m.order.sent > 0 && s.now-m.order.sent < deduplication {
			return
		}
		m.order.sent = s.now
	}
	s.queue(q, m)
}

func (s *saga) queue(q *queue, m message) {
	q.waiting = append(q.waiting, m)
	s.dispatch(q)
}

// dispatch begins as many batches as pollers are free.
func (s *saga) dispatch(q *queue) {
	q.grow(s.now)
	for q.inFlight < int(q.pollers) && q.length() > 0 {
		if q.window > 0 && q.length() < q.batch {
			s.await(q)
			return
		}
		s.receive(q)
	}
}

// await begins a batch that is not full when its window is over.
func (s *saga) await(q *queue) {
	if q.closing {
		return
	}
	q.closing = true
	s.after(q.window, func() {
		q.closing = false
		if q.inFlight < int(q.pollers) && q.length() > 0 {
			s.receive(q)
		}
		s.dispatch(q)
	})
}

func (s *saga) receive(q *queue) {
	batch := q.receive()
	q.inFlight++
	requests, most := cost.StandardRequests, 10 // messages in a receive, and in a delete
	if q.fifo {
		requests = cost.FIFORequests
	}
	s.use[requests] += 2 * float64((len(batch)+most-1)/most)
	s.after(s.sample(s.latencies.receive), func() { s.handleBatch(q, batch) })
}

// handleBatch invokes the function with a batch. A failed message is delivered again after
// a delay. Lambda tries a batch again that is throttled.
func (s *saga) handleBatch(q *queue, batch []message) {
	started := s.invoke(q.function, s.callsFor(q.service, batch), func(end func()) {
		s.handle(q.service, batch, func(failed []message) {
			end()
			q.inFlight--
			for _, m := range failed {
				s.redeliver(q, m)
			}
			s.dispatch(q)
		})
	})
	if !started {
		s.after(time.Second, func() { s.handleBatch(q, batch) })
	}
}

func (s *saga) redeliver(q *queue, m message) {
	if m.receives++; m.receives == maxReceives {
		s.DeadLetters++
		return
	}
	delay := min(minimumDelay<<(m.receives-1), maximumDelay)
	s.after(delay-time.Duration(s.Float64()*float64(delay)/2), func() { s.queue(q, m) })
}

// callsFor returns the calls of AWS about a batch, by which its computing takes time.
func (s *saga) callsFor(service string, batch []message) float64 {
	calls, published, loads := 0.0, 0, 0.0
	orders := make(map[*order]bool, len(batch))
	for _, m := range batch {
		w := s.works[service][m.event]
		if !w.begins {
			loads = 1
		}
		if w.provider {
			calls++
		}
		if w.publishes != "" {
			published++
		}
		orders[m.order] = true
	}
	return calls + loads + float64(len(orders)) + float64((published+eventsOfCall-1)/eventsOfCall)
}

// handle is the corridor of pkg/participant: load, decide, commit, publish. It calls done
// with the messages that failed.
func (s *saga) handle(service string, batch []message, done func(failed []message)) {
	loads := 0
	for _, m := range batch {
		if !s.works[service][m.event].begins {
			loads++
		}
	}
	if loads == 0 {
		s.commit(service, batch, done)
		return
	}
	name := cost.Quantity("dynamodb:GetItem")
	if loads > 1 {
		name = "dynamodb:BatchGetItem"
	}
	s.use[name]++
	s.after(s.sample(s.read), func() { s.commit(service, batch, done) })
}

// commit commits the events of each order together, and then publishes what follows.
func (s *saga) commit(service string, batch []message, done func(failed []message)) {
	groups := group(batch)
	left := len(groups)
	var failed, committed []message
	for i, messages := range groups {
		s.after(s.latencies.write.P50*time.Duration(i/parallelism), func() {
			s.commitOne(service, messages, func(written bool) {
				if written {
					committed = append(committed, messages...)
				} else {
					failed = append(failed, messages...)
				}
				if left--; left == 0 {
					s.announce(service, committed, failed, done)
				}
			})
		})
	}
}

// group returns the messages of each order, in the order of their first.
func group(batch []message) [][]message {
	at := make(map[*order]int, len(batch))
	var groups [][]message
	for _, m := range batch {
		i, known := at[m.order]
		if !known {
			i = len(groups)
			at[m.order] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], m)
	}
	return groups
}

// commitOne commits the events of one order, unless all were handled before.
func (s *saga) commitOne(service string, messages []message, done func(bool)) {
	o, all := messages[0].order, work{begins: true}
	for _, m := range messages {
		w := s.works[service][m.event]
		all.begins = all.begins && w.begins
		if o.committed&w.bit == 0 {
			all.units, all.indexed = max(all.units, w.units), max(all.indexed, w.indexed)
			all.transaction, all.provider = all.transaction || w.transaction, all.provider || w.provider
			all.bit |= w.bit
		}
	}
	if !all.begins {
		s.use[cost.ReadUnits]++
	}
	if all.bit == 0 {
		done(true)
		return
	}
	commit := func(called bool) {
		if !called {
			done(false)
			return
		}
		s.write(service, all, o, func(written bool) {
			if written {
				o.committed |= all.bit
			}
			done(written)
		})
	}
	if !all.provider {
		commit(true)
		return
	}
	s.use[cost.SandboxWriteUnits]++
	s.call(cost.SandboxCalls, s.latencies.write, func() bool { return s.tables[service].take(s.now, 1) }, commit)
}

// announce publishes what follows from committed events. One whose event was rejected has
// failed.
func (s *saga) announce(service string, committed, failed []message, done func(failed []message)) {
	var events, causes []message
	for _, m := range committed {
		w := s.works[service][m.event]
		if w.publishes != "" && m.order.announced&w.bit == 0 {
			events, causes = append(events, message{order: m.order, event: w.publishes}), append(causes, m)
		}
	}
	s.publish(s.Stack.publishes(service), events, func(rejected []message) {
		for i, cause := range causes {
			if slices.Contains(rejected, events[i]) {
				failed = append(failed, cause)
			} else {
				cause.order.announced |= s.works[service][cause.event].bit
			}
		}
		done(failed)
	})
}
