package conformance_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"
)

func TestALogGroupGetsTheWholeEvent(t *testing.T) {
	t.Parallel()
	rule(t, "CWL-1", "CWL-2", "CWL-4", "RT-12")
	// The ARN of the second target ends in :*.
	for detailType, id := range map[string]string{"logged": "CWL-2", "logged-by-arn": "CWL-5"} {
		t.Run(detailType, func(t *testing.T) {
			rule(t, id)
			checkLogged(t, detailType)
		})
	}
}

func checkLogged(t *testing.T, detailType string) {
	t.Helper()
	test := unique()
	began := time.Now().Add(-time.Minute)
	publish(t, detailType, `{"test":"`+test+`"}`)
	want := cloud.mailbox.event(t, test)
	var found []types.FilteredLogEvent
	eventually(t, "the event in the log group", func() error {
		out, err := cloud.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String(cloud.output("EventLogs")), FilterPattern: aws.String(`"` + test + `"`), StartTime: aws.Int64(began.UnixMilli()),
		})
		if err != nil {
			t.Fatal(err)
		}
		if found = out.Events; len(found) == 0 {
			return errors.New("it is not there")
		}
		return nil
	})
	if diff := cmp.Diff(want, decode[envelope](t, *found[0].Message)); diff != "" {
		t.Error(diff)
	}
	if len(found) != 1 || found[0].LogStreamName == nil {
		t.Errorf("%d log events: %+v", len(found), found)
	}
}
