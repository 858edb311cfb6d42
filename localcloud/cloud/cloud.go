// Package cloud builds the engines that an assembly needs and connects them:
// which rule delivers to which target, which role may do what, and the address
// of everything.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/apidestination"
	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/cloudwatchlogs"
	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/guard"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/scheduler"
	"example.com/saga/localcloud/secretsmanager"
	"example.com/saga/localcloud/sqs"
	"example.com/saga/localcloud/wire"
	"example.com/saga/localcloud/xray"
)

// Config is what a cloud needs besides the assembly.
type Config struct {
	// Assembly is the folder of the cloud assembly, and Parameters the values of its
	// template's parameters, instead of their defaults.
	Assembly   string
	Parameters map[string]string
	Region     string
	AccountID  string
	// Port is where the AWS APIs answer; 0 is none in particular.
	Port int
	// URLPorts are the ports of function URLs, by the construct paths of the functions.
	URLPorts map[string]int
	// FirstPort is where what has no port gets one, the AWS APIs first and the function
	// URLs in the order of the template: the next port that is free. 0 is any free one.
	FirstPort int
	// DestinationURLs replace the scheme and the host of the endpoints that API
	// destinations call, by the construct path of the destination; "" is all others.
	// Those without a URL call a receiver inside.
	DestinationURLs map[string]string
	// DeliverTwice delivers every message of every queue at least twice.
	DeliverTwice bool
	// ScheduleEvery replaces the interval of every schedule, unless it is 0.
	ScheduleEvery time.Duration
	// Debug are the construct paths of the functions that run in one process without a
	// timeout. Debugged is called with the path and the id of each such process.
	Debug    []string
	Debugged func(function string, pid int)
	// Faults are the probabilities of the faults at the start.
	Faults map[fault.Name]float64
	// Seed is what faults, and the choices between the versions of an alias, are drawn from.
	Seed uint64
	// RedeliverAfter bounds how long what has failed waits for its next
	// attempt, unless it is 0.
	RedeliverAfter time.Duration
	// Latency is how much longer calls by functions take, by the service: one of
	// Latencies.
	Latency map[string]time.Duration
	Clock   func() time.Time
	// Random is where secrets and credentials come from.
	Random io.Reader
	// Observe is called for every event that a bus accepts, and must return
	// quickly.
	Observe func(bus string, e eventbridge.Event)
	// Log is called for every line that a function writes, by its construct path.
	Log func(at time.Time, function, line string)
	// Lost is called for what is lost for ever, Failed for every failed attempt of a
	// function, and DeadLetter for every message that comes to a dead-letter queue:
	// with construct paths. They must return quickly; nil ignores them.
	Lost       loss.Report
	Failed     func(loss.Failure)
	DeadLetter func(loss.DeadLetter)
	// Logger logs errors that cannot be returned to a caller.
	Logger *slog.Logger
}

// Cloud is a running stack.
type Cloud struct {
	config    Config
	assembly  *assembly.Assembly
	created   time.Time
	authority *authority
	accepted  atomic.Int64
	// awaited are the ARNs of the queues whose messages must not expire, and
	// lost counts what is lost.
	awaited map[string]bool
	lost    atomic.Int64
	// deadLetterQueues are ARNs.
	deadLetterQueues map[string]bool
	calls            *calls
	faults           *fault.Injector
	// counted has, by ARN, the events of each bus and each function, and the requests of
	// each API destination and each function URL.
	counted tally
	// logsOf is where the lines of each function go, by name. It does not change
	// once the functions are created.
	logsOf map[string]functionLogs
	// absent are the logical ids and the ARNs of the resources that could not be created.
	absent map[string]bool

	tables       *dynamodb.Service
	queues       *sqs.Service
	logs         *cloudwatchlogs.Service
	functions    *lambda.Service
	destinations *apidestination.Service
	buses        *eventbridge.Service
	schedules    *scheduler.Service
	secrets      *secretsmanager.Service
	receiver     *receiver
	traces       *xray.Service
	activity     *activity.Log

	address   string
	endpoints []endpoint
	// taken are the ports from FirstPort on that others have.
	taken   []int
	servers []*http.Server
	failed  chan error
}

