package conformance_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// stack is where the tests run.
type stack struct {
	// outputs are those of the template.
	outputs map[string]string
	// patience bounds every wait; waits end as soon as what they wait for is there.
	patience time.Duration
	// probe is the path of the probe's executable.
	probe string
	// archiving is how long an event may take to its archive and back.
	archiving time.Duration
	// localProgram is the path of the local cloud's executable, if it is tested.
	localProgram string

	config    aws.Config
	events    *eventbridge.Client
	queues    *sqs.Client
	tables    *dynamodb.Client
	functions *lambda.Client
	logs      *cloudwatchlogs.Client

	mailbox, grouped, undelivered, functionDead *inbox
}

var (
	// cloud is the one stack of a run, and rules are what is tested.
	cloud *stack
	rules *rulebook

	rewrite = flag.Bool("update", false, "write the coverage into "+rulesFile)
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// atOnce is how many tests run at once: they wait most of the time.
const atOnce = "40"

func run(m *testing.M) (code int) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		return failed(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		return failed(err)
	}
	rules = readRules(string(text))
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	s, stop, err := open(ctx, dir)
	if err != nil {
		return failed(err)
	}
	defer func() {
		if err := stop(); err != nil {
			code = failed(err)
		}
	}()
	cloud = s
	defer s.collect(ctx)()
	if code := m.Run(); code != 0 {
		return code
	}
	fmt.Print(rules.coverage())
	if !isComplete(s) {
		return 0
	}
	if err := rules.check(*rewrite); err != nil {
		return failed(err)
	}
	return 0
}

// isComplete reports whether all tests have run that do without CONFORMANCE_SLOW, and no
// others, against the local cloud.
func isComplete(s *stack) bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return s.localProgram != "" && os.Getenv("CONFORMANCE_SLOW") == ""
}

// localOnly skips a test that cannot run on AWS, or anywhere else.
func localOnly(t *testing.T, reason string) {
	t.Helper()
	if cloud.localProgram == "" {
		t.Skip("only of the local cloud: " + reason)
	}
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "conformance:", err)
	return 1
}

// open finds the stack that the environment names, or starts the local cloud.
func open(ctx context.Context, dir string) (s *stack, stop func() error, err error) {
	if name := os.Getenv("CONFORMANCE_STACK"); name != "" {
		s, err := deployed(ctx, name)
		return s, func() error { return nil }, err
	}
	if os.Getenv("AWS_ENDPOINT_URL") != "" {
		return nil, nil, errors.New("AWS_ENDPOINT_URL is set, but CONFORMANCE_STACK does not name the stack to test")
	}
	return startLocal(ctx, dir)
}

// deployed finds a stack that CloudFormation has deployed.
func deployed(ctx context.Context, name string) (*stack, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	out, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil, fmt.Errorf("finding the stack %s: %w", name, err)
	}
	outputs := map[string]string{}
	for _, output := range out.Stacks[0].Outputs {
		outputs[*output.OutputKey] = *output.OutputValue
	}
	s := newStack(cfg, outputs, 3*time.Minute)
	s.probe = "../../dist/conformance/bootstrap"
	s.archiving = 30 * time.Minute
	return s, nil
}

func newStack(cfg aws.Config, outputs map[string]string, patience time.Duration) *stack {
	s := &stack{
		outputs: outputs, patience: patience, archiving: patience, config: cfg,
		events:    eventbridge.NewFromConfig(cfg),
		queues:    sqs.NewFromConfig(cfg),
		tables:    dynamodb.NewFromConfig(cfg),
		functions: lambda.NewFromConfig(cfg),
		logs:      cloudwatchlogs.NewFromConfig(cfg),
	}
	s.mailbox = &inbox{client: s.queues, url: s.output("Mailbox")}
	s.grouped = &inbox{client: s.queues, url: s.output("Grouped")}
	s.undelivered = &inbox{client: s.queues, url: s.output("Undelivered")}
	s.functionDead = &inbox{client: s.queues, url: s.output("FunctionDead")}
	return s
}

// output is an output of the template, which has all that the tests ask for.
func (s *stack) output(name string) string {
	value, known := s.outputs[name]
	if !known {
		panic("the stack has no output " + name)
	}
	return value
}

// eventually waits until a condition holds. If it never does, the test fails
// with what it waited for, and why it does not hold.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	within(t, cloud.patience, what, condition)
}

func within(t *testing.T, patience time.Duration, what string, condition func() error) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waited %s for: %s: %v", patience, what, err)
		case <-tick.C:
		}
	}
}

// refusal is the code and the message of an error of AWS.
func refusal(t *testing.T, err error) (code, message string) {
	t.Helper()
	failure, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		t.Fatalf("the error is %v, want one of the service", err)
	}
	// The older protocol of SQS, whose codes are still returned, had a prefix.
	code = strings.TrimPrefix(failure.ErrorCode(), "AWS.SimpleQueueService.")
	return code, failure.ErrorMessage()
}

// wantRefusal checks the code and a part of the message of an error of AWS.
func wantRefusal(t *testing.T, err error, code, part string) {
	t.Helper()
	got, message := refusal(t, err)
	if got != code || !strings.Contains(message, part) {
		t.Errorf("the error is %s: %q, want %s: …%s…", got, message, code, part)
	}
}
