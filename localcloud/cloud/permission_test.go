package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/saga/localcloud/cloud"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAFunctionMayDoWhatItsRoleAllowsAndNothingElse(t *testing.T) {
	s := start(t, nil)
	table := s.where.Tables["Table"]
	for name, test := range map[string]struct {
		target, body string
		denied       string
	}{
		"an allowed write": {"DynamoDB_20120810.PutItem", `{"TableName": "` + table + `", "Item": {"pk": {"S": "1"}}}`, ""},
		"a write that is not": {
			"DynamoDB_20120810.DeleteItem", `{"TableName": "` + table + `", "Key": {"pk": {"S": "1"}}}`,
			"dynamodb:DeleteItem on resource: arn:aws:dynamodb:eu-west-1:000000000000:table/" + table +
				" because no identity-based policy allows the dynamodb:DeleteItem action",
		},
		"an event of its own source": {
			"AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "shop", "Source": "worker", "DetailType": "x", "Detail": "{}"}]}`, "",
		},
		"two events of its own source": {
			"AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "shop", "Source": "worker", "DetailType": "x", "Detail": "{}"},
				{"EventBusName": "shop", "Source": "worker", "DetailType": "y", "Detail": "{}"}]}`, "",
		},
		"an event of another source after one of its own": {
			"AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "shop", "Source": "worker", "DetailType": "x", "Detail": "{}"},
				{"EventBusName": "shop", "Source": "shop", "DetailType": "x", "Detail": "{}"}]}`,
			"events:PutEvents on resource: arn:aws:events:eu-west-1:000000000000:event-bus/shop",
		},
		"an event of another source": {
			"AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "shop", "Source": "shop", "DetailType": "x", "Detail": "{}"}]}`,
			"events:PutEvents on resource: arn:aws:events:eu-west-1:000000000000:event-bus/shop",
		},
		"an event on another bus": {
			"AWSEvents.PutEvents", `{"Entries": [{"EventBusName": "inner", "Source": "worker", "DetailType": "x", "Detail": "{}"}]}`,
			"events:PutEvents on resource: arn:aws:events:eu-west-1:000000000000:event-bus/inner",
		},
		"a message for another queue": {
			"AmazonSQS.SendMessage", `{"QueueUrl": "` + s.where.Queues["DeadLetters"] + `", "MessageBody": "x"}`, "sqs:SendMessage",
		},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := s.call(t, test.target, test.body)
			if test.denied == "" {
				if status != http.StatusOK {
					t.Errorf("the call is answered with %d %s", status, answer)
				}
				return
			}
			want := "User: arn:aws:sts::000000000000:assumed-role/"
			if status != http.StatusBadRequest || !strings.Contains(answer, "AccessDeniedException") ||
				!strings.Contains(answer, want) || !strings.Contains(answer, " is not authorized to perform: "+test.denied) {
				t.Errorf("the call is answered with %d %s, want a refusal with %q", status, answer, test.denied)
			}
		})
	}
}