// endpoint is an open listener, and what it is to serve: the URL of the function
// with the construct path, or the AWS APIs without one.
type endpoint struct {
	url      string
	listener net.Listener
	function string
}

// Start reads the assembly, builds everything in it and returns once every
// function is ready for its first event.
func Start(ctx context.Context, config Config) (_ *Cloud, err error) {
	c := &Cloud{
		config: config, created: config.Clock().UTC().Truncate(time.Millisecond), failed: make(chan error, 1),
		activity: activity.NewLog(config.Clock(), config.Logger),
		logsOf:   map[string]functionLogs{}, absent: map[string]bool{}, faults: fault.NewInjector(config.Seed, config.Faults),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.address, err = c.open("", config.Port); err != nil {
		return nil, err
	}
	if c.traces, err = xray.Start(config.Logger); err != nil {
		return nil, err
	}
	err = c.load()
	if c.assembly != nil {
		// What is refused of the template is no reason not to look for further problems.
		err = errors.Join(err, c.build()) //nolint:contextcheck // The engines live longer than the start.
	}
	if err != nil {
		return nil, err
	}
	c.serve()
	if err := c.functions.Start(ctx); err != nil {
		return nil, err
	}
	c.schedules.Start() //nolint:contextcheck // The schedules live longer than the start.
	return c, nil
}

// open listens on a port of the loopback interface.
func (c *Cloud) open(function string, port int) (string, error) {
	listener, err := c.listen(port)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("the port %d is taken: end what listens there, or choose another", port)
	}
	if err != nil {
		return "", fmt.Errorf("opening a port: %w", err)
	}
	url := "http://" + listener.Addr().String()
	c.endpoints = append(c.endpoints, endpoint{url: url, listener: listener, function: function})
	return url, nil
}

// listen listens on a port, or without one on the next from FirstPort on.
func (c *Cloud) listen(port int) (net.Listener, error) {
	if port != 0 || c.config.FirstPort == 0 {
		return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // It returns at once.
	}
	given := append(slices.Collect(maps.Values(c.config.URLPorts)), c.config.Port)
	for {
		next := c.config.FirstPort
		c.config.FirstPort++
		if slices.Contains(given, next) {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", next)) //nolint:noctx // It returns at once.
		if !errors.Is(err, syscall.EADDRINUSE) {
			return listener, err
		}
		c.taken = append(c.taken, next)
	}
}

// TakenPorts returns the ports that others had, so that addresses are not the usual ones.
func (c *Cloud) TakenPorts() []int { return c.taken }

// load resolves the assembly to the addresses of this run.
func (c *Cloud) load() error {
	var problems []error
	loaded, err := assembly.Load(c.config.Assembly, assembly.Options{
		Region:    c.config.Region,
		AccountID: c.config.AccountID,
		QueueURL:  func(name string) string { return c.address + "/" + c.config.AccountID + "/" + name },
		FunctionURL: func(function string) string {
			url, err := c.open(function, c.config.URLPorts[function])
			problems = append(problems, err)
			return url + "/"
		},
		Parameters: c.config.Parameters,
		Random:     c.config.Random,
	})
	if c.assembly = loaded; loaded != nil {
		problems = append(problems, c.checkURLPorts(), c.checkFunctions("debugged", c.config.Debug))
	}
	return errors.Join(append([]error{err}, problems...)...)
}

// checkURLPorts refuses a port for a function URL that is not in the stack.
func (c *Cloud) checkURLPorts() error {
	hasURL := map[string]bool{}
	for resource := range assembly.Of[assembly.Function](c.assembly) {
		hasURL[resource.Path] = false
	}
	for _, url := range assembly.Of[assembly.URL](c.assembly) {
		hasURL[url.Function] = true
	}
	var problems []error
	for _, function := range slices.Sorted(maps.Keys(c.config.URLPorts)) {
		switch has, exists := hasURL[function]; {
		case !exists:
			problems = append(problems, fmt.Errorf("there is no function %s to have a URL at port %d", function, c.config.URLPorts[function]))
		case !has:
			problems = append(problems, fmt.Errorf("the function %s has no URL to be at port %d", function, c.config.URLPorts[function]))
		}
	}
	return errors.Join(problems...)
}

// build makes the engines and fills them, what is depended on first. Its error
// names everything that is wrong.
func (c *Cloud) build() error {
	authority, err := newAuthority(c.assembly, c.config.AccountID)
	c.authority, c.deadLetterQueues = authority, deadLetterQueues(c.assembly)
	c.awaited = awaitedQueues(c.assembly, c.deadLetterQueues)
	c.calls = &calls{authority: authority, latency: c.config.Latency}
	c.newEngines()
	return errors.Join(
		err,
		create(c, c.createTable),
		create(c, c.createQueue),
		create(c, c.createLogGroup),
		c.createFunctions(),
		create(c, c.createVersion),
		create(c, c.createAlias),
		each(c.assembly, c.checkURL),
		each(c.assembly, c.createMapping),
		create(c, c.createSecret),
		c.createDestinations(),
		create(c, c.createBus),
		create(c, c.createArchive),
		each(c.assembly, c.createRule),
		each(c.assembly, c.createSchedule),
	)
}

func (c *Cloud) serve() {
	for _, endpoint := range c.endpoints {
		handler := c.api()
		if endpoint.function != "" {
			handler = c.functionURL(endpoint.function)
		}
		server := guard.NewServer(handler, c.config.Logger)
		c.servers = append(c.servers, server)
		go func() {
			if err := server.Serve(endpoint.listener); !errors.Is(err, http.ErrServerClosed) {
				select {
				case c.failed <- fmt.Errorf("serving %s: %w", endpoint.url, err):
				default:
				}
			}
		}()
	}
}

// api returns the handler at the one address of the AWS APIs. What is not signed can
// be a page of the local cloud itself.
func (c *Cloud) api() http.Handler {
	apis, own := wire.Handler(c.calls.wrap(c.withFaults(c.services()...))...), http.NewServeMux()
	own.Handle("/", apis)
	own.HandleFunc("GET /usage", c.showUsage)
	own.HandleFunc("GET /idle", c.showIdle)
	own.HandleFunc("GET /traces", c.showTraces)
	own.HandleFunc("GET /traces/{id}", c.showTrace)
	own.Handle("GET /activity", c.activity)
	own.HandleFunc("GET /faults", c.showFaults)
	own.HandleFunc("PUT /faults", c.changeFaults)
	own.HandleFunc("POST /resume", c.resume)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case wire.IsSigned(r):
			apis.ServeHTTP(w, r)
		case isDelivery(r): // The mux would redirect a path such as /a//b, and the receiver takes any.
			c.receiver.ServeHTTP(w, r)
		default:
			own.ServeHTTP(w, r)
		}
	})
}

