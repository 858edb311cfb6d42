package main

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"example.com/saga/operator/activity"
	"example.com/saga/operator/audit"
	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/console"
	"example.com/saga/operator/envelope"
	"example.com/saga/operator/evidence"
	"example.com/saga/operator/faults"
	"example.com/saga/operator/logs"
	"example.com/saga/operator/orderapi"
	"example.com/saga/operator/orderlist"
	"example.com/saga/operator/orderview"
	"example.com/saga/operator/replay"
	"example.com/saga/operator/runbook"
	"example.com/saga/operator/stack"
	"example.com/saga/operator/watch"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/keyring"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/order/httpapi"
	"example.com/saga/services/order/orderid"
)

// pollEvery is how often the console polls at least. In AWS a poll costs a request for each
// dead-letter queue, and a read of each order that has not ended.
const pollEvery = 3 * time.Second

// saga is the saga that a console shows.
type saga struct {
	operator

	in     stack.Stack
	config aws.Config
	logger *slog.Logger
}

// newConsole makes the console of a saga.
func (s saga) newConsole(ctx context.Context, name string, write bool) (*console.Console, error) {
	table, err := s.ordersTable()
	if err != nil {
		return nil, err
	}
	loader, err := orderview.NewLoader(s.config, s.in, s.clock)
	if err != nil {
		return nil, err
	}
	api, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	advice, err := runbook.DeadLetters()
	if err != nil {
		return nil, err
	}
	config := console.Config{
		Stack: name, ReadOnly: !s.in.Local() && !write, API: api,
		Orders: orderlist.New(table, s.clock), Follow: s.follow, Load: loader.Load, FindOrder: s.findOrder, Replay: s.replayOrder,
		DeadLetters: s.deadLetters(),
		TraceURL:    traceURL(s.config.Region),
		Advise:      func(reason string) template.HTML { return runbook.For(advice, reason) },
		Audit:       s.runAudit, Catalogue: s.catalogue, Live: s.live, Recent: s.recent,
		Every: pollEvery, Clock: s.clock, Logger: s.logger,
	}
	if s.in.Local() {
		config.Stack, config.Spans = s.in.Buses[globalBus], s.spans
		config.Activity = &activity.Client{URL: s.in.ActivityURL}
		config.Faults = &faults.Client{URL: s.in.FaultsURL, UsageURL: s.in.UsageURL}
	}
	return console.New(config)
}

// traceURL returns where AWS's console shows the trace with the id that follows.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-console-deeplinks.html
func traceURL(region string) string {
	return "https://console.aws.amazon.com/xray/home?region=" + url.QueryEscape(region) + "#/traces/"
}

// ordersTable is the table of the order context.
type ordersTable struct {
	*dynamo.Store

	scan func(context.Context, func(participant.Record)) error
}

// ScanRecords implements orderlist.Table.
func (t ordersTable) ScanRecords(ctx context.Context, each func(participant.Record)) error {
	return t.scan(ctx, each)
}

func (s saga) ordersTable() (ordersTable, error) {
	name, err := s.in.Table(contract.SourceOrder)
	if err != nil {
		return ordersTable{}, err
	}
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	client := dynamodb.NewFromConfig(s.config)
	return ordersTable{dynamo.NewStore(client, name, vocabulary), func(ctx context.Context, each func(participant.Record)) error {
		return dynamo.ScanRecords(ctx, client, name, vocabulary, each)
	}}, err
}

// api returns a client of the order API, or nil if that requires IAM signatures.
func (s saga) api(ctx context.Context) (*orderapi.Client, error) {
	address, err := orderapi.FindURL(ctx, lambda.NewFromConfig(s.config), s.in)
	if err != nil || address == "" {
		return nil, err
	}
	secrets, name := secretsmanager.NewFromConfig(s.config), s.in.Secrets[orderSecret]
	keys := keyring.Reader{Clock: s.clock, Logger: s.logger, Fetch: func(ctx context.Context) (string, error) {
		out, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			return "", err
		}
		return aws.ToString(out.SecretString), nil
	}}
	return &orderapi.Client{URL: address, Token: func(ctx context.Context, orderID string) (string, error) {
		current, err := keys.Keys(ctx)
		if err != nil {
			return "", err
		}
		return orderid.Token(current.Active, orderID), nil
	}}, nil
}

