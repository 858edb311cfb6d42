package boundedcontext_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/boundedcontext"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

const own = "example.com/saga/infra/"

func TestItDependsOnNothingOfTheSystemThatUsesIt(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", own+"boundedcontext").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"boundedcontext": true, "lambdalimit": true, "resource": true, "shift": true}
	for name := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(name, "example.com/") && !allowed[strings.TrimPrefix(name, own)] {
			t.Errorf("it depends on %s", name)
		}
	}
}

// Another team uses it from a module of its own.
func TestAForeignModuleBuildsWithIt(t *testing.T) {
	infra, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	main := strings.NewReplacer("package boundedcontext_test", "package main", "func Example()", "func main()").Replace(string(example))
	folder := t.TempDir()
	for name, content := range map[string]string{
		"main.go": main,
		"go.sum":  string(sums),
		"go.mod": "module bank.example.org/infra\n\ngo 1.26.0\n\nrequire example.com/saga/infra v0.0.0\n\n" +
			"replace example.com/saga/infra => " + infra + "\n\nreplace example.com/saga/pkg => " + filepath.Join(filepath.Dir(infra), "pkg") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), "go", "vet", "-mod=mod", ".")
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheSecurityRulesFindNothingInAnyDelivery(t *testing.T) {
	for name, delivery := range map[string]boundedcontext.Delivery{
		"a queue":      boundedcontext.Queue{BatchSize: 10, MaxReceiveCount: 10, MaximumConcurrency: 2},
		"a FIFO queue": boundedcontext.FIFOQueue{BatchSize: 1, MaxReceiveCount: 10, GroupBy: "$.detail.subject"},
		"an own bus":   boundedcontext.OwnBus{Name: "ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			stack, props := valid(t)
			props.Delivery, props.DueIndex, props.AccountIndex = delivery, true, true
			ledger := boundedcontext.New(stack, "Ledger", props)
			reader := props.Worker
			reader.Publishes = nil
			ledger.AddFunction("Api", reader)
			reader.QueriesDue = true
			ledger.AddScheduledFunction("Clerk", time.Minute, reader)
			synthtest.AddSecurityRules(stack)
			synthtest.Synth(t, stack)
		})
	}
}

func TestAnAlarmNamesAPageIfThereAreRunbooks(t *testing.T) {
	stack, props := valid(t)
	documented := constructs.NewConstruct(stack, new("Documented"))
	resource.SetRunbooks(documented, "https://wiki.example.org/runbooks/")
	boundedcontext.New(documented, "Ledger", props)
	boundedcontext.New(stack, "Ledger", props)
	page := regexp.MustCompile(` Runbook: https://wiki\.example\.org/runbooks/[a-z-]+\.md$`)
	for id, alarm := range synthtest.Properties[synthtest.Alarm](t, synthtest.Synth(t, stack), "AWS::CloudWatch::Alarm") {
		description := string(alarm.AlarmDescription)
		if page.MatchString(description) != strings.HasPrefix(id, "Documented") || strings.Contains(description, "docs/") {
			t.Errorf("the description of %s is %q", id, description)
		}
	}
}

func TestWhatThePropsDoNotHaveIsSetOnTheResources(t *testing.T) {
	stack, props := valid(t)
	ledger := boundedcontext.New(stack, "Ledger", props)
	if len(ledger.Rules) != len(props.Consumes) {
		t.Errorf("there are %d rules for %d sources", len(ledger.Rules), len(props.Consumes))
	}
	ledger.Worker.Function.AddEnvironment(new("TZ"), new("Europe/Berlin"), nil)
	ledger.Table.Node().DefaultChild().(awsdynamodb.CfnTable).SetTableClass(new("STANDARD_INFREQUENT_ACCESS"))
	ledger.Construct().Node().FindChild(new("WorkerRole")).Node().AddMetadata(new("seen"), new(true), nil)
	template := synthtest.Synth(t, stack)
	for id, function := range synthtest.Properties[synthtest.Function](t, template, "AWS::Lambda::Function") {
		if got := function.Environment.Variables["TZ"]; got != "Europe/Berlin" {
			t.Errorf("%s has the time zone %q", id, got)
		}
	}
	for id, table := range synthtest.Properties[struct{ TableClass string }](t, template, "AWS::DynamoDB::Table") {
		if table.TableClass != "STANDARD_INFREQUENT_ACCESS" {
			t.Errorf("%s has the class %q", id, table.TableClass)
		}
	}
}

func TestAllInvalidPropsAreReportedAtOnce(t *testing.T) {
	stack, _ := valid(t)
	message := synthtest.PanicMessage(func() { boundedcontext.New(stack, "Ledger", boundedcontext.Props{}) })
	for _, problem := range []string{
		"bounded context Ledger: ", "no Service", "no Bus", "in Consumes: no events", "no Delivery", "no Artefact", "MemoryMB", "Timeout",
		"no TableActions", "no LogLevel", "no LogRetentionDays", "no MetricsNamespace", "no Retention",
	} {
		if !strings.Contains(message, problem) {
			t.Errorf("the panic does not name %q: %s", problem, message)
		}
	}
}
