package boundedcontext_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

// withSweeper adds a sweeper to the props, after a change of it.
func withSweeper(props *boundedcontext.Props, change func(*boundedcontext.Sweeper)) {
	sweeper := &boundedcontext.Sweeper{Function: props.Worker}
	sweeper.TableActions = nil
	change(sweeper)
	props.Sweeper = sweeper
}

func TestASweeperIsInvokedEachMinuteOrAtItsInterval(t *testing.T) {
	for every, want := range map[time.Duration]string{0: "rate(1 minute)", 5 * time.Minute: "rate(5 minutes)"} {
		template := synthesize(t, func(props *boundedcontext.Props) {
			withSweeper(props, func(s *boundedcontext.Sweeper) { s.Every = every })
		})
		schedules := synthtest.Properties[synthtest.Schedule](t, template, "AWS::Scheduler::Schedule")
		for id, schedule := range schedules {
			if schedule.ScheduleExpression != want || withoutHash(schedule.Target.Arn) != "LedgerSweeperLive" {
				t.Errorf("%s: %+v", id, schedule)
			}
		}
		if len(schedules) != 1 {
			t.Errorf("there are %d schedules", len(schedules))
		}
	}
}

func TestASweeperMayReadTheIndexCommitAndPublishItsEventsAndNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		actions []string
		want    []string
	}{
		"by default":                 {nil, []string{"dynamodb:GetItem", "dynamodb:PutItem"}},
		"that only publishes again":  {[]string{"GetItem"}, []string{"dynamodb:GetItem"}},
		"with adjustments of others": {[]string{"GetItem", "PutItem", "UpdateItem"}, []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}},
	} {
		t.Run(name, func(t *testing.T) {
			template := synthesize(t, func(props *boundedcontext.Props) {
				props.Untraced = true
				withSweeper(props, func(s *boundedcontext.Sweeper) {
					s.TableActions = test.actions
					s.Publishes = resource.Events{"ledger": {"ledger.booked"}}
				})
			})
			var got []string
			for id, policy := range synthtest.Properties[synthtest.Policy](t, template, "AWS::IAM::Policy") {
				if !strings.HasPrefix(id, "LedgerSweeperRole") {
					continue
				}
				for _, statement := range policy.PolicyDocument.Statement {
					for _, action := range statement.Action {
						got = append(got, string(action))
						if types := statement.Condition["ForAllValues:StringEquals"]["events:detail-type"]; action == "events:PutEvents" && !slices.Equal(types, synthtest.List{"ledger.booked"}) {
							t.Errorf("it may publish %v", types)
						}
					}
				}
			}
			slices.Sort(got)
			want := append(slices.Clone(test.want), "dynamodb:Query", "events:PutEvents", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage")
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("it may (- want, + got):\n%s", diff)
			}
		})
	}
}

func TestASweeperHasTheIndexAndAnAlarmForWhatDoesNotEnd(t *testing.T) {
	for longest, want := range map[time.Duration]int{0: 0, 2 * time.Hour: 1} {
		template := synthesize(t, func(props *boundedcontext.Props) {
			withSweeper(props, func(s *boundedcontext.Sweeper) { s.Longest = longest })
		})
		found := 0
		for id, alarm := range synthtest.Properties[synthtest.Alarm](t, template, "AWS::CloudWatch::Alarm") {
			if alarm.MetricName != "OldestUnfinished" {
				continue
			}
			found++
			if alarm.Namespace != "bank" || alarm.Dimensions[0].Value != "ledger" || alarm.Threshold != longest.Seconds() || alarm.TreatMissingData != "breaching" {
				t.Errorf("%s is %+v", id, alarm)
			}
		}
		if found != want {
			t.Errorf("a longest of %s has %d alarms", longest, found)
		}
		for id, table := range synthtest.Properties[synthtest.Table](t, template, "AWS::DynamoDB::Table") {
			if len(table.GlobalSecondaryIndexes) != 1 || table.GlobalSecondaryIndexes[0].IndexName != "due" {
				t.Errorf("%s has the indexes %+v", id, table.GlobalSecondaryIndexes)
			}
		}
	}
}

// A sweeper that publishes what the worker publishes is forwarded with it.
func TestAContextWithItsOwnBusCanHaveASweeper(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Delivery = boundedcontext.OwnBus{Name: "ledger"}
		withSweeper(props, func(*boundedcontext.Sweeper) {})
	})
	functions := synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function")
	if len(functions) != 2 {
		t.Errorf("there are %d functions", len(functions))
	}
}

func TestASweeperThatCannotWorkIsNamed(t *testing.T) {
	refused := func(change func(*boundedcontext.Sweeper), want string) refusal {
		return refusal{func(p *boundedcontext.Props) { withSweeper(p, change) }, "in Sweeper: " + want}
	}
	stack, props := valid(t)
	checkRefusals(t, stack, props, map[string]refusal{
		"without events":     refused(func(s *boundedcontext.Sweeper) { s.Publishes = nil }, "no Publishes"),
		"without a program":  refused(func(s *boundedcontext.Sweeper) { s.Artefact = "" }, "no Artefact"),
		"half a minute":      refused(func(s *boundedcontext.Sweeper) { s.Every = 30 * time.Second }, "an interval of 30s"),
		"a negative longest": refused(func(s *boundedcontext.Sweeper) { s.Longest = -time.Second }, "a Longest of -1s"),
	})
}

func TestTheSweeperOfThePropsIsNotChanged(t *testing.T) {
	stack, props := valid(t)
	withSweeper(&props, func(*boundedcontext.Sweeper) {})
	ledger := boundedcontext.New(stack, "Ledger", props)
	if ledger.Sweeper == nil || props.DueIndex || props.Sweeper.QueriesDue || len(props.Sweeper.TableActions) > 0 {
		t.Errorf("the props are %+v", props.Sweeper)
	}
}
