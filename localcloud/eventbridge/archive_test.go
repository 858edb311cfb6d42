package eventbridge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/eventbridge"
)

const archiveARN = "arn:aws:events:eu-west-1:111122223333:archive/all"

// archivedEvent is a service with an archive of the global bus and the rules.
func archivedEvent(t *testing.T, c eventbridge.Config, rules ...eventbridge.Rule) *eventbridge.Service {
	t.Helper()
	service := start(t, c, rules...)
	if err := service.CreateArchive(eventbridge.Archive{Name: "all", ARN: archiveARN, BusARN: globalARN}); err != nil {
		t.Fatal(err)
	}
	return service
}

// replayOf is a replay of all that the archive has.
func replayOf(name string, rules ...string) *eventbridge.StartReplayInput {
	return &eventbridge.StartReplayInput{
		ReplayName: name, EventSourceArn: archiveARN, EventStartTime: 1, EventEndTime: 1e10,
		Destination: eventbridge.ReplayDestination{Arn: globalARN, FilterArns: rules},
	}
}

func replay(t *testing.T, service *eventbridge.Service, in *eventbridge.StartReplayInput) {
	t.Helper()
	out, err := service.StartReplay(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if out.State != "STARTING" {
		t.Errorf("the replay starts as %s", out.State)
	}
	synctest.Wait()
}

// named is a rule on a bus with a target of its own.
func named(name, busARN, pattern, target string) eventbridge.Rule {
	return eventbridge.Rule{
		Name: name, ARN: "arn:aws:events:eu-west-1:111122223333:rule/" + name, BusARN: busARN, Pattern: json.RawMessage(pattern), Enabled: true,
		Targets: []eventbridge.Target{{ID: "one", ARN: target, RoleARN: roleARN}},
	}
}

func TestAReplayBringsTheSameEventsWithItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := &inbox{}
		service := archivedEvent(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		publish(t, service, `{"n":1}`)
		time.Sleep(time.Hour)
		publish(t, service, `{"n":2}`)
		replay(t, service, replayOf("again"))
		got := queue.deliveries()
		if len(got) != 4 {
			t.Fatalf("%d deliveries, want 2 and 2 again", len(got))
		}
		for i, first := range got[:2] {
			want := strings.Replace(string(first.Body), `"resources"`, `"replay-name":"again","resources"`, 1)
			if diff := cmp.Diff(want, string(got[i+2].Body)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestAReplayIsForTheRulesThatItNames(t *testing.T) {
	for name, c := range map[string]struct {
		rules, want []string
	}{
		"all":                      {nil, []string{"other", "queue"}},
		"one":                      {[]string{"queue"}, []string{"queue"}},
		"one to another bus":       {[]string{"forward"}, []string{"other"}},
		"one that wants no replay": {[]string{"first"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := &inbox{}
				service := archivedEvent(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil),
					named("queue", globalARN, everything, queueARN+"/queue"),
					named("first", globalARN, `{"replay-name":[{"exists":false}]}`, queueARN+"/first"),
					named("forward", globalARN, everything, otherARN),
					named("other", otherARN, `{"replay-name":["again"]}`, queueARN+"/other"))
				publish(t, service, `{}`)
				synctest.Wait()
				before := len(queue.deliveries())
				var filter []string
				for _, rule := range c.rules {
					filter = append(filter, "arn:aws:events:eu-west-1:111122223333:rule/"+rule)
				}
				replay(t, service, replayOf("again", filter...))
				var got []string
				for _, d := range queue.deliveries()[before:] {
					got = append(got, d.Target[strings.LastIndex(d.Target, "/")+1:])
				}
				slices.Sort(got)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestWhatIsReplayedIsNotArchivedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := archivedEvent(t, config(nil, nil), named("forward", globalARN, everything, otherARN))
		if err := service.CreateArchive(eventbridge.Archive{Name: "other", ARN: strings.Replace(archiveARN, "all", "other", 1), BusARN: otherARN}); err != nil {
			t.Fatal(err)
		}
		publish(t, service, `{}`)
		replay(t, service, replayOf("once"))
		replay(t, service, replayOf("twice"))
		for _, name := range []string{"all", "other"} {
			if got := describe(t, service, name).EventCount; got != 1 {
				t.Errorf("the archive %s has %d events", name, got)
			}
		}
	})
}

func describe(t *testing.T, service *eventbridge.Service, name string) *eventbridge.DescribeArchiveOutput {
	t.Helper()
	out, err := service.DescribeArchive(t.Context(), &eventbridge.DescribeArchiveInput{ArchiveName: name})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnArchiveKeepsWhatMatchesItsPatternForItsRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := &inbox{}
		service := start(t, config(map[string]eventbridge.Deliverer{"sqs": queue}, nil), allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		if err := service.CreateArchive(eventbridge.Archive{
			Name: "all", ARN: archiveARN, BusARN: globalARN, Pattern: json.RawMessage(`{"detail":{"keep":[true]}}`), Retention: 24 * time.Hour,
		}); err != nil {
			t.Fatal(err)
		}
		publish(t, service, `{"keep":true,"n":1}`)
		publish(t, service, `{"keep":false}`)
		time.Sleep(23 * time.Hour)
		publish(t, service, `{"keep":true,"n":2}`)
		if got := describe(t, service, "all"); got.EventCount != 2 || got.RetentionDays != 1 {
			t.Errorf("the archive is %+v", got)
		}
		time.Sleep(2 * time.Hour)
		replay(t, service, replayOf("again"))
		if got := queue.deliveries(); len(got) != 4 || !strings.Contains(string(got[3].Body), `"n":2`) {
			t.Errorf("%d deliveries: %+v", len(got), got)
		}
		time.Sleep(24 * time.Hour)
		if got := describe(t, service, "all").EventCount; got != 0 {
			t.Errorf("after their retention %d events are there", got)
		}
	})
}

func TestAFullArchiveDropsItsOldestEventsAndLogsItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue, log := &inbox{}, &bytes.Buffer{}
		c := config(map[string]eventbridge.Deliverer{"sqs": queue}, nil)
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		one := string(enveloped(t, c, `{"n":0}`))
		c.ArchiveBytes = 2*len(one) + 1
		service := archivedEvent(t, c, allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		for n := range 5 {
			publish(t, service, fmt.Sprintf(`{"n":%d}`, n))
		}
		synctest.Wait()
		replay(t, service, replayOf("again"))
		var got []string
		for _, d := range queue.deliveries()[5:] {
			got = append(got, string(d.Event.Detail))
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{`{"n":3}`, `{"n":4}`}, got); diff != "" {
			t.Error(diff)
		}
		if said := strings.Count(log.String(), "an archive is full"); said != 1 || !strings.Contains(log.String(), "archive=all") {
			t.Errorf("it is logged %d times: %s", said, log)
		}
	})
}

// enveloped is an event as it is delivered.
func enveloped(t *testing.T, c eventbridge.Config, detail string) []byte {
	t.Helper()
	queue := &inbox{}
	c.Deliverers = map[string]eventbridge.Deliverer{"sqs": queue}
	publish(t, start(t, c, allTo(eventbridge.Target{ID: "one", ARN: queueARN})), detail)
	synctest.Wait()
	return queue.deliveries()[0].Body
}

// A replay goes through its time minute by minute. Its end is not part of it.
func TestAReplayIsOfATimeMinuteByMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := &inbox{}
		c := config(map[string]eventbridge.Deliverer{"sqs": queue}, nil)
		c.Random = descending(100)
		service := archivedEvent(t, c, allTo(eventbridge.Target{ID: "one", ARN: queueARN}))
		began := time.Now().Truncate(time.Minute).Add(time.Minute)
		for n, seconds := range []int{0, 59, 60, 10, 119, 120} {
			at := float64(began.Add(time.Duration(seconds) * time.Second).Unix())
			if _, err := service.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventbridge.PutEventsEntry{{
				Source: "order", DetailType: "order.placed", Detail: new(fmt.Sprint(`{"n":`, n, `}`)), EventBusName: new("global"), Time: &at,
			}}}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		in := replayOf("again")
		in.EventStartTime, in.EventEndTime = float64(began.Unix()), float64(began.Unix()+120)
		replay(t, service, in)
		var order []string
		for _, d := range queue.deliveries()[6:] {
			order = append(order, string(d.Event.Detail))
		}
		want := []string{`{"n":3}`, `{"n":1}`, `{"n":0}`, `{"n":4}`, `{"n":2}`}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Error(diff)
		}
		out, err := service.DescribeReplay(t.Context(), &eventbridge.DescribeReplayInput{ReplayName: "again"})
		if err != nil || out.State != "COMPLETED" || out.EventLastReplayedTime != in.EventStartTime+60 {
			t.Errorf("the replay is %+v, %v", out, err)
		}
	})
}

