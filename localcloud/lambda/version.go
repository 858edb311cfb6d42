package lambda

import (
	"cmp"
	"context"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"example.com/saga/localcloud/wire"
)

// latest is the version of a function that can be changed.
const latest = "$LATEST"

// function is a function with its versions and its aliases. They share its
// concurrency, and a pause holds back what is for any of them.
type function struct {
	Function

	service *Service
	config  *Config
	slots   chan struct{}
	gate    gate

	mu sync.Mutex
	// latest runs $LATEST, and published[i] the version i+1.
	latest    *pool
	published []*pool
	// replaced have run $LATEST before its code was updated.
	replaced []*pool
	aliases  map[string]Alias
	// random chooses between the two versions of an alias.
	random *rand.Rand
}

func newFunction(settings Function, from code, s *Service) *function {
	if settings.Debug {
		settings.Concurrency = 1
	}
	f := &function{
		Function: settings, service: s, config: &s.config,
		slots: make(chan struct{}, settings.Concurrency), aliases: map[string]Alias{},
	}
	sum := fnv.New64a()
	sum.Write([]byte(f.ARN)) // A hash never fails.
	f.random = rand.New(rand.NewPCG(f.config.Seed, sum.Sum64()))
	f.latest = f.newPool(latest, from)
	return f
}

func (f *function) tryReserve() bool {
	select {
	case f.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// reserve waits for a slot. If ctx is done already, it returns its error, even
// if a slot is free.
func (f *function) reserve(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case f.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *function) release() { <-f.slots }

// asRole returns a context whose calls to other services are made by the
// function's role.
func (f *function) asRole(ctx context.Context) context.Context {
	return wire.WithCaller(ctx, f.Environment["AWS_ACCESS_KEY_ID"])
}

// pools returns all pools, also of versions that are replaced.
func (f *function) pools() []*pool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Concat([]*pool{f.latest}, f.published, f.replaced)
}

// versions returns the pools of the versions that there are, $LATEST first.
func (f *function) versions() []*pool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*pool{f.latest}, f.published...)
}

// used returns the versions that the aliases lead to, or $LATEST if there is no
// alias.
func (f *function) used() []*pool {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*pool
	for _, a := range f.aliases {
		for _, version := range a.versions() {
			if p := f.version(version); !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	if len(all) == 0 {
		all = append(all, f.latest)
	}
	return all
}

// version returns the pool of a version, or nil. f.mu is locked.
func (f *function) version(version string) *pool {
	for _, p := range append([]*pool{f.latest}, f.published...) {
		if p.version == version {
			return p
		}
	}
	return nil
}

// publish makes a version of $LATEST, which must have the code with this hash unless
// it is empty. The version has what copied returns for the code. If the last version
// has the same code, that one is returned: there is nothing to publish.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (f *function) publish(sha256 string, copied func(code) (code, error)) (*pool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	newest := f.latest.current()
	if err := newest.mustBe(sha256); err != nil {
		return nil, err
	}
	if last := len(f.published) - 1; last >= 0 {
		same, err := f.published[last].current().equals(newest)
		if err != nil || same {
			return f.published[last], err
		}
	}
	own, err := copied(newest)
	if err != nil {
		return nil, err
	}
	p := f.newPool(strconv.Itoa(len(f.published)+1), own)
	f.published = append(f.published, p)
	return p, nil
}

// update replaces the code of $LATEST. What runs ends with the old code.
func (f *function) update(to code) *pool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.latest
	f.latest = f.newPool(latest, to)
	f.replaced = append(f.replaced, old)
	return old
}

// target is what an ARN or a name leads to: a function, one of its versions or
// one of its aliases.
type target struct {
	*function
	// qualifier is empty for the function itself.
	qualifier string
}

// arn is the ARN that invocations of the target have.
func (t target) arn() string {
	if t.qualifier == "" {
		return t.ARN
	}
	return t.ARN + ":" + t.qualifier
}

// choose returns the version for the next invocation. Lambda chooses one of the
// versions of an alias by probability, for each invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
func (t target) choose() *pool {
	return t.pool(func(a Alias) string { return a.choose(t.random) })
}

// primary returns the version that an alias names first, or that the target is; nil if
// there is none.
func (t target) primary() *pool { return t.pool(func(a Alias) string { return a.Version }) }

func (t target) pool(chosen func(Alias) string) *pool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a, isAlias := t.aliases[t.qualifier]; isAlias {
		return t.version(chosen(a))
	}
	return t.version(cmp.Or(t.qualifier, latest))
}

// invoke runs an invocation in a process of a version. The caller has reserved a
// slot.
func (t target) invoke(ctx context.Context, inv *invocation) Result {
	return t.choose().invoke(ctx, inv)
}

func (t target) newInvocation(ctx context.Context, payload []byte) *invocation {
	return &invocation{id: uuid.NewString(), arn: t.arn(), payload: payload, trace: t.trace(ctx, t.config.Clock()), answered: make(chan Result, 1)}
}

// retries returns how asynchronous invocations of the target are retried.
func (t target) retries() Retries { return t.Retries[cmp.Or(t.qualifier, latest)].filled() }

// SplitARN returns the ARN of a function without its qualifier, and the
// qualifier, which may be empty.
func SplitARN(arn string) (function, qualifier string) {
	const parts = 7 // arn:aws:lambda:region:account:function:name
	fields := strings.SplitN(arn, ":", parts+1)
	if len(fields) <= parts {
		return arn, ""
	}
	return strings.Join(fields[:parts], ":"), fields[parts]
}

// find returns the target with an ARN. s.mu is locked.
func (s *Service) find(arn string) (target, error) {
	name, qualifier := SplitARN(arn)
	t := target{s.functions[name], qualifier}
	if t.function == nil || t.arn() != arn || t.primary() == nil {
		return target{}, functionNotFound(arn)
	}
	return t, nil
}

func functionNotFound(name string) *wire.Error { return notFound("Function not found: " + name) }

func notFound(message string) *wire.Error {
	return &wire.Error{Code: "ResourceNotFoundException", Message: message, Status: http.StatusNotFound}
}

// Publish makes a version of a function, which runs the code in the function's
// folder, and returns its number.
func (s *Service) Publish(arn string) (string, error) {
	f := s.function(arn)
	if f == nil {
		return "", functionNotFound(arn)
	}
	p, err := f.publish("", func(own code) (code, error) { return own, nil })
	if err != nil {
		return "", err
	}
	return p.version, nil
}
