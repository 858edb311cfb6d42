package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

// firstDeployment synthesizes the template with which a stack is created.
func firstDeployment(t *testing.T, name string) (template synthtest.Template, terminationProtection bool) {
	t.Helper()
	settings := settingsOf(t, name)
	settings.Deletable = true
	template = synthesizeAgain(t, settings, func(stack awscdk.Stack) { terminationProtection = *stack.TerminationProtection() })
	return template, terminationProtection
}

func TestTheSecondDeploymentAddsTheDeletionProtectionAndNothingElse(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		t.Run(name, func(t *testing.T) {
			first, terminationProtection := firstDeployment(t, name)
			if terminationProtection {
				t.Error("the stack cannot be deleted if its creation fails")
			}
			protected := parsed(t, first)
			for _, id := range ids(t, first, tables) {
				properties := protected["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
				if properties["DeletionProtectionEnabled"] != false {
					t.Errorf("%s cannot be deleted if the creation fails", id)
				}
				properties["DeletionProtectionEnabled"] = true
			}
			if diff := cmp.Diff(protected, parsed(t, synthesized(t, name))); diff != "" {
				t.Errorf("the second deployment changes more (- first, + second):\n%s", diff)
			}
		})
	}
}

func TestAnUnprotectedEnvironmentIsTheSameInBothDeployments(t *testing.T) {
	first, _ := firstDeployment(t, "dev")
	if diff := cmp.Diff(first.String(), synthesized(t, "dev").String()); diff != "" {
		t.Errorf("the second deployment changes (- first, + second):\n%s", diff)
	}
}

// What keeps data is retained when the stack is deleted, and not when its creation
// fails.
func TestNothingThatIsRetainedPreventsASecondCreation(t *testing.T) {
	for _, name := range environment.Names() {
		templates := map[string]synthtest.Template{
			name:             synthesized(t, name),
			name + "-github": gitHubTemplate(t, name, repository{name: "acme/shop"}),
		}
		for stack, template := range templates {
			for id, resource := range template.Resources {
				switch resource.DeletionPolicy {
				case "", "Delete":
				case "RetainExceptOnCreate":
					if property := names()[resource.Type]; propertiesOf(t, resource)[property] != nil {
						t.Errorf("%s of %s is retained and has a fixed %s", id, stack, property)
					}
				default:
					t.Errorf("if the creation of %s fails, %s remains: its deletion policy is %s", stack, id, resource.DeletionPolicy)
				}
			}
		}
	}
}

func TestTablesLogsAndTheKeysOfOrdersAreRetainedInProduction(t *testing.T) {
	template := synthesized(t, "prod")
	want := slices.Concat(ids(t, template, tables), ids(t, template, "AWS::Logs::LogGroup"))
	for _, id := range ids(t, template, "AWS::SecretsManager::Secret") {
		if resourceName(id) == "OrderKeys" {
			want = append(want, id)
		}
	}
	var got []string
	for id, resource := range template.Resources {
		// A version of a function is retained until the function is deleted.
		if resource.DeletionPolicy == "RetainExceptOnCreate" && resource.UpdateReplacePolicy == "Retain" && resource.Type != versions {
			got = append(got, id)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("retained are (- want, + got):\n%s", diff)
	}
}

// What make would run, in its order.
func TestEveryDeploymentByMakeEndsWithTheProtection(t *testing.T) {
	for target, stack := range map[string]string{"deploy": "saga-prod", "github": "saga-prod-github"} {
		command := exec.CommandContext(t.Context(), "make", "-n", "-C", "..", target, "ENV=prod", "REPO=acme/shop", "FLAGS=--ci")
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		var deployments []string
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "cdk deploy") {
				deployments = append(deployments, strings.TrimSpace(line))
			}
		}
		if len(deployments) != 2 {
			t.Fatalf("make %s deploys with %q, want two commands", target, deployments)
		}
		later := strings.Replace(deployments[1], "env=prod", "env=prod -c protection=later", 1)
		want := `dist/local/firstdeployment "prod" "` + stack + `" ` + later
		if deployments[0] != want || strings.Contains(deployments[1], "protection") {
			t.Errorf("make %s runs %q, want first %q", target, deployments, want)
		}
	}
}

func TestTheProtectionIsNowOrLater(t *testing.T) {
	for protection, want := range map[string]bool{"now": false, "later": true} {
		if got, err := isDeletable(protection); got != want || err != nil {
			t.Errorf("%s: got %t, %v", protection, got, err)
		}
	}
	if _, err := isDeletable("never"); err == nil || !strings.Contains(err.Error(), `not "never"`) {
		t.Errorf("got %v, want an error", err)
	}
}

func parsed(t *testing.T, template synthtest.Template) map[string]any {
	t.Helper()
	var parts map[string]any
	if err := json.Unmarshal([]byte(template.String()), &parts); err != nil {
		t.Fatal(err)
	}
	return parts
}
