package boundedcontext_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

const (
	account = "111111111111"
	region  = "eu-west-1"
)

// refusal is a change of props, and what it is refused with.
type refusal struct {
	change func(*boundedcontext.Props)
	want   string
}

// checkRefusals checks that each change of valid props is refused.
func checkRefusals(t *testing.T, stack awscdk.Stack, props boundedcontext.Props, refusals map[string]refusal) {
	t.Helper()
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			invalid := props
			test.change(&invalid)
			message := synthtest.PanicMessage(func() { boundedcontext.New(stack, "Ledger", invalid) })
			if !strings.HasPrefix(message, "bounded context Ledger: ") || !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want it to have %q", message, test.want)
			}
		})
	}
}

// place is the account and the region of a stack; of an empty one both are known at
// deployment only.
func place(account, region string) *awscdk.StackProps {
	if account == "" {
		return nil
	}
	return &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: &region}}
}

// A rule names its bus, and a permission has its ARN: of a bus elsewhere they mean two
// different buses.
func TestABusOfAnotherAccountOrRegionIsRefused(t *testing.T) {
	imported := func(arn string) func(awscdk.App, awscdk.Stack) awsevents.IEventBus {
		return func(_ awscdk.App, stack awscdk.Stack) awsevents.IEventBus {
			return awsevents.EventBus_FromEventBusArn(stack, new("Shared"), &arn)
		}
	}
	named := func(name string) func(awscdk.App, awscdk.Stack) awsevents.IEventBus {
		return func(_ awscdk.App, stack awscdk.Stack) awsevents.IEventBus {
			return awsevents.EventBus_FromEventBusName(stack, new("Shared"), &name)
		}
	}
	inStack := func(account, region string) func(awscdk.App, awscdk.Stack) awsevents.IEventBus {
		return func(app awscdk.App, _ awscdk.Stack) awsevents.IEventBus {
			return resource.NewEventBus(awscdk.NewStack(app, new("Central"), place(account, region)), "Shared", "shared")
		}
	}
	here, agnostic := place(account, region), place("", "")
	tests := map[string]struct {
		stack *awscdk.StackProps
		bus   func(awscdk.App, awscdk.Stack) awsevents.IEventBus
		want  string
	}{
		"an ARN of another account":          {here, imported("arn:aws:events:eu-west-1:222222222222:event-bus/shared"), "the account of the Bus is 222222222222, that of the stack is 111111111111: "},
		"an ARN of another region":           {here, imported("arn:aws:events:us-east-1:111111111111:event-bus/shared"), "the region of the Bus is us-east-1, that of the stack is eu-west-1: "},
		"an ARN of both":                     {here, imported("arn:aws:events:us-east-1:222222222222:event-bus/shared"), "that of the stack is 111111111111, and the region of the Bus is us-east-1"},
		"an ARN of the same":                 {here, imported("arn:aws:events:eu-west-1:111111111111:event-bus/shared"), ""},
		"a bus in another account":           {here, inStack("222222222222", region), "the account of the Bus is 222222222222"},
		"a bus in another region":            {here, inStack(account, "us-east-1"), "the region of the Bus is us-east-1"},
		"a bus in the same of another stack": {here, inStack(account, region), ""},
		"a name":                             {here, named("shared"), ""},
		"the name of the default bus":        {here, named("default"), "the Bus is the default bus"},
		"the ARN of the default bus":         {here, imported("arn:aws:events:eu-west-1:111111111111:event-bus/default"), "the Bus is the default bus"},
		"without an account, a name":         {agnostic, named("shared"), ""},
		"both without an account":            {agnostic, inStack("", ""), ""},
		"only the stack without an account":  {agnostic, inStack(account, region), "the account of the Bus is 111111111111, that of the stack is known at deployment only"},
		"only the bus without an account":    {here, inStack("", ""), "the account of the Bus is known at deployment only"},
		"without an account, an ARN":         {agnostic, imported("arn:aws:events:eu-west-1:111111111111:event-bus/shared"), "the account of the Bus is 111111111111"},
		"a parameter with an ARN": {here, func(_ awscdk.App, stack awscdk.Stack) awsevents.IEventBus {
			arn := awscdk.NewCfnParameter(stack, new("Arn"), nil).ValueAsString()
			return awsevents.EventBus_FromEventBusArn(stack, new("Shared"), arn)
		}, "the account of the Bus is known at deployment only"},
		"an ARN of the stack's own place": {agnostic, func(_ awscdk.App, stack awscdk.Stack) awsevents.IEventBus {
			arn := stack.FormatArn(&awscdk.ArnComponents{Service: new("events"), Resource: new("event-bus"), ResourceName: new("shared")})
			return awsevents.EventBus_FromEventBusArn(stack, new("Shared"), arn)
		}, ""},
	}
	_, props := valid(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := synthtest.NewApp(t, "../../cdk.json")
			stack := awscdk.NewStack(app, new("Bank"), test.stack)
			invalid := props
			invalid.Bus = test.bus(app, stack)
			invalid.LogLevel = "" // All problems are reported at once.
			message := synthtest.PanicMessage(func() { boundedcontext.New(stack, "Ledger", invalid) })
			if !strings.HasPrefix(message, "bounded context Ledger: ") || !strings.Contains(message, "no LogLevel") ||
				strings.Contains(message, "Bus is") != (test.want != "") || !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
			if test.want == "" {
				invalid.LogLevel = "info"
				boundedcontext.New(stack, "Ledger", invalid)
				synthtest.Synth(t, stack)
			}
		})
	}
}