// follow follows the event log.
func (s saga) follow(ctx context.Context, ready func(), show func(message string)) error {
	group, err := s.in.EventLog()
	if err != nil {
		return err
	}
	log := watch.Log{Client: cloudwatchlogs.NewFromConfig(s.config), Group: group, Clock: s.clock}
	return log.Follow(ctx, ready, func(message string) error {
		show(message)
		return nil
	})
}

// mostRecent is how many messages recent returns.
const mostRecent = 10

// recent returns the last messages of the last hour in the event log that contain a text.
func (s saga) recent(ctx context.Context, text string) (messages []string, err error) {
	group, err := s.in.EventLog()
	if err != nil {
		return nil, err
	}
	query := logs.Query{Group: group, Text: text, From: s.clock().Add(-time.Hour)}
	err = logs.Read(ctx, cloudwatchlogs.NewFromConfig(s.config), query, func(logged types.FilteredLogEvent) {
		messages = append(messages, aws.ToString(logged.Message))
		messages = messages[max(len(messages)-mostRecent, 0):]
	})
	return messages, err
}

// findOrder returns the order of an event in the event log that mentions a text, or "".
func (s saga) findOrder(ctx context.Context, text string) (found string, err error) {
	group, err := s.in.EventLog()
	if err != nil {
		return "", err
	}
	err = logs.Read(ctx, cloudwatchlogs.NewFromConfig(s.config), logs.Query{Group: group, Text: text}, func(logged types.FilteredLogEvent) {
		e, _, err := envelope.Parse(aws.ToString(logged.Message))
		if err == nil && (e.ID == text || e.CorrelationID == text || isOfTrace(e.TraceParent, text)) {
			found = e.Subject
		}
	})
	return found, err
}

// isOfTrace reports whether a traceparent (W3C Trace Context) is of a trace.
func isOfTrace(traceParent, id string) bool {
	const begin, end = 3, 35
	return len(traceParent) > end && traceParent[begin:end] == id
}

// replayOrder sends the events of an order to a context again.
func (s saga) replayOrder(ctx context.Context, order, to string) ([]console.Outcome, error) {
	destination, err := replay.Find(ctx, eventbridge.NewFromConfig(s.config), s.in, to)
	if err != nil {
		return nil, err
	}
	what := replayed{to: to, order: order}
	if err := what.checkErased(ctx, dynamodb.NewFromConfig(s.config), s.in); err != nil {
		return nil, err
	}
	outcomes, err := deliverOrder(ctx, s.config, s.in, destination, what)
	return shownOutcomes(outcomes, false), err
}

// runAudit checks the invariants.
func (s saga) runAudit(ctx context.Context) (console.AuditResult, error) {
	collected, err := evidence.Collect(ctx, s.config, s.in)
	if err != nil {
		return console.AuditResult{}, err
	}
	language, err := contract.NewLanguage()
	if err != nil {
		return console.AuditResult{}, err
	}
	violations, err := audit.Audit(language, collected)
	result := console.AuditResult{Orders: len(collected.Tables[contract.SourceOrder].Records), Events: len(collected.Published)}
	for _, violation := range violations {
		result.Violations = append(result.Violations, violation.String())
	}
	return result, err
}

// catalogue makes the pages about events and the order API.
func (s saga) catalogue(ctx context.Context) (catalogue.Pages, error) {
	template, err := stack.Template(ctx, cloudformation.NewFromConfig(s.config), s.in.Name)
	if err != nil {
		return catalogue.Pages{}, err
	}
	events, err := catalogue.New(template)
	if err != nil {
		return catalogue.Pages{}, err
	}
	return catalogue.NewPages(events, httpapi.OpenAPI(), "")
}

// spans reads the spans of a trace from the local cloud, whose traces are those of X-Ray.
func (s saga) spans(ctx context.Context, trace string) (spans []console.Span, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.in.TracesURL+"/"+trace, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode == http.StatusNotFound {
		return nil, nil // It was dropped, or not sampled.
	}
	var found struct {
		Segments []struct {
			Name, ID    string
			Parent      string  `json:"parent_id"`
			Start       float64 `json:"start_time"`
			End         float64 `json:"end_time"`
			Fault       bool
			Annotations struct{ Operation string }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return nil, err
	}
	for _, each := range found.Segments {
		spans = append(spans, console.Span{
			Name: each.Name, Operation: each.Annotations.Operation,
			Start: seconds(each.Start), End: seconds(max(each.Start, each.End)), Fault: each.Fault,
		})
	}
	return spans, nil
}

// seconds returns a time as X-Ray has it.
func seconds(since1970 float64) time.Time { return time.UnixMicro(int64(since1970 * 1e6)) }
