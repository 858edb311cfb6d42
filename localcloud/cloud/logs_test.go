package cloud_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudwatchlogs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// allowLogs replaces the actions on logs that the role of the test stack allows.
func allowLogs(r resources, actions ...any) {
	statement := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)["Statement"].([]any)[3].(map[string]any)
	statement["Action"], statement["Resource"] = actions, "*"
}

// withoutGroup makes the function log to its default group.
func withoutGroup(r resources) { delete(r.properties("Worker"), "LoggingConfig") }

// logLines counts the lines in a log group, and reports whether there is one.
func (s stack) logLines(t *testing.T, group string) (lines int, exists bool) {
	t.Helper()
	client := awscloudwatchlogs.New(awscloudwatchlogs.Options{
		BaseEndpoint: &s.where.AWSEndpointURL, Region: s.where.Region,
		Credentials: credentials.NewStaticCredentialsProvider("operator", "secret", ""),
	})
	groups, err := client.DescribeLogGroups(t.Context(), &awscloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &group})
	if err != nil {
		t.Fatal(err)
	}
	if len(groups.LogGroups) == 0 {
		return 0, false
	}
	events, err := client.FilterLogEvents(t.Context(), &awscloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: aws.String(`"requestContext"`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(events.Events), true
}

func TestAFunctionsLogsAreKeptIfItsRoleAllowsIt(t *testing.T) {
	const create, stream, put = "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"
	for name, test := range map[string]struct {
		change  func(resources)
		lines   int
		missing []string
	}{
		"in a group of the stack": {func(r resources) { allowLogs(r, stream, put) }, 1, nil},
		"in a group of the stack it may not write to": {
			func(r resources) { allowLogs(r, stream) }, 0, []string{put},
		},
		"in its own group": {
			func(r resources) { withoutGroup(r); allowLogs(r, create, stream, put) }, 1, nil,
		},
		"in its own group by a managed policy": {
			func(r resources) {
				withoutGroup(r)
				allowLogs(r, "logs:DescribeLogGroups")
				r.properties("WorkerRole")["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}
			}, 1, nil,
		},
		"in its own group that it may not create": {
			func(r resources) { withoutGroup(r); allowLogs(r, stream, put) }, 0, []string{create},
		},
		"without any permission": {
			func(r resources) { withoutGroup(r); allowLogs(r, "logs:DescribeLogGroups") }, 0, []string{stream, put, create},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var group string
			var warnings bytes.Buffer
			config := configOf(assembled(t, test.change))
			config.Logger = slog.New(slog.NewTextHandler(&warnings, nil))
			logged := make(chan struct{}, 1)
			config.Log = func(_ time.Time, _, line string) {
				if strings.Contains(line, "requestContext") {
					logged <- struct{}{}
				}
			}
			s := startWith(t, config)
			if group = s.where.LogGroups["Logs"]; !strings.Contains(name, "group of the stack") {
				group = "/aws/lambda/" + s.where.Functions["Shop/Worker"]
				if _, exists := s.logLines(t, group); exists {
					t.Errorf("the group %s exists before the first line", group)
				}
			}
			if status, answer := s.call(t, "DynamoDB_20120810.ListTables", "{}"); status == http.StatusForbidden || status >= http.StatusInternalServerError {
				t.Fatalf("the function answers %d %s", status, answer)
			}
			<-logged
			if lines, _ := s.logLines(t, group); lines != test.lines {
				t.Errorf("%d lines are kept, want %d", lines, test.lines)
			}
			if got := strings.Count(warnings.String(), "\n"); got != len(test.missing) {
				t.Errorf("the warnings are %s, want %d", &warnings, len(test.missing))
			}
			for _, action := range test.missing {
				if want := "function=Shop/Worker action=" + action + " log_group=" + group; !strings.Contains(warnings.String(), want) {
					t.Errorf("the warnings are %s, want %s", &warnings, want)
				}
			}
		})
	}
}
