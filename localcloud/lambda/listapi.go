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

// The most that is on a page, also if a request allows more.
//   - https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
//   - https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
const (
	maximumFunctions = 50
	maximumMappings  = 100
	maximumItems     = 10_000
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

// page returns the page that a request for a list names.
func page[T any](list []T, query url.Values, maximum int) ([]T, string, error) {
	size := maximum
	if text := query.Get("MaxItems"); text != "" {
		given, err := strconv.Atoi(text)
		if err != nil || given < 1 || given > maximumItems {
			return nil, "", invalidParameter("MaxItems must be a number between 1 and %d, not %s", maximumItems, text)
		}
		size = min(given, maximum)
	}
	return wire.Page(list, query.Get("Marker"), &size, maximum)
}

func (c calls) listFunctions(r *http.Request, _ []byte) (wire.Answer, error) {
	query, err := parameters(r, "FunctionVersion", "Marker", "MaxItems")
	if err == nil {
		err = c.authorize.Check(r.Context(), "lambda:ListFunctions", "*", nil)
	}
	if err != nil {
		return wire.Answer{}, err
	}
	all := query.Get("FunctionVersion")
	if all != "" && all != "ALL" {
		return wire.Answer{}, unsupportedParameter("FunctionVersion", all)
	}
	var found []*pool
	for _, f := range c.service.byName() {
		if versions := f.versions(); all == "" {
			found = append(found, versions[0])
		} else {
			found = append(found, versions...)
		}
	}
	list := struct {
		Functions  []functionConfiguration
		NextMarker string `json:",omitempty"`
	}{Functions: []functionConfiguration{}}
	if found, list.NextMarker, err = page(found, query, maximumFunctions); err != nil {
		return wire.Answer{}, err
	}
	for _, p := range found {
		arn := p.function.ARN
		if all != "" {
			arn += ":" + p.version
		}
		described, err := p.describe(arn)
		if err != nil {
			return wire.Answer{}, err
		}
		list.Functions = append(list.Functions, described)
	}
	return answerJSON(http.StatusOK, list, nil)
}

// byName returns the functions in the order of their names.
func (s *Service) byName() []*function {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.functions), func(a, b *function) int { return strings.Compare(a.Name, b.Name) })
}

// getFunction answers GetFunction. The location of the code is its folder.
func (c calls) getFunction(r *http.Request, _ []byte) (wire.Answer, error) {
	t, err := c.find(r, "lambda:GetFunction")
	if err != nil {
		return wire.Answer{}, err
	}
	out := struct {
		Configuration functionConfiguration
		Code          struct{ Location string }
	}{}
	p := t.primary()
	out.Code.Location = (&url.URL{Scheme: "file", Path: p.code.bootstrap}).String()
	out.Configuration, err = p.describe(t.arn())
	return answerJSON(http.StatusOK, out, err)
}

func (c calls) listAliases(r *http.Request, _ []byte) (wire.Answer, error) {
	f, err := c.function(r, "lambda:ListAliases")
	if err != nil {
		return wire.Answer{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := struct{ Aliases []aliasConfiguration }{[]aliasConfiguration{}}
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		list.Aliases = append(list.Aliases, f.aliases[name].describe(f))
	}
	return answerJSON(http.StatusOK, list, nil)
}

// mappingConfiguration is an event source mapping as the API has it.
type mappingConfiguration struct {
	UUID                           string
	EventSourceArn                 string
	FunctionArn                    string
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string
	ScalingConfig                  *scalingConfig `json:",omitempty"`
	State                          string
}

type scalingConfig struct{ MaximumConcurrency int }

func (e *EventSource) describe() mappingConfiguration {
	described := mappingConfiguration{
		UUID: e.ID, EventSourceArn: e.QueueARN, FunctionArn: e.FunctionARN, BatchSize: e.BatchSize,
		MaximumBatchingWindowInSeconds: int(e.BatchingWindow / time.Second), FunctionResponseTypes: []string{}, State: "Enabled",
	}
	if e.ReportBatchItemFailures {
		described.FunctionResponseTypes = append(described.FunctionResponseTypes, "ReportBatchItemFailures")
	}
	if e.MaximumConcurrency > 0 {
		described.ScalingConfig = &scalingConfig{e.MaximumConcurrency}
	}
	return described
}

// listMappings answers ListEventSourceMappings: for a queue, for exactly what a
// function's name with or without a qualifier leads to, or for all.
func (c calls) listMappings(r *http.Request, _ []byte) (wire.Answer, error) {
	query, err := parameters(r, "EventSourceArn", "FunctionName", "Marker", "MaxItems")
	if err == nil {
		err = c.authorize.Check(r.Context(), "lambda:ListEventSourceMappings", "*", nil)
	}
	var of target
	if name := query.Get("FunctionName"); err == nil && name != "" {
		of, err = c.service.named(name, "")
	}
	if err != nil {
		return wire.Answer{}, err
	}
	list := struct {
		EventSourceMappings []mappingConfiguration
		NextMarker          string `json:",omitempty"`
	}{EventSourceMappings: []mappingConfiguration{}}
	for _, m := range c.service.sources() {
		queue := query.Get("EventSourceArn")
		if (queue == "" || queue == m.EventSourceArn) && (of.function == nil || of.arn() == m.FunctionArn) {
			list.EventSourceMappings = append(list.EventSourceMappings, m)
		}
	}
	list.EventSourceMappings, list.NextMarker, err = page(list.EventSourceMappings, query, maximumMappings)
	return answerJSON(http.StatusOK, list, err)
}

// sources describes the event source mappings in their order.
func (s *Service) sources() []mappingConfiguration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []mappingConfiguration
	for _, m := range s.mappings {
		all = append(all, m.describe())
	}
	return all
}
