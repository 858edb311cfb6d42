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
	test := unique()
	began := time.Now().Add(-time.Minute)
	publish(t, "logged", `{"test":"`+test+`"}`)
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
