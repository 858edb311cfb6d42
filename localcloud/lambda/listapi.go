package lambda

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// What is on a page at most, also if a request allows more.
//   - https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
//   - https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
const (
	maximumFunctions = 50
	maximumMappings  = 100
)

// parameters returns those of a request, and refuses any other than the given ones.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	query := r.URL.Query()
	for _, parameter := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, parameter) {
			return nil, unsupportedParameter(parameter, query.Get(parameter))
		}
	}
	return query, nil
}

// list returns the parameters of a request for a list, if the caller may list all.
func (c calls) list(r *http.Request, action string, known ...string) (url.Values, error) {
	query, err := parameters(r, append(known, "Marker", "MaxItems")...)
	if err != nil {
		return nil, err
	}
	return query, c.allow(r, action, "*")
}

// answerPage answers with the page of a list that a request names, in a member.
func answerPage[T any](member string, all []T, describe func(T) (any, error), query url.Values, maximum int) (wire.Answer, error) {
	size := maximum
	if text := query.Get("MaxItems"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil {
			return wire.Answer{}, unsupportedParameter("MaxItems", text)
		}
	}
	page, next, err := wire.Page(all, query.Get("Marker"), new(min(size, maximum)), maximum)
	described := make([]any, len(page))
	for i, one := range page {
		var failed error
		described[i], failed = describe(one)
		err = cmp.Or(err, failed)
	}
	out := map[string]any{member: described}
	if next != "" {
		out["NextMarker"] = next
	}
	return answerJSON(http.StatusOK, out, err)
}

func (c calls) listFunctions(r *http.Request, _ []byte) (wire.Answer, error) {
	query, err := c.list(r, "ListFunctions")
	if err != nil {
		return wire.Answer{}, err
	}
	c.service.mu.Lock()
	all := slices.SortedFunc(maps.Values(c.service.functions), func(a, b *function) int { return strings.Compare(a.Name, b.Name) })
	c.service.mu.Unlock()
	describe := func(f *function) (any, error) { return describeConfiguration(target{f, ""}) }
	return answerPage("Functions", all, describe, query, maximumFunctions)
}

// describeFunction answers GetFunction. The code is not in S3, but in a file.
func describeFunction(t target) (any, error) {
	var out struct {
		Configuration functionConfiguration
		Code          struct{ Location string }
	}
	p := t.primary()
	out.Code.Location = (&url.URL{Scheme: "file", Path: p.current().bootstrap}).String()
	var err error
	out.Configuration, err = p.describe(t.arn())
	return out, err
}

type mappingConfiguration struct {
	UUID                           string
	EventSourceArn                 string
	FunctionArn                    string
	State                          string
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string       `json:",omitempty"`
	ScalingConfig                  map[string]int `json:",omitempty"`
}

func (m *mapping) describe() mappingConfiguration {
	described := mappingConfiguration{
		UUID: m.ID, EventSourceArn: m.QueueARN, FunctionArn: m.FunctionARN, State: "Enabled",
		BatchSize: m.BatchSize, MaximumBatchingWindowInSeconds: int(m.BatchingWindow / time.Second),
	}
	if m.snapshot().IsDisabled {
		described.State = "Disabled"
	}
	if m.ReportBatchItemFailures {
		described.FunctionResponseTypes = []string{"ReportBatchItemFailures"}
	}
	if m.MaximumConcurrency > 0 {
		described.ScalingConfig = map[string]int{"MaximumConcurrency": m.MaximumConcurrency}
	}
	return described
}

// listMappings answers ListEventSourceMappings: for a queue, for exactly what the name
// of a function leads to, or for all.
func (c calls) listMappings(r *http.Request, _ []byte) (wire.Answer, error) {
	query, err := c.list(r, "ListEventSourceMappings", "EventSourceArn", "FunctionName")
	var of target
	if name := query.Get("FunctionName"); err == nil && name != "" {
		of, err = c.service.named(name, "")
	}
	if err != nil {
		return wire.Answer{}, err
	}
	queue := query.Get("EventSourceArn")
	all := slices.DeleteFunc(c.service.allMappings(), func(m *mapping) bool {
		return queue != "" && queue != m.QueueARN || of.function != nil && of.arn() != m.FunctionARN
	})
	describe := func(m *mapping) (any, error) { return m.describe(), nil }
	return answerPage("EventSourceMappings", all, describe, query, maximumMappings)
}

// mapping returns the operation that answers with an event source mapping, and enables
// or disables it if the request has that.
func (c calls) mapping(action string, status int) routeOperation {
	return func(r *http.Request, body []byte) (wire.Answer, error) {
		id := r.PathValue("id")
		all := c.service.allMappings()
		at := slices.IndexFunc(all, func(m *mapping) bool { return m.ID == id })
		if at < 0 {
			return wire.Answer{}, notFound("The resource you requested does not exist.")
		}
		found := all[at]
		var in struct{ Enabled *bool }
		err := c.allow(r, action, strings.Replace(found.target.ARN, ":function:"+found.target.Name, ":event-source-mapping:"+id, 1))
		if err == nil {
			err = wire.Decode(body, &in)
		}
		if err == nil && in.Enabled != nil {
			found.enable(*in.Enabled)
		}
		return answerJSON(status, found.describe(), err)
	}
}
