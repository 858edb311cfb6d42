package cloudwatchlogs_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudwatchlogs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/cloudwatchlogs"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/wire"
)

const group = "/aws/events/all"

// noon is when the tests take place.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func start(t *testing.T, config cloudwatchlogs.Config) (*cloudwatchlogs.Service, *awscloudwatchlogs.Client) {
	t.Helper()
	config.Account, config.Region = "111122223333", "eu-west-1"
	if config.Clock == nil {
		config.Clock = noon
	}
	service := cloudwatchlogs.New(config)
	if err := service.Create(group, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(wire.Handler(service.API()))
	t.Cleanup(server.Close)
	return service, awscloudwatchlogs.New(awscloudwatchlogs.Options{
		Region: "eu-west-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
	})
}

// put logs messages, one a second from noon on, by turns to the streams.
func put(t *testing.T, service *cloudwatchlogs.Service, streams []string, messages ...string) {
	t.Helper()
	for i, message := range messages {
		if err := service.Put(group, streams[i%len(streams)], noon().Add(time.Duration(i)*time.Second), message); err != nil {
			t.Fatal(err)
		}
	}
}

func codeOf(err error) string {
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return ""
	}
	return failure.ErrorCode()
}

func filtered(out *awscloudwatchlogs.FilterLogEventsOutput) []string {
	messages := []string{}
	for _, event := range out.Events {
		messages = append(messages, *event.LogStreamName+": "+*event.Message)
	}
	return messages
}

func TestWhatFilterLogEventsFinds(t *testing.T) {
	second := func(n int) *int64 { return aws.Int64(noon().Add(time.Duration(n) * time.Second).UnixMilli()) }
	tests := []struct {
		rule  string
		given awscloudwatchlogs.FilterLogEventsInput
		want  []string
	}{
		{"everything, in the order of time", awscloudwatchlogs.FilterLogEventsInput{}, []string{"a: one", "b: two", "a: three", `b: say "four"`}},
		{"from a time on", awscloudwatchlogs.FilterLogEventsInput{StartTime: second(2)}, []string{"a: three", `b: say "four"`}},
		{"up to a time, which is included", awscloudwatchlogs.FilterLogEventsInput{EndTime: second(1)}, []string{"a: one", "b: two"}},
		{"of some streams", awscloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"b"}}, []string{"b: two", `b: say "four"`}},
		{"of streams with a prefix", awscloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("a")}, []string{"a: one", "a: three"}},
		{"with a term", awscloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("t")}, []string{"b: two", "a: three"}},
		{"with a term in another case", awscloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("T")}, []string{}},
		{"with a quoted text", awscloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String(`"say \"f"`)}, []string{`b: say "four"`}},
		{"by the group's ARN", awscloudwatchlogs.FilterLogEventsInput{
			LogGroupIdentifier: aws.String("arn:aws:logs:eu-west-1:111122223333:log-group:" + group), EndTime: second(0),
		}, []string{"a: one"}},
	}
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a", "b"}, "one", "two", "three", `say "four"`)
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if test.given.LogGroupIdentifier == nil {
				test.given.LogGroupName = aws.String(group)
			}
			out, err := client.FilterLogEvents(t.Context(), &test.given)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, filtered(out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilterLogEventsIsReadPageByPage(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	var messages []string
	for i := range 7 {
		messages = append(messages, fmt.Sprint(i))
	}
	put(t, service, []string{"a"}, messages...)
	pages := awscloudwatchlogs.NewFilterLogEventsPaginator(client, &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group), Limit: aws.Int32(3)})
	var got []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) > 3 {
			t.Errorf("a page has %d events", len(page.Events))
		}
		for _, event := range page.Events {
			got = append(got, *event.Message)
		}
	}
	if diff := cmp.Diff(messages, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPageHoldsOneMebibyte(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	half := strings.Repeat("x", 1<<19)
	put(t, service, []string{"a"}, half, half, half)
	out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Events) != 2 || out.NextToken == nil {
		t.Errorf("the page has %d events, want 2 and a token", len(out.Events))
	}
}