func TestAQueuesExplicitDenyWinsOverTheRolesAllow(t *testing.T) {
	s := start(t, func(r resources) {
		statements := r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)
		statements["Statement"] = append(statements["Statement"].([]any), map[string]any{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
		policy := r.properties("UndeliveredPolicy")["PolicyDocument"].(map[string]any)
		policy["Statement"] = append(policy["Statement"].([]any), map[string]any{
			"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
			"Condition": map[string]any{"StringNotEquals": map[string]any{"aws:SourceAccount": "000000000000"}},
		})
	})
	send := func(path string) (int, string) {
		return s.call(t, "AmazonSQS.SendMessage", `{"QueueUrl": "`+s.where.Queues[path]+`", "MessageBody": "x"}`)
	}
	if status, answer := send("DeadLetters"); status != http.StatusOK {
		t.Errorf("a call that is allowed is answered with %d %s", status, answer)
	}
	if status, answer := send("Undelivered"); status != http.StatusBadRequest || !strings.Contains(answer, "with an explicit deny") {
		t.Errorf("a call that is denied is answered with %d %s", status, answer)
	}
}

// onlyOf is a bus policy that denies everyone but one account.
func onlyOf(bus, account string) map[string]any {
	return decode(`{"Type": "AWS::Events::EventBusPolicy", "Properties": {
		"EventBusName": {"Ref": "` + bus + `"}, "StatementId": "DenyOtherAccounts",
		"Statement": {"Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": {"Fn::GetAtt": ["` + bus + `", "Arn"]},
			"Condition": {"StringNotEquals": {"aws:PrincipalAccount": "` + account + `"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}}}}`)
}

func TestABusThatIsClosedToOtherAccountsIsOpenToTheOwn(t *testing.T) {
	const own, other = "000000000000", "999999999999"
	publish := `{"Entries": [{"EventBusName": "shop", "Source": "worker", "DetailType": "x", "Detail": "{}"}]}`
	for account, want := range map[string]string{own: `"FailedEntryCount":0`, other: "with an explicit deny"} {
		s := start(t, func(r resources) { r["ShopPolicy"] = onlyOf("Bus", account) })
		if _, answer := s.call(t, "AWSEvents.PutEvents", publish); !strings.Contains(answer, want) {
			t.Errorf("on a bus of the account %s the function's event is answered with %s", account, answer)
		}
	}
	for account, dead := range map[string]int{own: 0, other: 1} {
		s := start(t, func(r resources) { r["InnerPolicy"] = onlyOf("Inner", account) })
		s.publish(t, "inner", `{"id": "1"}`)
		if got := s.Usage(t.Context()).Rules["ToInner"].DeadLettered; got != dead {
			t.Errorf("on its way to a bus of the account %s, %d events became dead letters, want %d", account, got, dead)
		}
	}
}

func TestAFunctionURLNeedsBothPermissions(t *testing.T) {
	for _, missing := range []string{"UrlPermission", "InvokePermission"} {
		t.Run("without "+missing, func(t *testing.T) {
			s := start(t, func(r resources) { delete(r, missing) })
			if status, answer := s.call(t, "x", "{}"); status != http.StatusForbidden {
				t.Errorf("the call is answered with %d %s, want 403", status, answer)
			}
		})
	}
}

func TestAStackThatAWSWouldRefuseIsRefused(t *testing.T) {
	statements := func(r resources) []any {
		return r.properties("WorkerPolicy")["PolicyDocument"].(map[string]any)["Statement"].([]any)
	}
	for name, test := range map[string]struct {
		change func(resources)
		want   string
	}{
		"a mapping whose role may not poll": {
			func(r resources) { statements(r)[2].(map[string]any)["Action"] = "sqs:DeleteMessage" },
			"resource Mapping (AWS::Lambda::EventSourceMapping): the provided execution role does not have permissions to call ReceiveMessage on SQS",
		},
		"a dead-letter queue for other queues": {
			func(r resources) {
				r.properties("Queue")["QueueName"] = "q"
				r.properties("DeadLetters")["RedriveAllowPolicy"] = decode(`{"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:eu-west-1:000000000000:other"]}`)
			},
			"resource Queue (AWS::SQS::Queue): queue q: the RedriveAllowPolicy of the dead-letter queue arn:aws:sqs:eu-west-1:000000000000:shop-DeadLetters-",
		},
		"a queue that hands messages out too early": {
			func(r resources) { r.properties("Worker")["Timeout"] = 2 },
			"resource Mapping (AWS::Lambda::EventSourceMapping): queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds",
		},
		"a role that Lambda cannot assume": {
			func(r resources) { r["WorkerRole"] = r["ForwardRole"] },
			"resource Worker (AWS::Lambda::Function): the role defined for the function cannot be assumed by Lambda",
		},
		"a function whose dead letters it may not send": {
			func(r resources) {
				r.properties("Worker")["DeadLetterConfig"] = decode(`{"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}`)
			},
			"resource Worker (AWS::Lambda::Function): the provided execution role does not have permissions to call SendMessage on SQS",
		},
		"a function whose dead letters would be in groups": {
			func(r resources) {
				r["Ordered"] = decode(`{"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}}`)
				r.properties("Worker")["DeadLetterConfig"] = decode(`{"TargetArn": {"Fn::GetAtt": ["Ordered", "Arn"]}}`)
			},
			"resource Worker (AWS::Lambda::Function): a FIFO queue cannot be the dead-letter queue of a function",
		},
		"a managed policy that is not known": {
			func(r resources) {
				r.properties("WorkerRole")["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/AdministratorAccess"}
			},
			"resource WorkerRole (AWS::IAM::Role): the managed policy arn:aws:iam::aws:policy/AdministratorAccess is not supported by the local cloud",
		},
		"an operator for one value on a key with several": {
			func(r resources) {
				statements(r)[1].(map[string]any)["Condition"] = decode(`{"StringEquals": {"events:source": "worker"}}`)
			},
			"resource WorkerPolicy (AWS::IAM::Policy): policy document: statement 2: condition StringEquals events:source: a request can have several values",
		},
		"an operator for several values on a key with one": {
			func(r resources) {
				statements(r)[1].(map[string]any)["Condition"] = decode(`{"ForAllValues:StringEquals": {"aws:SourceAccount": "1"}}`)
			},
			"resource WorkerPolicy (AWS::IAM::Policy): policy document: statement 2: condition ForAllValues:StringEquals aws:SourceAccount: ",
		},
		"two statements of a bus with one id": {
			func(r resources) { r["A"], r["B"] = onlyOf("Bus", "000000000000"), onlyOf("Bus", "000000000000") },
			"resource B (AWS::Events::EventBusPolicy): the StatementId DenyOtherAccounts is that of A",
		},
		"two buses whose statements have one id": {
			func(r resources) { r["A"], r["B"] = onlyOf("Bus", "000000000000"), onlyOf("Inner", "000000000000") },
			"resource B (AWS::Events::EventBusPolicy): the StatementId DenyOtherAccounts is that of A",
		},
		"a policy of a bus that is not there": {
			func(r resources) {
				r["Closed"] = onlyOf("Bus", "000000000000")
				r.properties("Closed")["EventBusName"] = "nowhere"
			},
			"resource Closed (AWS::Events::EventBusPolicy): the bus nowhere is not in the stack",
		},
		"a policy that asks for what no request has": {
			func(r resources) {
				statements(r)[0].(map[string]any)["Condition"] = decode(`{"StringEquals": {"aws:PrincipalOrgID": "o-1"}}`)
			},
			"resource WorkerPolicy (AWS::IAM::Policy): the condition key aws:principalorgid is not supported by the local cloud",
		},
		"a policy that is not understood": {
			func(r resources) { statements(r)[0].(map[string]any)["Effect"] = "Maybe" },
			"resource WorkerPolicy (AWS::IAM::Policy): policy document: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refused(t, test.change); !strings.HasPrefix(got, test.want) {
				t.Errorf("the reason is\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestClosingInTheMidstOfWorkLeavesNoGoroutineBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	running, err := cloud.Start(t.Context(), configOf(assembled(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	where := running.Describe()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, source := range []string{"queued", "inner", "logged", "notify"} {
		body := `{"Entries": [{"EventBusName": "shop", "Source": "` + source + `", "DetailType": "x", "Detail": "{\"fail\":true}"}]}`
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, where.AWSEndpointURL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=operator/20261122/eu-west-1/x/aws4_request, SignedHeaders=host, Signature=0")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Fatalf("publishing is answered with %d", response.StatusCode)
		}
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines were there, and now\n%s", before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestClosingLeavesNoProcessBehind(t *testing.T) {
	running, err := cloud.Start(t.Context(), configOf(assembled(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	processes := running.Usage(t.Context()).Functions["Shop/Worker"].Processes
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	if len(processes) != 1 || processes[0].RSSBytes == 0 {
		t.Fatalf("the function's processes are %+v, want one", processes)
	}
	process, err := os.FindProcess(processes[0].PID)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); process.Signal(syscall.Signal(0)) == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", processes[0].PID)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
