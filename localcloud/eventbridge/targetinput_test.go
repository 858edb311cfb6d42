package eventbridge_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

const sample = `{"id": "o-1", "amount": 12.50, "express": true, "none": null,
	"items": [{"sku": "a"}, {"sku": "b"}], "tags": ["ACTIVE", "INACTIVE"], "who": {"acc_id": "0a78", "sf_id": "baz"},
	"said": "say \"hi\"", "html": "<b>&</b>"}`

func transformer(template string, paths ...string) *eventbridge.InputTransformer {
	named := make(map[string]string)
	for i := 0; i < len(paths); i += 2 {
		named[paths[i]] = paths[i+1]
	}
	return &eventbridge.InputTransformer{Paths: named, Template: template}
}

func TestWhatATargetGets(t *testing.T) {
	tests := []struct {
		rule   string
		target eventbridge.Target
		want   string
	}{
		{"constant input is passed as it is", eventbridge.Target{Input: new(`{"a": 1}`)}, `{"a": 1}`},
		{"a path to an object gives the object, rewritten", eventbridge.Target{InputPath: new("$.detail.who")}, `{"acc_id":"0a78","sf_id":"baz"}`},
		{"a path to a string keeps its quotes", eventbridge.Target{InputPath: new("$.detail.id")}, `"o-1"`},
		{"a path to a number", eventbridge.Target{InputPath: new("$.detail.amount")}, `12.50`},
		{"a path into an array", eventbridge.Target{InputPath: new("$.detail.items[1].sku")}, `"b"`},
		{"a path to all elements", eventbridge.Target{InputPath: new("$.detail.items[*].sku")}, `["a","b"]`},
		{"a path to all members", eventbridge.Target{InputPath: new("$.detail.who.*")}, `["0a78","baz"]`},
		{"a path with a dash", eventbridge.Target{InputPath: new("$.detail-type")}, `"order.placed"`},
		{"markup is not escaped", eventbridge.Target{InputPath: new("$.detail.html")}, `"<b>&</b>"`},

		{
			"a variable outside of quotes is JSON",
			eventbridge.Target{Transformer: transformer(
				`{"id": <id>, "amount": <amount>, "express": <express>, "who": <who>}`,
				"id", "$.detail.id", "amount", "$.detail.amount", "express", "$.detail.express", "who", "$.detail.who")},
			`{"id":"o-1","amount":12.50,"express":true,"who":{"acc_id":"0a78","sf_id":"baz"}}`,
		},
		{
			"a variable in quotes is text",
			eventbridge.Target{Transformer: transformer(`{"say": "order <id> of <amount>, <express>"}`,
				"id", "$.detail.id", "amount", "$.detail.amount", "express", "$.detail.express")},
			`{"say":"order o-1 of 12.50, true"}`,
		},
		{
			"an object in quotes loses its quotes",
			eventbridge.Target{Transformer: transformer(`"it is <who>"`, "who", "$.detail.who")},
			`"it is {acc_id:0a78,sf_id:baz}"`,
		},
		{
			"an array in quotes loses its quotes",
			eventbridge.Target{Transformer: transformer(`"<tags>"`, "tags", "$.detail.tags")},
			`"[ACTIVE,INACTIVE]"`,
		},
		{
			"a quote in text stays escaped",
			eventbridge.Target{Transformer: transformer(`{"say": "<said>"}`, "said", "$.detail.said")},
			`{"say":"say \"hi\""}`,
		},
		{"nothing in quotes is empty", eventbridge.Target{Transformer: transformer(`{"a": "<x>!"}`, "x", "$.detail.missing")}, `{"a":"!"}`},
		{"nothing outside of quotes is an empty string", eventbridge.Target{Transformer: transformer(`{"a": <x>}`, "x", "$.detail.missing")}, `{"a":""}`},
		{"null is a value", eventbridge.Target{Transformer: transformer(`{"a": <x>}`, "x", "$.detail.none")}, `{"a":null}`},
		{"a variable may occur twice", eventbridge.Target{Transformer: transformer(`[<id>,"<id>"]`, "id", "$.detail.id")}, `["o-1","o-1"]`},
		{"several strings come out line by line", eventbridge.Target{Transformer: transformer("\"a <id>\"\n  \"b\"\n", "id", "$.detail.id")}, "\"a o-1\"\n\"b\""},
		{"a variable after an escaped quote is still in the string", eventbridge.Target{Transformer: transformer(`"\"<id>\""`, "id", "$.detail.id")}, `"\"o-1\""`},
		{
			"the rule's name and ARN",
			eventbridge.Target{Transformer: transformer(`["<aws.events.rule-name>", <aws.events.rule-arn>]`)},
			`["all","` + ruleARN + `"]`,
		},
		{"the time of ingestion", eventbridge.Target{Transformer: transformer(`{"at": <aws.events.event.ingestion-time>}`)}, `{"at":"2000-01-01T00:00:00Z"}`},
		{
			"the event without its detail",
			eventbridge.Target{Transformer: transformer(`{"e": <aws.events.event>}`)},
			`{"e":{"version":"0","id":"ID","detailType":"order.placed","source":"order","account":"111122223333","time":"2000-01-01T00:00:00Z","region":"eu-west-1","resources":[]}}`,
		},
		{"the whole event", eventbridge.Target{Transformer: transformer(`{"e": <aws.events.event.json>}`)}, `{"e":` + wholeEvent + `}`},
		{"without transformation the whole event", eventbridge.Target{}, wholeEvent},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var queue inbox
				test.target.ID, test.target.ARN = "one", queueARN
				c := config(map[string]eventbridge.Deliverer{"sqs": &queue}, nil)
				c.NewID = func() string { return "ID" }
				service := start(t, c, allTo(test.target))
				publish(t, service, sample)
				synctest.Wait()
				got := queue.deliveries()
				if len(got) != 1 {
					t.Fatalf("%d deliveries, want 1", len(got))
				}
				if string(got[0].Body) != test.want {
					t.Errorf("the target gets\n%s, want\n%s", got[0].Body, test.want)
				}
			})
		})
	}
}