func TestNamesThatAWSOrTheCDKWouldRefuseAreNamedByTheContext(t *testing.T) {
	token := *awscdk.Fn_Ref(new("Parameter"))
	groupBy := func(path string) func(*boundedcontext.Props) {
		return func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.FIFOQueue{BatchSize: 10, MaxReceiveCount: 10, GroupBy: path}
		}
	}
	consumes := func(events resource.Events) func(*boundedcontext.Props) {
		return func(p *boundedcontext.Props) { p.Consumes = events }
	}
	variable := func(name string) func(*boundedcontext.Props) {
		return func(p *boundedcontext.Props) { p.Worker.Variables = map[string]string{name: "1"} }
	}
	ownBus := func(name string) func(*boundedcontext.Props) {
		return func(p *boundedcontext.Props) { p.Delivery = boundedcontext.OwnBus{Name: name} }
	}
	tests := map[string]refusal{
		"sources in two cases":     {consumes(resource.Events{"bank": {"bank.opened"}, "Bank": {"bank.closed"}}), `the sources "Bank" and "bank" cannot be distinguished`},
		"sources in three cases":   {consumes(resource.Events{"bank": {"a"}, "Bank": {"b"}, "baNK": {"c"}}), `the sources "Bank" and "baNK" cannot be distinguished`},
		"sources that are one id":  {consumes(resource.Events{"bank/a": {"a"}, "bank--a": {"b"}}), `the sources "bank--a" and "bank/a" cannot be distinguished`},
		"a token as a source":      {consumes(resource.Events{token: {"bank.opened"}}), "is a token"},
		"a variable in a source":   {consumes(resource.Events{"bank.${aws:username}": {"bank.opened"}}), "is a token or has a variable"},
		"a blank source":           {consumes(resource.Events{" ": {"bank.opened"}}), `the source " " is not`},
		"a source beyond ASCII":    {consumes(resource.Events{"ébank": {"bank.opened"}}), `the source "ébank" is not`},
		"a source of AWS":          {consumes(resource.Events{"aws.s3": {"Object Created"}}), `the source "aws.s3" is reserved`},
		"the id of the loss alarm": {consumes(resource.Events{"loss": {"loss.found"}}), `the source "loss" would be a construct id`},
		"the id of a role":         {consumes(resource.Events{"role": {"role.changed"}}), `the source "role"`},
		"types in two cases":       {consumes(resource.Events{"bank": {"bank.opened", "Bank.Opened"}}), `the types of source "bank" "bank.opened" and "Bank.Opened" cannot be distinguished`},
		"a type twice":             {consumes(resource.Events{"bank": {"bank.opened", "bank.opened"}}), `"bank.opened" and "bank.opened"`},
		"a token as a type":        {consumes(resource.Events{"bank": {token}}), "is a token"},
		"a list token as types":    {consumes(resource.Events{"bank": {"#{Token[TOKEN.1]}"}}), "is a token"},
		"a blank type":             {consumes(resource.Events{"bank": {" "}}), `the type " "`},
		"a type with a line break": {consumes(resource.Events{"bank": {"bank\nopened"}}), "printable"},
		"a long type":              {consumes(resource.Events{"bank": {strings.Repeat("b", 129)}}), "up to 128"},
		"a token that is published": {func(p *boundedcontext.Props) {
			p.Worker.Publishes = resource.Events{"ledger": {token}}
		}, "in Worker: in Publishes: the type"},
		"sources in two cases that are published": {func(p *boundedcontext.Props) {
			p.Worker.Publishes = resource.Events{"ledger": {"a"}, "Ledger": {"b"}}
		}, "in Worker: in Publishes: the sources"},
		"an immediate event twice": {func(p *boundedcontext.Props) {
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: time.Second, Immediate: []string{"bank.closed", "bank.closed"}, MaxReceiveCount: 10}
		}, `in Immediate: "bank.closed" is twice`},
		"the id of a rule for immediate events": {func(p *boundedcontext.Props) {
			p.Consumes = resource.Events{"desk": {"desk.closed"}, "immediatelyDesk": {"desk.opened"}}
			p.Delivery = boundedcontext.Queue{BatchSize: 1, BatchWindow: time.Second, Immediate: []string{"desk.closed"}, MaxReceiveCount: 10}
		}, `the source "immediatelyDesk" would be a construct id`},
		"a service with a space":     {func(p *boundedcontext.Props) { p.Service = "general ledger" }, `the Service "general ledger"`},
		"a service with a slash":     {func(p *boundedcontext.Props) { p.Service = "bank/ledger" }, "Service"},
		"a service beyond ASCII":     {func(p *boundedcontext.Props) { p.Service = "Hauptbücher" }, "Service"},
		"a token as a service":       {func(p *boundedcontext.Props) { p.Service = token }, "Service"},
		"a blank service":            {func(p *boundedcontext.Props) { p.Service = " " }, "Service"},
		"a blank log level":          {func(p *boundedcontext.Props) { p.LogLevel = " " }, "no LogLevel"},
		"a namespace of AWS":         {func(p *boundedcontext.Props) { p.MetricsNamespace = "AWS/Lambda" }, "the MetricsNamespace"},
		"a namespace with a colon":   {func(p *boundedcontext.Props) { p.MetricsNamespace = ":bank" }, "the MetricsNamespace"},
		"a blank namespace":          {func(p *boundedcontext.Props) { p.MetricsNamespace = " " }, "the MetricsNamespace"},
		"a namespace beyond ASCII":   {func(p *boundedcontext.Props) { p.MetricsNamespace = "bänk" }, "the MetricsNamespace"},
		"a retention with fractions": {func(p *boundedcontext.Props) { p.Retention = 30*24*time.Hour + time.Millisecond }, "a Retention of 720h0m0.001s"},
		"a short retention":          {func(p *boundedcontext.Props) { p.Retention = 28*24*time.Hour - time.Second }, "a Retention of 671h59m59s"},
		"a negative retention":       {func(p *boundedcontext.Props) { p.Retention = -time.Hour }, "no Retention"},
		"no period of logs":          {func(p *boundedcontext.Props) { p.LogRetentionDays = 2 }, "no retention of 2 days"},
		"a path that ends":           {groupBy("$."), "GroupBy"},
		"a path with a gap":          {groupBy("$.detail..subject"), "GroupBy"},
		"a path with a dot too much": {groupBy("$.detail.subject."), "GroupBy"},
		"a path with a space":        {groupBy("$.detail. subject"), "GroupBy"},
		"a path with a wildcard":     {groupBy("$.detail.*"), "GroupBy"},
		"a path with an index":       {groupBy("$.resources[0]"), "GroupBy"},
		"a path to everything":       {groupBy("$"), "GroupBy"},
		"a path without a dot":       {groupBy("$detail"), "GroupBy"},
		"a token as a path":          {groupBy("$." + token), "GroupBy"},
		"a long path":                {groupBy("$." + strings.Repeat("a", 99)), "GroupBy"},
		"the default bus":            {ownBus("default"), "in Name"},
		"a bus with a space":         {ownBus("the ledger"), "in Name"},
		"a bus with a slash":         {ownBus("bank/ledger"), "in Name"},
		"a token as a bus":           {ownBus(token), "in Name"},
		"a long name of a bus":       {ownBus(strings.Repeat("a", 257)), "in Name"},
		"the name of another bus":    {ownBus("taken"), `the bus Bank/Taken/Resource has the name "taken" already`},
		"an artefact that is absent": {func(p *boundedcontext.Props) { p.Worker.Artefact = "testdata" }, "in Artefact: stat testdata/bootstrap"},
		"a token as an artefact":     {func(p *boundedcontext.Props) { p.Worker.Artefact = token }, "in Artefact"},
		"a token as a table action":  {func(p *boundedcontext.Props) { p.Worker.TableActions = []string{token} }, "in TableActions"},
		"a short variable":           {variable("A"), `in Variables: "A"`},
		"a variable with a hyphen":   {variable("PAGE-SIZE"), `in Variables: "PAGE-SIZE"`},
		"a variable with a digit":    {variable("1PAGE"), `in Variables: "1PAGE"`},
		"no name of a variable":      {variable(""), `in Variables: ""`},
		"a token as a variable":      {variable(token), "in Variables"},
		"a variable of Lambda":       {variable("AWS_REGION"), "AWS_REGION is set by Lambda"},
		"a variable of its runtime":  {variable("AWS_LAMBDA_RUNTIME_API"), "AWS_LAMBDA_RUNTIME_API is set by Lambda"},
		"a reserved variable":        {variable("_HANDLER"), `in Variables: "_HANDLER"`},
	}
	stack, props := valid(t)
	resource.NewEventBus(stack, "Taken", "taken")
	checkRefusals(t, stack, props, tests)
}

