package cloud_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	shopARN    = "arn:aws:events:eu-west-1:000000000000:event-bus/shop"
	archiveARN = "arn:aws:events:eu-west-1:000000000000:archive/kept"
)

// archived adds an archive of a bus to the stack.
func archived(r resources, busARN string) {
	r["Archive"] = map[string]any{"Type": "AWS::Events::Archive", "Properties": map[string]any{
		"ArchiveName": "kept", "SourceArn": busARN, "EventPattern": decode(`{"source": ["queued"]}`), "RetentionDays": 3, "KmsKeyIdentifier": "",
	}}
}

func TestAReplayIsOnItsWayUntilItIsHandled(t *testing.T) {
	s := start(t, func(r resources) { archived(r, shopARN) })
	s.publish(t, "queued", `{"id": "1"}`)
	s.publish(t, "notify", `{"id": "2"}`)
	archive, err := s.events.DescribeArchive(t.Context(), &awseventbridge.DescribeArchiveInput{ArchiveName: aws.String(s.where.Archives["Archive"])})
	if err != nil || *archive.ArchiveArn != archiveARN || archive.EventCount != 1 || *archive.RetentionDays != 3 {
		t.Fatalf("the archive is %+v, %v", archive, err)
	}
	bus, rule, _ := strings.Cut(s.where.Rules["Shop/ToQueue"], "|")
	described, err := s.events.DescribeRule(t.Context(), &awseventbridge.DescribeRuleInput{Name: &rule, EventBusName: &bus})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.events.StartReplay(t.Context(), &awseventbridge.StartReplayInput{
		ReplayName: aws.String("again"), EventSourceArn: aws.String(archiveARN),
		EventStartTime: aws.Time(time.Unix(0, 0)), EventEndTime: aws.Time(time.Now().Add(time.Minute)),
		Destination: &types.ReplayDestination{Arn: aws.String(shopARN), FilterArns: []string{*described.Arn}},
	}); err != nil {
		t.Fatal(err)
	}
	s.settle(t)
	usage := s.Usage(t.Context())
	if got := usage.Functions["Shop/Worker"].Records; got != 2 {
		t.Errorf("the function has handled %d records, want the event twice", got)
	}
	if got := usage.Rules["ToNotify"].Matched; got != 1 {
		t.Errorf("another rule has matched %d times", got)
	}
}

func TestAFunctionReplaysNoArchiveThatItsRoleDoesNotName(t *testing.T) {
	for name, allowed := range map[string]bool{"kept": true, "other": false} {
		s := start(t, func(r resources) {
			archived(r, shopARN)
			document := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)
			document["Statement"] = append(document["Statement"].([]any), decode(fmt.Sprintf(
				`{"Effect": "Allow", "Action": "events:StartReplay", "Resource": "arn:aws:events:eu-west-1:000000000000:archive/%s"}`, name)))
		})
		status, answer := s.call(t, "AWSEvents.StartReplay", fmt.Sprintf(
			`{"ReplayName": "again", "EventSourceArn": %q, "EventStartTime": 1, "EventEndTime": 2, "Destination": {"Arn": %q}}`, archiveARN, shopARN))
		if got := status == http.StatusOK; got != allowed || got == strings.Contains(answer, "events:StartReplay on resource: "+archiveARN) {
			t.Errorf("with the right to replay %s the call is answered with %d %s", name, status, answer)
		}
	}
}

func TestAnArchiveOfABusThatIsNotThereIsRefused(t *testing.T) {
	got := refused(t, func(r resources) { archived(r, shopARN+"-gone") })
	if want := "resource Archive (AWS::Events::Archive): ResourceNotFoundException: Event bus shop-gone does not exist."; got != want {
		t.Errorf("refused with %s, want %s", got, want)
	}
}