const wholeEvent = `{"version":"0","id":"ID","detail-type":"order.placed","source":"order","account":"111122223333",` +
	`"time":"2000-01-01T00:00:00Z","region":"eu-west-1","resources":[],"detail":{"id":"o-1","amount":12.50,"express":true,"none":null,` +
	`"items":[{"sku":"a"},{"sku":"b"}],"tags":["ACTIVE","INACTIVE"],"who":{"acc_id":"0a78","sf_id":"baz"},` +
	`"said":"say \"hi\"","html":"<b>&</b>"}}`

func TestWhatCannotBeRenderedIsDeadLetteredAtOnce(t *testing.T) {
	tests := []struct {
		rule   string
		target eventbridge.Target
		code   string
	}{
		{"an input that is not JSON", eventbridge.Target{Transformer: transformer(`{"a": <x> <x>}`, "x", "$.detail.id")}, "INVALID_JSON"},
		{"an input path that leads nowhere", eventbridge.Target{InputPath: new("$.detail.missing")}, "INVALID_PARAMETER"},
		{"a group that is missing", eventbridge.Target{MessageGroupID: "$.detail.missing"}, "INVALID_PARAMETER"},
		{"a group that is no string", eventbridge.Target{MessageGroupID: "$.detail.amount"}, "INVALID_PARAMETER"},
		{"a group that no queue takes", eventbridge.Target{MessageGroupID: "$.detail.said"}, "INVALID_PARAMETER"},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var queue inbox
				var dead deadBox
				test.target.ID, test.target.ARN, test.target.DeadLetterARN = "one", queueARN, deadARN
				service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue}, &dead), allTo(test.target))
				publish(t, service, sample)
				synctest.Wait()
				if len(queue.deliveries()) != 0 || len(dead.got) != 1 {
					t.Fatalf("%d deliveries and %d dead letters, want 0 and 1", len(queue.deliveries()), len(dead.got))
				}
				if code := dead.got[0].Attributes["ERROR_CODE"]; code != test.code {
					t.Errorf("ERROR_CODE is %s, want %s", code, test.code)
				}
				if !service.Idle() {
					t.Error("the service is not idle")
				}
			})
		})
	}
}

func TestParametersFollowPathsIntoTheOriginalEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queue, hook inbox
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &queue, "events:api-destination": &hook}, nil), allTo(
			eventbridge.Target{ID: "path", ARN: queueARN, InputPath: new("$.detail.who"), MessageGroupID: "$.detail.id"},
			eventbridge.Target{ID: "literal", ARN: queueARN, MessageGroupID: "order-$.detail.id"},
			eventbridge.Target{ID: "hook", ARN: hookARN, RoleARN: roleARN, HTTP: &eventbridge.HTTPParameters{
				Header: map[string]string{"X-Order": "$.detail.id", "X-Fixed": "a"},
				Query:  map[string]string{"type": "$.detail-type"}, Path: []string{"$.detail.items[0].sku", "$.detail.amount", "$.detail.express"},
			}},
		))
		publish(t, service, sample)
		synctest.Wait()
		groups := map[string]bool{}
		for _, each := range queue.deliveries() {
			groups[each.GroupID] = true
		}
		if !groups["o-1"] || !groups["order-$.detail.id"] {
			t.Errorf("the groups are %v", groups)
		}
		if got := hook.deliveries(); len(got) != 1 || got[0].HTTP.Header["X-Order"] != "o-1" || got[0].HTTP.Header["X-Fixed"] != "a" ||
			got[0].HTTP.Query["type"] != "order.placed" || strings.Join(got[0].HTTP.Path, " ") != "a 12.50 true" || got[0].Role != roleARN {
			t.Errorf("the API destination gets %+v", got)
		}
	})
}

