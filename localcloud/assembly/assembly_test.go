package assembly_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/assembly"
)

func options() assembly.Options {
	return assembly.Options{
		Region:      "eu-west-1",
		AccountID:   "000000000000",
		QueueURL:    func(name string) string { return "http://cloud/000000000000/" + name },
		FunctionURL: func(function string) string { return "http://" + function + "/" },
		Random:      rand.Reader,
	}
}

func shop(t *testing.T) *assembly.Assembly {
	t.Helper()
	loaded, err := assembly.Load("testdata/shop", options())
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// write returns an assembly of one template.
func write(t *testing.T, template string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.json":      `{"artifacts": {"shop": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "shop.template.json"}}}}`,
		"shop.template.json": template,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// only returns the one resource of a type.
func only[T any](t *testing.T, a *assembly.Assembly) (assembly.Resource, *T) {
	t.Helper()
	for resource, properties := range assembly.Of[T](a) {
		return resource, properties
	}
	t.Fatalf("the assembly has no %T", *new(T))
	return assembly.Resource{}, nil
}

func TestPropertiesArriveTyped(t *testing.T) {
	loaded := shop(t)
	_, rule := only[assembly.Rule](t, loaded)
	_, worker := only[assembly.Function](t, loaded)
	table, _ := only[assembly.Table](t, loaded)
	logs, _ := only[assembly.LogGroup](t, loaded)
	role, _ := only[assembly.Role](t, loaded)

	if got, want := rule.Targets[0].InputPath, "$.detail"; got != want {
		t.Errorf("the target's input path is %q, want %q", got, want)
	}
	pattern, err := json.Marshal(rule.EventPattern)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(pattern), `{"account":["000000000000"],"detail":{"n":[12345678901234567890]}}`; got != want {
		t.Errorf("the pattern is %s, want %s", got, want)
	}
	if got, want := worker.Environment.Variables, map[string]string{"TABLE_NAME": table.Name}; !cmp.Equal(got, want) {
		t.Errorf("the environment is %v, want %v", got, want)
	}
	if worker.Role != role.ARN || worker.LoggingConfig.LogGroup != logs.Name || *worker.Timeout != 10 {
		t.Errorf("the function is %+v", worker)
	}
	if want, err := filepath.Abs("testdata/shop/asset.worker"); err != nil || worker.Artefact != want {
		t.Errorf("the artefact is %s, want %s (%v)", worker.Artefact, want, err)
	}
}

func TestResourcesStandAfterWhatTheyReferTo(t *testing.T) {
	var order []string
	for _, resource := range shop(t).Resources {
		order = append(order, resource.LogicalID)
	}
	for _, pair := range [][2]string{{"DeadLetters", "Queue"}, {"Queue", "AQueuePolicy"}, {"Rule", "AQueuePolicy"}, {"Bus", "Rule"}, {"Role", "Worker"}, {"Key", "Connection"}} {
		if slices.Index(order, pair[0]) > slices.Index(order, pair[1]) {
			t.Errorf("%s stands after %s in %v", pair[0], pair[1], order)
		}
	}
}

func TestGeneratedNamesAreTheSameInEveryRun(t *testing.T) {
	first, second := shop(t), shop(t)
	for i, resource := range first.Resources {
		if other := second.Resources[i]; resource.Name != other.Name || resource.ARN != other.ARN {
			t.Errorf("%s is %s (%s) once and %s (%s) then", resource.LogicalID, resource.Name, resource.ARN, other.Name, other.ARN)
		}
	}
}

func TestNamesRefsAndARNsHaveTheFormsOfAWS(t *testing.T) {
	for _, resource := range shop(t).Resources {
		switch resource.LogicalID {
		case "Queue":
			if !strings.HasPrefix(resource.Name, "shop-Queue-") || !strings.HasSuffix(resource.Name, ".fifo") {
				t.Errorf("the FIFO queue's name is %s", resource.Name)
			}
			if resource.Ref != "http://cloud/000000000000/"+resource.Name || resource.ARN != "arn:aws:sqs:eu-west-1:000000000000:"+resource.Name {
				t.Errorf("the queue's URL is %s and its ARN is %s", resource.Ref, resource.ARN)
			}
			if resource.Path != "Warehouse/Queue" {
				t.Errorf("the queue's construct path is %s", resource.Path)
			}
		case "Rule":
			if resource.ARN != "arn:aws:events:eu-west-1:000000000000:rule/shop/"+resource.Name || resource.Ref != "shop|"+resource.Name {
				t.Errorf("the rule's ARN is %s and its Ref is %s", resource.ARN, resource.Ref)
			}
		case "Role":
			if resource.ARN != "arn:aws:iam::000000000000:role/"+resource.Name {
				t.Errorf("the role's ARN is %s", resource.ARN)
			}
		}
	}
}

func TestASecretIsGeneratedAnewAndReachesWhatRefersToIt(t *testing.T) {
	loaded := shop(t)
	_, secret := only[assembly.Secret](t, loaded)
	_, connection := only[assembly.Connection](t, loaded)
	if len(secret.Value) != 40 || strings.ContainsAny(secret.Value, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") {
		t.Errorf("the secret is %q, want 40 characters without punctuation", secret.Value)
	}
	if connection.AuthParameters.APIKey.Value != secret.Value {
		t.Errorf("the API key is %q, want the secret %q", connection.AuthParameters.APIKey.Value, secret.Value)
	}
	_, other := only[assembly.Secret](t, shop(t))
	if other.Value == secret.Value {
		t.Error("two runs have the same secret")
	}
}

func TestOutputsAreResolved(t *testing.T) {
	if got, want := shop(t).Outputs, map[string]string{"ShopUrl": "http://Worker/"}; !cmp.Equal(got, want) {
		t.Errorf("the outputs are %v, want %v", got, want)
	}
}

func TestAnAssemblyOfTwoStacksIsRefused(t *testing.T) {
	dir := write(t, `{}`)
	manifest := `{"artifacts": {"a": {"type": "aws:cloudformation:stack"}, "b": {"type": "aws:cloudformation:stack"}}}`
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := assembly.Load(dir, options())
	if err == nil || !strings.Contains(err.Error(), "exactly one stack, and the assembly has 2 (a, b)") {
		t.Errorf("the error is %v", err)
	}
}

func TestAMissingAssemblyIsNamed(t *testing.T) {
	_, err := assembly.Load("testdata/nothing", options())
	if err == nil || !strings.Contains(err.Error(), "testdata/nothing") {
		t.Errorf("the error is %v", err)
	}
}