func read(t *testing.T, client *awscloudwatchlogs.Client, token *string, fromHead bool) (messages string, out *awscloudwatchlogs.GetLogEventsOutput) {
	t.Helper()
	out, err := client.GetLogEvents(t.Context(), &awscloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(group), LogStreamName: aws.String("a"), Limit: aws.Int32(2), NextToken: token, StartFromHead: &fromHead,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range out.Events {
		messages += *event.Message
	}
	return messages, out
}

func TestAStreamIsReadFromItsHead(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a"}, "1", "2", "3")
	first, page := read(t, client, nil, true)
	second, page := read(t, client, page.NextForwardToken, true)
	third, last := read(t, client, page.NextForwardToken, true)
	if first != "12" || second != "3" || third != "" {
		t.Errorf("the pages are %q, %q and %q", first, second, third)
	}
	if *last.NextForwardToken != *page.NextForwardToken {
		t.Error("the token at the end has changed")
	}
	back, _ := read(t, client, page.NextBackwardToken, true)
	if back != "12" {
		t.Errorf("the page before the second is %q", back)
	}
	if err := service.Put(group, "a", noon().Add(time.Minute), "4"); err != nil {
		t.Fatal(err)
	}
	if later, _ := read(t, client, last.NextForwardToken, true); later != "4" {
		t.Errorf("the next page has %q after a new event, want 4", later)
	}
}

func TestAStreamIsReadFromItsTail(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a"}, "1", "2", "3")
	first, page := read(t, client, nil, false)
	second, page := read(t, client, page.NextBackwardToken, false)
	third, last := read(t, client, page.NextBackwardToken, false)
	if first != "23" || second != "1" || third != "" {
		t.Errorf("the pages are %q, %q and %q", first, second, third)
	}
	if *last.NextBackwardToken != *page.NextBackwardToken {
		t.Error("the token at the end has changed")
	}
}

func TestAStreamReadTooEarlyIsFollowedFromItsBeginning(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{EventsPerGroup: 1})
	put(t, service, []string{"a"}, "1")
	if err := service.Put(group, "b", noon().Add(time.Second), "pushes the first one out"); err != nil {
		t.Fatal(err)
	}
	nothing, page := read(t, client, nil, false)
	put(t, service, []string{"a"}, "1", "2", "3")
	something, _ := read(t, client, page.NextForwardToken, false)
	if nothing != "" || something == "" {
		t.Errorf("the pages are %q and %q", nothing, something)
	}
}

func TestGetLogEventsLeavesTheEndOut(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a"}, "1", "2", "3")
	out, err := client.GetLogEvents(t.Context(), &awscloudwatchlogs.GetLogEventsInput{
		LogGroupIdentifier: aws.String(group), LogStreamName: aws.String("a"),
		StartTime: aws.Int64(noon().Add(time.Second).UnixMilli()), EndTime: aws.Int64(noon().Add(2 * time.Second).UnixMilli()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Events) != 1 || *out.Events[0].Message != "2" || *out.Events[0].IngestionTime != noon().UnixMilli() {
		t.Errorf("found %d events", len(out.Events))
	}
}

func TestGroupsAndStreamsAreDescribed(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	if err := service.Create("/aws/lambda/worker", 0); err != nil {
		t.Fatal(err)
	}
	put(t, service, []string{"b", "a", "c"}, "1", "2", "3")
	groups, err := client.DescribeLogGroups(t.Context(), &awscloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(1)})
	if err != nil {
		t.Fatal(err)
	}
	if len(groups.LogGroups) != 1 || *groups.LogGroups[0].LogGroupName != group || *groups.LogGroups[0].RetentionInDays != 1 || groups.NextToken == nil {
		t.Errorf("the first page of groups is %+v", groups)
	}
	groups, err = client.DescribeLogGroups(t.Context(), &awscloudwatchlogs.DescribeLogGroupsInput{NextToken: groups.NextToken})
	if err != nil || len(groups.LogGroups) != 1 || groups.LogGroups[0].RetentionInDays != nil {
		t.Errorf("the second page of groups is %+v, %v", groups, err)
	}
	for order, want := range map[types.OrderBy]string{types.OrderByLogStreamName: "cba", types.OrderByLastEventTime: "cab"} {
		var names string
		var token *string
		for names == "" || token != nil {
			streams, err := client.DescribeLogStreams(t.Context(), &awscloudwatchlogs.DescribeLogStreamsInput{
				LogGroupName: aws.String(group), OrderBy: order, Descending: aws.Bool(true), Limit: aws.Int32(2), NextToken: token,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, each := range streams.LogStreams {
				names += *each.LogStreamName
			}
			token = streams.NextToken
		}
		if names != want {
			t.Errorf("by %s the streams are %s, want %s", order, names, want)
		}
	}
}

func TestAGroupKeepsItsNewestEvents(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{EventsPerGroup: 2})
	put(t, service, []string{"a"}, "1", "2", "3", "4")
	out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a: 3", "a: 4"}, filtered(out)); diff != "" {
		t.Error(diff)
	}
}

func TestAGroupKeepsItsNewestBytes(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{BytesPerGroup: 4 << 20})
	message := strings.Repeat("x", 1<<20)
	for range 6 {
		put(t, service, []string{"a"}, message)
	}
	kept := 0
	pages := awscloudwatchlogs.NewFilterLogEventsPaginator(client, &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept += len(page.Events)
	}
	if kept != 4 {
		t.Errorf("%d events are kept, want 4", kept)
	}
}