func TestWhatIsRefusedWhenARuleIsCreated(t *testing.T) {
	queue := eventbridge.Target{ID: "one", ARN: queueARN}
	with := func(change func(*eventbridge.Target)) eventbridge.Rule {
		target := queue
		change(&target)
		return allTo(target)
	}
	tests := []struct {
		rule   eventbridge.Rule
		code   string
		reason string
	}{
		{eventbridge.Rule{Name: "a", BusARN: globalARN, Pattern: []byte(`{"a":[{"regex":"x"}]}`)}, "InvalidEventPatternException", "Unrecognized match type regex"},
		{eventbridge.Rule{Name: "a", BusARN: "arn:none", Pattern: []byte(everything)}, "ResourceNotFoundException", "arn:none does not exist"},
		{allTo(queue, queue), "ValidationException", "two targets with the id one"},
		{with(func(t *eventbridge.Target) { t.ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:x" }), "ValidationException", `does not support the kind "states"`},
		{with(func(t *eventbridge.Target) { t.ARN = "nonsense" }), "ValidationException", "cannot deliver to target one, nonsense"},
		{with(func(t *eventbridge.Target) { t.ARN = otherARN }), "ValidationException", "RoleArn is required for target one."},
		{with(func(t *eventbridge.Target) { t.ARN = hookARN }), "ValidationException", "RoleArn is required for target one."},
		{with(func(t *eventbridge.Target) { t.ARN, t.RoleARN, t.InputPath = otherARN, roleARN, new("$") }), "ValidationException", "Modifying the input for target one is not supported"},
		{with(func(t *eventbridge.Target) { t.Input, t.InputPath = new("{}"), new("$") }), "ValidationException", "Only one of Input, InputPath, or InputTransformer"},
		{with(func(t *eventbridge.Target) { t.Input = new("{") }), "ValidationException", "Input of target one must be JSON"},
		{with(func(t *eventbridge.Target) { t.InputPath = new("detail") }), "ValidationException", `"detail" does not begin with $`},
		{with(func(t *eventbridge.Target) { t.InputPath = new("$..a") }), "ValidationException", `not supported from "..a" on`},
		{with(func(t *eventbridge.Target) { t.InputPath = new("$.a[?(@.b)]") }), "ValidationException", "not supported from"},
		{with(func(t *eventbridge.Target) { t.Transformer = transformer(`{"a": <b>}`) }), "ValidationException", "InputTemplate for target one contains invalid placeholder b."},
		{with(func(t *eventbridge.Target) { t.Transformer = transformer(`{"<b>": 1}`, "b", "$.a") }), "ValidationException", "in an object's key"},
		{with(func(t *eventbridge.Target) { t.Transformer = transformer(`"<aws.events.event.json>"`) }), "ValidationException", "inside a string"},
		{with(func(t *eventbridge.Target) { t.Transformer = transformer(`1`, "AWS.b", "$.a") }), "ValidationException", "invalid name AWS.b"},
		{with(func(t *eventbridge.Target) { t.ARN, t.Transformer = logsARN, transformer(`1`) }), "ValidationException", "log group target one"},
		{with(func(t *eventbridge.Target) { t.ARN, t.MessageGroupID = logsARN, "g" }), "ValidationException", "cannot have SqsParameters"},
		{with(func(t *eventbridge.Target) { t.MessageGroupID = "$..id" }), "ValidationException", `"$..id" is not supported`},
		{with(func(t *eventbridge.Target) { t.HTTP = &eventbridge.HTTPParameters{} }), "ValidationException", "cannot have HttpParameters"},
		{with(func(t *eventbridge.Target) { t.DeadLetterARN = deadARN + ".fifo" }), "ValidationException", "must be a standard queue"},
		{with(func(t *eventbridge.Target) { t.DeadLetterARN = logsARN }), "ValidationException", "must be a standard queue"},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &inbox{}, "logs": &inbox{}, "events:api-destination": &inbox{}}, &deadBox{}))
			err := service.CreateRule(test.rule)
			var refused *wire.Error
			if !errors.As(err, &refused) {
				t.Fatalf("the error is %v, want %s", err, test.code)
			}
			if refused.Code != test.code || !strings.Contains(refused.Message, test.reason) {
				t.Errorf("the error is %v, want %s with %q", refused, test.code, test.reason)
			}
		})
	}
}

func TestARuleNameIsUniqueOnItsBus(t *testing.T) {
	service := start(t, config(nil, nil), allTo())
	if err := service.CreateRule(allTo()); err == nil {
		t.Error("a second rule of the same name was created")
	}
	onOther := allTo()
	onOther.BusARN = otherARN
	if err := service.CreateRule(onOther); err != nil {
		t.Error(err)
	}
}

func TestADeadLetterQueueNeedsConfigDeadLetters(t *testing.T) {
	service := start(t, config(map[string]eventbridge.Deliverer{"sqs": &inbox{}}, nil))
	if err := service.CreateRule(allTo(eventbridge.Target{ID: "one", ARN: queueARN, DeadLetterARN: deadARN})); err == nil {
		t.Error("the rule was created")
	}
}
