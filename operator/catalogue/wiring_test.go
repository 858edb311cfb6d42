package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/catalogue"
)

// wired is a template with permissions, a mapping and dead-letter queues.
const wired = `{"Resources": {
  "Main01234567": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shop"}},
  "Side01234567": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "side"}},
  "Queue01234567": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"maxReceiveCount": 3}}, "Metadata": {"aws:cdk:path": "shop-dev/Shop/Queue/Resource"}},
  "Dead01234567": {"Type": "AWS::SQS::Queue", "Properties": {}, "Metadata": {"aws:cdk:path": "shop-dev/Shop/DeadLetters/Resource"}},
  "Worker01234567": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["WorkerRole01234567", "Arn"]}}, "Metadata": {"aws:cdk:path": "shop-dev/Shop/Worker/Resource"}},
  "Live01234567": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Worker01234567"}}},
  "WorkerRole01234567": {"Type": "AWS::IAM::Role", "Properties": {}},
  "WorkerPolicy01234567": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "WorkerRole01234567"}], "PolicyDocument": {"Statement": [
    {"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": {"Fn::GetAtt": ["Queue01234567", "Arn"]}},
    {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}]}}},
  "Mapping01234567": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {"BatchSize": 7,
    "EventSourceArn": {"Fn::GetAtt": ["Queue01234567", "Arn"]}, "FunctionName": {"Fn::Join": ["", [{"Ref": "Live01234567"}, ":live"]]}}},
  "ToQueue01234567": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"detail-type": ["order.placed"]},
    "Targets": [{"Arn": {"Fn::GetAtt": ["Queue01234567", "Arn"]}, "InputPath": "$.detail", "RetryPolicy": {"MaximumRetryAttempts": 2},
      "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Dead01234567", "Arn"]}}}]}},
  "QueuePolicy01234567": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Queue01234567"}], "PolicyDocument": {"Statement": [
    {"Effect": "Deny", "Action": "sqs:*", "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ToQueue01234567", "Arn"]}}}},
    {"Effect": "Allow", "Action": "sqs:SendMessage", "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ToQueue01234567", "Arn"]}}}},
    {"Effect": "Allow", "Action": "sqs:PurgeQueue", "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["ToLive01234567", "Arn"]}}}}]}}},
  "ToLive01234567": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"detail-type": ["order.cancelled"]},
    "Targets": [{"Arn": {"Ref": "Live01234567"}}]}},
  "Permission01234567": {"Type": "AWS::Lambda::Permission", "Properties": {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Live01234567"},
    "SourceArn": {"Fn::GetAtt": ["ToLive01234567", "Arn"]}}},
  "Forward01234567": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"detail-type": ["order.placed"]},
    "Targets": [{"Arn": {"Fn::GetAtt": ["Side01234567", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["ForwardRole01234567", "Arn"]}}]}},
  "ForwardRole01234567": {"Type": "AWS::IAM::Role", "Properties": {}},
  "ForwardPolicy01234567": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "ForwardRole01234567"}], "PolicyDocument": {"Statement": [
    {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": ["Side01234567", "Arn"]}}]}}},
  "Nothing01234567": {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"detail-type": ["order.placed"]},
    "Targets": [{"Arn": {"Fn::GetAtt": ["Dead01234567", "Arn"]}}]}}
}}`

func TestAnEdgeHasItsInputItsRetriesAndThePermissionThatAllowsIt(t *testing.T) {
	c, err := catalogue.New([]byte(wired))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for key, edge := range c.Wiring.Edges {
		for _, fact := range edge {
			got[key] += fact.Name + ": " + strings.Join(strings.Fields(fact.Text), "") + "\n"
		}
	}
	const retries = "RetryPolicy:upto185timesin24hours,asitiswithoutone"
	for key, want := range map[string][]string{
		"ToQueue.Queue": {`{"detail-type":["order.placed"]}`, `{"InputPath":"$.detail"}`, `{"MaximumRetryAttempts":2}`, "Dead-letter queue: Dead", `"sqs:SendMessage"`},
		"ToLive.Live":   {"Input: thewholeevent", retries, `"lambda:InvokeFunction"`},
		"Forward.Side":  {`"events:PutEvents"`},
		"Nothing.Dead":  {"Permission: noneinthetemplate"},
		"Queue.Worker":  {`{"BatchSize":7}`, `{"maxReceiveCount":3}`, `"sqs:ReceiveMessage"`},
	} {
		for _, text := range want {
			if !strings.Contains(strings.ReplaceAll(got[key], "Retry policy: ", "RetryPolicy:"), text) {
				t.Errorf("%s lacks %s:\n%s", key, text, got[key])
			}
		}
		for _, other := range []string{"sqs:*", "PurgeQueue", "dynamodb"} {
			if strings.Contains(got[key], other) {
				t.Errorf("%s has a statement about something else:\n%s", key, got[key])
			}
		}
	}
	if diff := cmp.Diff(map[string]string{"Queue": "Shop/Queue", "Dead": "Shop/DeadLetters", "Worker": "Shop/Worker", "Live": "Shop/Worker"}, c.Wiring.Paths); diff != "" {
		t.Errorf("the paths (-want +got):\n%s", diff)
	}
}

func TestTheMapShowsHowQueuesAndFunctionsAreDoing(t *testing.T) {
	c, err := catalogue.New([]byte(strings.Replace(wired, `[{"Arn": {"Fn::GetAtt": ["Dead01234567", "Arn"]}}]}}`+"\n", `[]}}`+"\n", 1)))
	if err != nil {
		t.Fatal(err)
	}
	drawing := c.Draw(catalogue.Live{
		Queues:  map[string]catalogue.Depth{"Shop/Queue": {Visible: 3, InFlight: 2}, "Shop/DeadLetters": {Visible: 1}},
		Stopped: map[string]string{"Shop/Worker": "paused"},
	})
	notes := make(map[string]string)
	for _, box := range drawing.Boxes {
		if box.Note != "" {
			notes[box.Text] = box.Note + ", " + box.Class
		}
	}
	if diff := cmp.Diff(map[string]string{
		"Queue": "3 waiting, 2 in flight, party", "Dead": "dead letters: 1, party bad", "Worker": "paused, party stopped", "Live": "paused, party stopped",
	}, notes); diff != "" {
		t.Errorf("the notes (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(drawing.Arrows, func(a catalogue.Arrow) bool { return a.Key == "Queue.Worker" })
	if i < 0 || !slices.Equal(drawing.Arrows[i].Types, []string{"order.placed"}) {
		t.Errorf("the arrows are %+v", drawing.Arrows)
	}
}

func TestAnEventThatIsPointedAtLightsUpItsWay(t *testing.T) {
	if want := `.catalogue:has([data-type="order.placed"]:is(:hover, :focus)) .edge[data-types~="order.placed"] { opacity: 1; }`; !strings.Contains(string(catalogue.Style()), want) {
		t.Errorf("the style lacks %s", want)
	}
}