func TestEventsAreForgottenAfterTheRetention(t *testing.T) {
	now := noon()
	service, client := start(t, cloudwatchlogs.Config{Clock: func() time.Time { return now }})
	put(t, service, []string{"a"}, "1", "2")
	now = noon().Add(24*time.Hour + 500*time.Millisecond)
	out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a: 2"}, filtered(out)); diff != "" {
		t.Error(diff)
	}
	if err := service.Put(group, "a", noon(), "too old"); err == nil {
		t.Error("an event older than the retention was taken")
	}
}

func TestWhatIsRefused(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a"}, "1")
	filter := func(change func(*awscloudwatchlogs.FilterLogEventsInput)) error {
		in := &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)}
		change(in)
		_, err := client.FilterLogEvents(t.Context(), in)
		return err
	}
	pattern := func(text string) error {
		return filter(func(in *awscloudwatchlogs.FilterLogEventsInput) { in.FilterPattern = &text })
	}
	_, noStream := client.GetLogEvents(t.Context(), &awscloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String("z")})
	_, badToken := client.GetLogEvents(t.Context(), &awscloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String("a"), NextToken: aws.String("x")})
	_, badOrder := client.DescribeLogStreams(t.Context(), &awscloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String(group), OrderBy: "Size"})
	tests := []struct {
		rule, code, named string
		err               error
	}{
		{"a group that does not exist", "ResourceNotFoundException", "log group", filter(func(in *awscloudwatchlogs.FilterLogEventsInput) { in.LogGroupName = aws.String("none") })},
		{"a stream that does not exist", "ResourceNotFoundException", "log stream", filter(func(in *awscloudwatchlogs.FilterLogEventsInput) { in.LogStreamNames = []string{"z"} })},
		{"a stream to read that does not exist", "ResourceNotFoundException", "log stream", noStream},
		{"streams and a prefix", "InvalidParameterException", "LogStreamNamePrefix", filter(func(in *awscloudwatchlogs.FilterLogEventsInput) {
			in.LogStreamNames, in.LogStreamNamePrefix = []string{"a"}, aws.String("a")
		})},
		{"a limit of 0", "InvalidParameterException", "limit", filter(func(in *awscloudwatchlogs.FilterLogEventsInput) { in.Limit = aws.Int32(0) })},
		{"a token that is none", "InvalidParameterException", "nextToken", filter(func(in *awscloudwatchlogs.FilterLogEventsInput) { in.NextToken = aws.String("x") })},
		{"a token to read on that is none", "InvalidParameterException", "nextToken", badToken},
		{"an order that is none", "InvalidParameterException", "Size", badOrder},
		{"a JSON pattern with a regular expression", "InvalidParameterException", "{ $.a = %b% }", pattern("{ $.a = %b% }")},
		{"a JSON pattern without a selector", "InvalidParameterException", "{ a = 1 }", pattern("{ a = 1 }")},
		{"a JSON pattern that compares texts by size", "InvalidParameterException", "{ $.a > b }", pattern("{ $.a > b }")},
		{"a JSON pattern that does not end", "InvalidParameterException", "{ ($.a = 1 }", pattern("{ ($.a = 1 }")},
		{"a JSON pattern without an operator", "InvalidParameterException", "{ $.a }", pattern("{ $.a }")},
		{"a JSON pattern with two conditions side by side", "InvalidParameterException", "{ $.a = 1 $.b = 2 }", pattern("{ $.a = 1 $.b = 2 }")},
		{"several terms", "InvalidParameterException", "a b", pattern("a b")},
		{"an excluded term", "InvalidParameterException", "-a", pattern("-a")},
		{"an optional term", "InvalidParameterException", "?a", pattern("?a")},
		{"a regular expression", "InvalidParameterException", "%a%", pattern("%a%")},
		{"a quote that does not end", "InvalidParameterException", `"a`, pattern(`"a`)},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if codeOf(test.err) != test.code || !strings.Contains(test.err.Error(), test.named) {
				t.Errorf("the error is %v, want %s that names %s", test.err, test.code, test.named)
			}
		})
	}
	if err := service.Put("none", "a", noon(), "x"); err == nil {
		t.Error("a group that does not exist took an event")
	}
	if err := service.Put(group, "a", noon(), ""); err == nil {
		t.Error("an empty message was taken")
	}
	if err := service.Create(group, 0); err == nil {
		t.Error("a group was created twice")
	}
}

