package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func TestTheTemplateOfEveryEnvironmentIsTheReviewedOne(t *testing.T) {
	for _, name := range environment.Names() {
		t.Run(name, func(t *testing.T) {
			template, _ := withoutDashboard(t, synthesized(t, name).String(), dashboardGolden(t, name))
			matchGolden(t, name+".golden.json", template)
		})
	}
	t.Run("github", func(t *testing.T) {
		matchGolden(t, "github.golden.json", gitHubTemplate(t, "prod", repository{name: "acme/shop"}).String())
	})
}

// matchGolden compares a text with a file that was reviewed.
func matchGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s changed. If this is what you want, run make golden and review the change (- before, + now):\n%s", golden, diff)
	}
}

func TestTwoSynthesesMakeTheSameTemplate(t *testing.T) {
	first := synthesized(t, "prod").String()
	second := synthesizeAgain(t, settingsOf(t, "prod"), nil).String()
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second differs (- first, + second):\n%s", diff)
	}
}

func TestEveryFindingOfTheSecurityRulesIsSuppressedWithAReason(t *testing.T) {
	for _, name := range environment.Names() {
		t.Run(name, func(t *testing.T) {
			synthesizeAgain(t, settingsOf(t, name), synthtest.AddSecurityRules)
		})
	}
}

// The CDK does not synthesize a stack with a finding: this fails the test above.
func TestTheSecurityRulesFindAQueueWithoutTLS(t *testing.T) {
	app := synthtest.NewApp(t, "../cdk.json")
	stack := awscdk.NewStack(app, new("Planted"), nil)
	synthtest.AddSecurityRules(stack)
	awssqs.NewQueue(stack, new("Queue"), nil)
	panicked := func() (reason any) {
		defer func() { reason = recover() }()
		app.Synth(nil)
		return nil
	}()
	report, err := os.ReadFile(filepath.Join(*app.Outdir(), "validation-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if panicked == nil || !strings.Contains(string(report), "AwsSolutions-SQS4") {
		t.Errorf("for a queue without TLS the CDK panics with %v and reports %s", panicked, report)
	}
}

// templates has the template of each settings, synthesized once: tests only read them.
var templates = map[environment.Settings]synthtest.Template{}

// synthesized returns the template of an environment.
func synthesized(t *testing.T, name string) synthtest.Template {
	t.Helper()
	return synthesizedWith(t, settingsOf(t, name))
}

// monitored returns the template of an environment with monitoring, also if the
// environment has none.
func monitored(t *testing.T, name string) synthtest.Template {
	t.Helper()
	settings := settingsOf(t, name)
	settings.Monitoring = true
	return synthesizedWith(t, settings)
}

// synthesizedWith returns the template of settings.
func synthesizedWith(t *testing.T, settings environment.Settings) synthtest.Template {
	t.Helper()
	template, known := templates[settings]
	if !known {
		template = synthesizeAgain(t, settings, nil)
		templates[settings] = template
	}
	return template
}

// synthesizeAgain synthesizes as a deployment does, except for the executables, and after
// prepare has changed the stack.
func synthesizeAgain(t *testing.T, settings environment.Settings, prepare func(awscdk.Stack)) synthtest.Template {
	t.Helper()
	app := synthtest.NewApp(t, "../cdk.json")
	stack := newSaga(app, settings, placeholders(t))
	if prepare != nil {
		prepare(stack)
	}
	return synthtest.Synth(t, stack)
}

// services is the folder of the services, as the tests see it.
const services = "../services"

// placeholders returns a folder in which a text stands for each function's
// executable: templates have the hashes of the texts.
func placeholders(t *testing.T) artefacts {
	t.Helper()
	functions, err := commands(services)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, function := range functions {
		if err := os.MkdirAll(filepath.Join(folder, function), 0o750); err != nil {
			t.Fatal(err)
		}
		text := "Stands for the executable of " + function + ".\n"
		if err := os.WriteFile(filepath.Join(folder, function, "bootstrap"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	built, err := findArtefacts(folder, services)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func settingsOf(t *testing.T, name string) environment.Settings {
	t.Helper()
	settings, err := environment.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}
