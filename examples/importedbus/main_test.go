package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

func TestTheContextIsOnTheBusOfAnotherApp(t *testing.T) {
	program := t.TempDir()
	if err := os.WriteFile(filepath.Join(program, "bootstrap"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: new(t.TempDir())})
	stack := newStack(app, program)
	encoded, err := json.Marshal(app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template())
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties json.RawMessage
		}
	}
	if err := json.Unmarshal(encoded, &template); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for id, resource := range template.Resources {
		properties := string(resource.Properties)
		switch {
		case resource.Type == "AWS::Events::EventBus":
			t.Errorf("the stack makes the bus %s", id)
		case resource.Type == "AWS::Events::Rule" && strings.Contains(properties, `"EventBusName":"company"`):
			found["rules on the bus"]++
		case resource.Type == "AWS::IAM::Policy" && strings.Contains(properties, `:event-bus/company"`) && strings.Contains(properties, "events:PutEvents"):
			found["permissions to publish on it"]++
		case resource.Type == "AWS::SQS::Queue", resource.Type == "AWS::DynamoDB::Table":
			found[resource.Type]++
		}
	}
	want := map[string]int{"rules on the bus": 1, "permissions to publish on it": 1, "AWS::SQS::Queue": 3, "AWS::DynamoDB::Table": 1}
	for name, n := range want {
		if found[name] != n {
			t.Errorf("%d %s, want %d", found[name], name, n)
		}
	}
}