// descending returns ever smaller numbers.
func descending(n int) func() float64 {
	return func() float64 {
		n--
		return float64(n) / 100
	}
}

func TestAServiceIsNotIdleWhileItReplays(t *testing.T) {
	held := make(chan struct{})
	c := config(nil, nil)
	c.Random = func() float64 { <-held; return 0 }
	service := archivedEvent(t, c)
	publish(t, service, `{}`)
	if _, err := service.StartReplay(t.Context(), replayOf("again")); err != nil {
		t.Fatal(err)
	}
	if service.Idle() {
		t.Error("the service is idle")
	}
	close(held)
	for !service.Idle() {
		time.Sleep(time.Millisecond)
	}
}

func TestAnInvalidReplayIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*awseventbridge.StartReplayInput)
		code, message string
	}{
		"a bad name":            {func(in *awseventbridge.StartReplayInput) { in.ReplayName = aws.String("a b") }, "ValidationException", `the replay name "a b" must match`},
		"no such archive":       {func(in *awseventbridge.StartReplayInput) { in.EventSourceArn = aws.String(archiveARN + "-gone") }, "ValidationException", "Parameter EventSourceArn is not valid. Reason: Archive all-gone does not exist."},
		"an end before it all":  {func(in *awseventbridge.StartReplayInput) { in.EventEndTime = in.EventStartTime }, "ValidationException", "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."},
		"no such bus":           {func(in *awseventbridge.StartReplayInput) { in.Destination.Arn = aws.String(globalARN + "-gone") }, "ResourceNotFoundException", "Event bus global-gone does not exist."},
		"another bus":           {func(in *awseventbridge.StartReplayInput) { in.Destination.Arn = aws.String(otherARN) }, "ValidationException", "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."},
		"no such rule":          {func(in *awseventbridge.StartReplayInput) { in.Destination.FilterArns = []string{ruleARN + "-gone"} }, "ValidationException", "Parameter Destination.FilterArns is not valid. Reason: Rule " + ruleARN + "-gone does not exist on the event bus."},
		"a name that was taken": {func(in *awseventbridge.StartReplayInput) { in.ReplayName = aws.String("taken") }, "ResourceAlreadyExistsException", "Replay taken already exists."},
	} {
		t.Run(name, func(t *testing.T) {
			service := archivedEvent(t, config(nil, nil))
			if _, err := service.StartReplay(t.Context(), replayOf("taken")); err != nil {
				t.Fatal(err)
			}
			in := &awseventbridge.StartReplayInput{
				ReplayName: aws.String("again"), EventSourceArn: aws.String(archiveARN), Destination: &types.ReplayDestination{Arn: aws.String(globalARN)},
				EventStartTime: aws.Time(time.Unix(1, 0)), EventEndTime: aws.Time(time.Unix(2, 0)),
			}
			c.change(in)
			_, err := client(t, service).StartReplay(t.Context(), in)
			if codeOf(err) != c.code || !strings.Contains(err.Error(), c.message) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestTenReplaysAtOnceAreTheMost(t *testing.T) {
	held := make(chan struct{})
	c := config(nil, nil)
	c.Random = func() float64 { <-held; return 0 }
	service := archivedEvent(t, c)
	defer close(held)
	publish(t, service, `{}`)
	for n := range 11 {
		_, err := service.StartReplay(t.Context(), replayOf(fmt.Sprint("replay-", n)))
		if (err == nil) != (n < 10) || (n == 10 && !strings.Contains(err.Error(), "LimitExceededException")) {
			t.Errorf("replay %d: %v", n, err)
		}
	}
}

func TestAnInvalidArchiveIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		archive eventbridge.Archive
		want    string
	}{
		"no such bus":       {eventbridge.Archive{Name: "one", BusARN: globalARN + "-gone"}, "Event bus global-gone does not exist."},
		"a bad pattern":     {eventbridge.Archive{Name: "one", BusARN: globalARN, Pattern: json.RawMessage(`[]`)}, "InvalidEventPatternException"},
		"a name it already": {eventbridge.Archive{Name: "all", BusARN: globalARN}, "Archive all already exists."},
	} {
		service := archivedEvent(t, config(nil, nil))
		if err := service.CreateArchive(c.archive); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestArchivesReplaysAndRulesAreDescribedAsAWSDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := archivedEvent(t, config(nil, nil), allTo())
		replay(t, service, replayOf("again", ruleARN))
		archive := describe(t, service, "all")
		if archive.ArchiveArn != archiveARN || archive.EventSourceArn != globalARN || archive.State != "ENABLED" {
			t.Errorf("the archive is %+v", archive)
		}
		rule, err := service.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: "all", EventBusName: new("global")})
		if diff := cmp.Diff(&eventbridge.DescribeRuleOutput{Name: "all", Arn: ruleARN, EventBusName: "global", EventPattern: everything, State: "ENABLED"}, rule); diff != "" || err != nil {
			t.Error(diff, err)
		}
		got, err := service.DescribeReplay(t.Context(), &eventbridge.DescribeReplayInput{ReplayName: "again"})
		if err != nil || got.ReplayArn != strings.Replace(archiveARN, "archive/all", "replay/again", 1) || !slices.Equal(got.Destination.FilterArns, []string{ruleARN}) {
			t.Errorf("the replay is %+v, %v", got, err)
		}
	})
	service := start(t, config(nil, nil))
	api := client(t, service)
	if _, err := api.DescribeArchive(t.Context(), &awseventbridge.DescribeArchiveInput{ArchiveName: aws.String("x")}); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("an archive that is not there: %v", err)
	}
	if _, err := api.DescribeReplay(t.Context(), &awseventbridge.DescribeReplayInput{ReplayName: aws.String("x")}); codeOf(err) != "ResourceNotFoundException" {
		t.Errorf("a replay that is not there: %v", err)
	}
}