func TestTheCallerMustBeAllowedToRead(t *testing.T) {
	var asked string
	service, client := start(t, cloudwatchlogs.Config{Authorize: func(_ context.Context, action, resource string, _ map[string][]string) error {
		asked = action + " " + resource
		return wire.Errorf("AccessDeniedException", "no")
	}})
	put(t, service, []string{"a"}, "1")
	_, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	if want := "logs:FilterLogEvents arn:aws:logs:eu-west-1:111122223333:log-group:" + group + ":*"; codeOf(err) != "AccessDeniedException" || asked != want {
		t.Errorf("asked for %s, the error is %v", asked, err)
	}
}

func TestARuleLogsEvents(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	for _, suffix := range []string{"", ":*"} {
		err := service.Deliver(t.Context(), eventbridge.Delivery{
			Rule:   "arn:aws:events:eu-west-1:111122223333:rule/global/all",
			Target: "arn:aws:logs:eu-west-1:111122223333:log-group:" + group + suffix,
			Body:   []byte(`{"id":"1"}`), Event: eventbridge.Event{Time: noon()},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`all: {"id":"1"}`, `all: {"id":"1"}`}, filtered(out)); diff != "" {
		t.Error(diff)
	}
	if *out.Events[0].Timestamp != noon().UnixMilli() {
		t.Errorf("the time is %d", *out.Events[0].Timestamp)
	}
	var failure *eventbridge.DeliveryError
	err = service.Deliver(t.Context(), eventbridge.Delivery{Target: "arn:aws:logs:eu-west-1:111122223333:log-group:none"})
	if !errors.As(err, &failure) || failure.Code != "NO_RESOURCE" || failure.Retryable {
		t.Errorf("the error is %v, want NO_RESOURCE", err)
	}
}

func TestWhatWasIngestedCountsDroppedEventsToo(t *testing.T) {
	service, _ := start(t, cloudwatchlogs.Config{EventsPerGroup: 1})
	put(t, service, []string{"a"}, "one", "three")
	if got, want := service.Ingested(group), (cloudwatchlogs.Ingested{Events: 2, Bytes: 8}); got != want {
		t.Errorf("ingested is %+v, want %+v", got, want)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
func TestAJSONPatternComparesMembers(t *testing.T) {
	service, client := start(t, cloudwatchlogs.Config{})
	put(t, service, []string{"a"}, "level ERROR",
		`{"level":"ERROR","took":250,"address":"123.123.7.9","ok":false,"none":null,"user":{"id":1,"mail":["a@x","b@x"]},"a.b":"c"}`)
	for pattern, want := range map[string]bool{
		`{ $.level = "ERROR" }`:                                  true,
		`{$.level=ERROR}`:                                        true,
		`{ $.level = "error" }`:                                  false,
		`{ $.level = "ERR*" }`:                                   true,
		`{ $.level = *RO* }`:                                     true,
		`{ $.level != "ERROR" }`:                                 false,
		`{ $.level != "WARN" }`:                                  true,
		`{ $.address != 123.123.* }`:                             false,
		`{ $.took = 250 }`:                                       true,
		`{ $.took = 2.5e2 }`:                                     true,
		`{ $.took != 250 }`:                                      false,
		`{ $.took > 249 && $.took < 251 }`:                       true,
		`{ $.took >= 251 || $.took <= 249 }`:                     false,
		`{ $.level > 1 }`:                                        false,
		`{ $.ok IS FALSE }`:                                      true,
		`{ $.ok IS TRUE }`:                                       false,
		`{ $.none IS NULL }`:                                     true,
		`{ $.missing IS NULL }`:                                  false,
		`{ $.missing NOT EXISTS }`:                               true,
		`{ $.none NOT EXISTS }`:                                  false,
		`{ $.missing != "x" }`:                                   false,
		`{ $.level = "*" }`:                                      true,
		`{ $.user.id = 1 }`:                                      true,
		`{ $.user.mail[1] = "b@x" }`:                             true,
		`{ $.user.mail[2] NOT EXISTS }`:                          true,
		`{ $.user = "*" }`:                                       false,
		`{ $['a.b'] = "c" }`:                                     true,
		`{ $.took = 1 && $.took = 2 || $.took = 250 }`:           true,
		`{ $.took = 1 && ($.took = 2 || $.took = 250) }`:         false,
		`{ ($.took = 250) && (($.level = W*) || $.ok = false) }`: true,
	} {
		out, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(group), FilterPattern: &pattern})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if got := len(out.Events) == 1; got != want {
			t.Errorf("%s matches: %v, want %v", pattern, got, want)
		}
	}
}
