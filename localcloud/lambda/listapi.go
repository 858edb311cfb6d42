package lambda

import (
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

// page returns the page of a list that a request names.
func page[T any](all []T, query url.Values, maximum int) ([]T, string, error) {
	size, err := maximum, error(nil)
	if text := query.Get("MaxItems"); text != "" {
		if size, err = strconv.Atoi(text); err != nil {
			return nil, "", unsupportedParameter("MaxItems", text)
		}
	}
	return wire.Page(all, query.Get("Marker"), new(min(size, maximum)), maximum)
}

func (c calls) listFunctions(r *http.Request, _ []byte) (wire.Answer, error) {
	query, err := c.list(r, "ListFunctions")
	if err != nil {
		return wire.Answer{}, err
	}
	c.service.mu.Lock()
	all := slices.SortedFunc(maps.Values(c.service.functions), func(a, b *function) int { return strings.Compare(a.Name, b.Name) })
	c.service.mu.Unlock()
	out := struct {
		Functions  []functionConfiguration
		NextMarker string `json:",omitempty"`
	}{Functions: []functionConfiguration{}}
	all, out.NextMarker, err = page(all, query, maximumFunctions)
	for _, f := range all {
		described, failed := target{f, ""}.primary().describe(f.ARN)
		if failed != nil {
			return wire.Answer{}, failed
		}
		out.Functions = append(out.Functions, described)
	}
	return answerJSON(http.StatusOK, out, err)
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
	ScalingConfig                  *scalingConfig `json:",omitempty"`
}

type scalingConfig struct{ MaximumConcurrency int }

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
		described.ScalingConfig = &scalingConfig{m.MaximumConcurrency}
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
	queue, all := query.Get("EventSourceArn"), []mappingConfiguration{}
	c.service.mu.Lock()
	for _, m := range c.service.mappings {
		if (queue == "" || queue == m.QueueARN) && (of.function == nil || of.arn() == m.FunctionARN) {
			all = append(all, m.describe())
		}
	}
	c.service.mu.Unlock()
	var out struct {
		EventSourceMappings []mappingConfiguration
		NextMarker          string `json:",omitempty"`
	}
	out.EventSourceMappings, out.NextMarker, err = page(all, query, maximumMappings)
	return answerJSON(http.StatusOK, out, err)
}

// mapping returns the operation that answers with an event source mapping, and enables
// or disables it if the request has that.
func (c calls) mapping(action string, status int) routeOperation {
	return func(r *http.Request, body []byte) (wire.Answer, error) {
		id := r.PathValue("id")
		found := c.service.mapping(id)
		if found == nil {
			return wire.Answer{}, notFound("The resource you requested does not exist.")
		}
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

// mapping returns the event source mapping with an id, or nil.
func (s *Service) mapping(id string) *mapping {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.mappings {
		if m.ID == id {
			return m
		}
	}
	return nil
}
