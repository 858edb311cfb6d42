package capacity

import (
	"time"

	"example.com/saga/acceptance/cost"
	"example.com/saga/pkg/contract"
)

const (
	busType         = "AWS::Events::EventBus"
	destinationType = "AWS::Events::ApiDestination"
	queueType       = "AWS::SQS::Queue"
	functionType    = "AWS::Lambda::Function"
)

// order is an order on its way.
type order struct {
	phase        int
	begun, ended time.Duration
	// sent is when order.placed was last put into the queue of the warehouse, published
	// when the sweeper or the API last published it.
	sent, published time.Duration
	// committed and announced have the bits of the works that are committed, and whose
	// event is published.
	committed, announced uint32
	sku                  *item
}

// message is an event at one of its consumers.
type message struct {
	order    *order
	event    string
	receives int
}

// saga is a running simulation.
type saga struct {
	*engine
	latencies
	Model

	works      map[string]map[string]work
	routes     map[string]map[string][]func(message)
	functions  map[string]*function
	tables     map[string]*table
	openOrders []*partition
	skus       []*item
	// unreserved are the orders that the warehouse may not have reacted to.
	unreserved                          []*order
	putEvents, invocations, destination rate

	use cost.Use
	Result
}

func newSaga(m Model, s Settings, seed uint64) *saga {
	saga := &saga{
		engine: newEngine(seed), latencies: usualLatencies(), Model: m, works: works(),
		routes: make(map[string]map[string][]func(message)), functions: make(map[string]*function), tables: make(map[string]*table),
		putEvents: perSecond(s.PutEvents), invocations: perSecond(s.Invocations), destination: perSecond(s.Destination), use: make(cost.Use),
	}
	saga.addFunctions(s)
	for service := range saga.works {
		saga.tables[service] = newTable(s.Warm[service], s.Tables)
	}
	for range s.OpenOrders {
		saga.openOrders = append(saga.openOrders, newPartition())
	}
	for range s.SKUs {
		saga.skus = append(saga.skus, &item{partition: newPartition()})
	}
	saga.addRoutes(s)
	return saga
}

func (s *saga) addFunctions(settings Settings) {
	pool := &account{unreserved: int(settings.Concurrency)}
	for id, properties := range s.Stack.functions {
		f := &function{account: pool, memory: properties.memory, scale: rate{perSecond: scaling / scalingPeriod.Seconds(), burst: scalingPeriod}}
		if properties.reserved > 0 {
			f.reserved = int(settings.Workers[properties.service])
			pool.unreserved -= f.reserved
		}
		if settings.Busy {
			f.environments = int(settings.Concurrency)
		}
		s.functions[id] = f
	}
}

// addRoutes connects the buses to what their rules send events to.
func (s *saga) addRoutes(settings Settings) {
	queues := make(map[string]*queue)
	for _, m := range s.Stack.mappings {
		service := s.Stack.functions[m.function].service
		if s.works[service] == nil {
			continue // Its deliveries are counted, and nothing follows from them.
		}
		limit := min(settings.Workers[service], maximumPollers)
		pollers := min(limit, initialPollers)
		if settings.Busy {
			pollers = limit
		}
		queues[m.queue] = &queue{
			function: s.functions[m.function], service: service, fifo: m.fifo, batch: m.batch, window: m.window,
			limit: limit, pollers: pollers, sends: perSecond(settings.FIFO),
		}
	}
	buses := map[string]bool{s.Stack.archived: true}
	for _, r := range s.Stack.rules {
		buses[r.bus] = true
	}
	for bus := range buses {
		s.routes[bus] = make(map[string][]func(message))
		for _, event := range path() {
			if bus == s.Stack.archived {
				s.routes[bus][event] = append(s.routes[bus][event], nil)
			}
			for _, r := range s.Stack.matching(bus, event) {
				s.routes[bus][event] = append(s.routes[bus][event], s.route(r, queues[r.target]))
			}
		}
	}
}

// route returns the delivery to the target of a rule: nil if nothing follows from it.
func (s *saga) route(r rule, q *queue) func(message) {
	switch {
	case r.kind == busType:
		return func(m message) { s.accept(r.target, m) }
	case r.kind == destinationType:
		return s.notify
	case r.kind == functionType && s.works[s.Stack.functions[r.target].service] != nil:
		return func(m message) {
			s.invokeDirectly(s.functions[r.target], s.Stack.functions[r.target].service, m, s.now)
		}
	case r.kind == queueType && q != nil:
		return func(m message) { s.enqueue(q, m) }
	}
	return nil
}

// accept sends an event that a bus has accepted to its targets. A target beyond the quota
// waits.
func (s *saga) accept(bus string, m message) {
	s.use[cost.BusChunks]++
	for _, deliver := range s.routes[bus][m.event] {
		wait := s.invocations.wait(s.now, 1)
		if deliver != nil {
			s.after(wait+s.sample(s.deliver), func() { deliver(m) })
		}
	}
}