func (c *Cloud) services() []wire.Service {
	events := c.buses.API()
	maps.Copy(events.Operations, c.destinations.Operations())
	return []wire.Service{
		c.tables.API(), c.queues.API(), events, c.logs.API(), c.secrets.API(), c.functions.API(c.authority.authorize), c.stackAPI(), c.callerAPI(),
	}
}

// Failed returns the error of a server that has ended by itself.
func (c *Cloud) Failed() <-chan error { return c.failed }

// Idle reports whether nothing is pending anywhere. Messages in queues that no
// function polls do not count: they wait for a person.
func (c *Cloud) Idle() bool {
	// Work flows from the schedules and the buses on. If no event was accepted while looking
	// down the stream, none has slipped past.
	before := c.accepted.Load()
	return c.schedules.Idle() && c.buses.Idle() && c.polledQueuesEmpty() && c.functions.Idle() && c.accepted.Load() == before
}

// AwaitIdle waits until nothing is pending.
func (c *Cloud) AwaitIdle(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !c.Idle() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the cloud is still busy: %w", context.Cause(ctx))
		}
	}
	return nil
}

// Close ends all deliveries, every process and the servers.
func (c *Cloud) Close() error {
	var problems []error
	if c.buses != nil {
		c.schedules.Close()
		c.buses.Close()
		problems = append(problems, c.functions.Close())
	}
	if c.traces != nil {
		problems = append(problems, c.traces.Close())
	}
	for _, server := range c.servers {
		problems = append(problems, server.Close())
	}
	if len(c.servers) == 0 {
		for _, endpoint := range c.endpoints {
			problems = append(problems, endpoint.listener.Close())
		}
	}
	return errors.Join(problems...)
}