func TestAnIdThatIsTakenOrCannotBeOneIsNamed(t *testing.T) {
	stack, props := valid(t)
	ledger := boundedcontext.New(stack, "Ledger", props)
	ledger.AddFunction("Api", props.Worker)
	token := *awscdk.Fn_Ref(new("Parameter"))
	context := func(id string) func() { return func() { boundedcontext.New(stack, id, props) } }
	function := func(id string) func() { return func() { ledger.AddFunction(id, props.Worker) } }
	scheduled := func(id string) func() { return func() { ledger.AddScheduledFunction(id, time.Minute, props.Worker) } }
	for name, test := range map[string]struct {
		add  func()
		want string
	}{
		"a second context":              {context("Ledger"), `bounded context Ledger: there is a construct Ledger in "Bank" already`},
		"a context without an id":       {context(""), "bounded context : no construct id"},
		"a context with a slash":        {context("Ledger/Two"), `bounded context Ledger/Two: the construct id "Ledger/Two" has a token or a slash`},
		"a context with a token":        {context(token), "has a token or a slash"},
		"a second function":             {function("Api"), `function Api of bounded context Ledger: there is a construct Api in "Bank/Ledger" already`},
		"a function named after others": {function("Table"), "there is a construct Table"},
		"a second worker":               {function("Worker"), "there is a construct WorkerRole"},
		"a function without an id":      {function(""), "function  of bounded context Ledger: no construct id"},
		"a schedule of the same id":     {scheduled("Api"), "function Api of bounded context Ledger: there is a construct Api"},
	} {
		t.Run(name, func(t *testing.T) {
			if message := synthtest.PanicMessage(test.add); !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
	synthtest.Synth(t, stack)
}

// Names that are unusual, and that AWS accepts.
func TestUnusualNamesWork(t *testing.T) {
	template := synthesize(t, func(props *boundedcontext.Props) {
		props.Service = "Ledger_2.eu-west"
		props.MetricsNamespace = *awscdk.Fn_Ref(new("AWS::StackName"))
		props.Consumes = resource.Events{
			"com.acme.bank": {"Account Opened", "account-closed:v2"}, "desk/1": {"desk.paid-in"}, "9to5": {"desk.closed"}, "lossless": {"found"},
		}
		props.Delivery = boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 10, GroupBy: "$.detail-type"}
		props.Worker.Variables = map[string]string{"PAGE_SIZE": "1", "a1": "2"}
	})
	rules := synthtest.Properties[synthtest.Rule](t, template, "AWS::Events::Rule")
	if len(rules) != 4 {
		t.Errorf("there are %d rules for 4 sources", len(rules))
	}
}