// notify sends the end of an order to the notification endpoint.
func (s *saga) notify(m message) {
	s.use[cost.Notifications]++
	s.after(s.destination.wait(s.now, 1), func() {
		if m.order.ended == 0 {
			m.order.ended = s.now
			s.end(m.order)
		}
	})
}

// place is a request of a customer, who repeats it after an error.
func (s *saga) place(o *order, attempt int) {
	again := func() {
		s.Errors++
		if attempt == clientAttempts {
			s.Refused++
			s.left[o.phase]--
			return
		}
		s.after(clientFirstWait<<(attempt-1), func() { s.place(o, attempt+1) })
	}
	w := placing()
	started := s.invoke(s.functions[s.Stack.api], w.calls(1), func(end func()) {
		s.write(contract.SourceOrder, w, o, func(written bool) {
			if !written {
				end()
				again()
				return
			}
			s.Accepted++
			s.unreserved = append(s.unreserved, o)
			o.published = s.now
			s.publish(s.Stack.archived, []message{{order: o, event: w.publishes}}, func([]message) { end() })
		})
	})
	if !started {
		again()
	}
}

// sweep publishes order.placed again for orders without a reaction of the warehouse.
func (s *saga) sweep() {
	reserved := s.works[contract.SourceWarehouse][path()[0]].bit
	waiting := s.unreserved[:0]
	var again []message
	for _, o := range s.unreserved {
		if o.committed&reserved != 0 {
			continue
		}
		waiting = append(waiting, o)
	}
	s.unreserved = waiting
	for i, first := 0, s.IntN(len(waiting)+1); i < len(waiting) && len(again) < sweepRepublish; i++ {
		if o := waiting[(first+i)%len(waiting)]; s.now-o.begun >= republishAfter {
			again = append(again, message{order: o, event: path()[0]})
		}
	}
	s.Republished += len(again)
	s.publish(s.Stack.archived, again, func([]message) {})
}

// publish calls PutEvents for up to ten events at a time, and then done with those that
// were not accepted.
func (s *saga) publish(bus string, events []message, done func(rejected []message)) {
	calls := (len(events) + eventsOfCall - 1) / eventsOfCall
	if calls == 0 {
		done(nil)
		return
	}
	var rejected []message
	for n := range calls {
		some := events[n*eventsOfCall : min((n+1)*eventsOfCall, len(events))]
		s.call("events:PutEvents", s.latencies.putEvents, func() bool { return s.putEvents.take(s.now, 1) }, func(accepted bool) {
			for _, m := range some {
				if accepted {
					s.accept(bus, m)
				} else {
					rejected = append(rejected, m)
				}
			}
			if calls--; calls == 0 {
				done(rejected)
			}
		})
	}
}

// call makes a call as the SDK does, which repeats it while it is throttled.
func (s *saga) call(name cost.Quantity, l Latency, allowed func() bool, done func(bool)) {
	s.attempt(name, l, allowed, 1, done)
}

func (s *saga) attempt(name cost.Quantity, l Latency, allowed func() bool, attempt int, done func(bool)) {
	s.use[name]++
	s.after(s.sample(l), func() {
		if allowed() {
			done(true)
			return
		}
		s.Throttled++
		if attempt == sdkAttempts {
			done(false)
			return
		}
		pause := time.Duration(s.Float64() * float64(time.Second<<(attempt-1)))
		s.after(pause, func() { s.attempt(name, l, allowed, attempt+1, done) })
	})
}

// write writes the record of an order, and what has to be written with it.
func (s *saga) write(service string, w work, o *order, done func(bool)) {
	if w.transaction {
		s.transact(service, w, o, 1, done)
		return
	}
	s.call("dynamodb:PutItem", s.latencies.write, func() bool {
		// An index that is throttled throttles the writes of its table.
		if service == contract.SourceOrder && w.indexed > 0 && !s.openOrders[s.IntN(len(s.openOrders))].writes.take(s.now, w.indexed) {
			return false
		}
		return s.take(service, w)
	}, done)
}

// take uses the write units of a work.
func (s *saga) take(service string, w work) bool {
	taken := s.tables[service].take(s.now, w.units)
	if taken {
		s.use[cost.WriteUnits] += w.units + w.indexed
	}
	return taken
}

// transact writes the record and the stock of the SKU. Two transactions on one item that
// overlap are in conflict, and the later one is tried again.
func (s *saga) transact(service string, w work, o *order, attempt int, done func(bool)) {
	took := s.sample(s.latencies.transact)
	if o.sku.busyUntil > s.now {
		s.Conflicts++
		s.use["dynamodb:TransactWriteItems"]++
		s.after(took, func() {
			if attempt == sagaAttempts {
				done(false)
				return
			}
			pause := time.Duration(s.Float64() * float64(5*time.Millisecond<<attempt))
			s.after(pause, func() { s.transact(service, w, o, attempt+1, done) })
		})
		return
	}
	o.sku.busyUntil = s.now + took
	s.call("dynamodb:TransactWriteItems", Latency{took, took}, func() bool {
		return o.sku.partition.writes.take(s.now, w.units/2) && s.take(service, w)
	}, done)
}
