package observability_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/observability"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestPropsThatCannotWorkAreNamed(t *testing.T) {
	here := &awscdk.StackProps{Env: &awscdk.Environment{Account: new("111111111111"), Region: new("eu-west-1")}}
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), here)
	props := observability.Props{Bus: resource.NewEventBus(stack, "Bus", "bank"), LogRetentionDays: 7}
	observability.New(stack, "Taken", props)
	elsewhere := awsevents.EventBus_FromEventBusArn(stack, new("Shared"), new("arn:aws:events:eu-west-1:222222222222:event-bus/shared"))
	masked := func(members ...string) func(*observability.Props) {
		return func(p *observability.Props) { p.Masked = members }
	}
	for name, test := range map[string]struct {
		id     string
		change func(*observability.Props)
		want   string
	}{
		"no bus":                   {"Log", func(p *observability.Props) { p.Bus = nil }, "no Bus"},
		"a bus of another account": {"Log", func(p *observability.Props) { p.Bus = elsewhere }, "the account of the Bus is 222222222222"},
		"no period of logs":        {"Log", func(p *observability.Props) { p.LogRetentionDays = 8 }, "no retention of 8 days"},
		"a member without a name":  {"Log", masked(""), `in Masked: ""`},
		"a member that is no name": {"Log", masked("street name"), `in Masked: "street name"`},
		"a member twice":           {"Log", masked("street", "street"), `in Masked: "street"`},
		"too many members":         {"Log", masked("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"), "11 Masked members"},
		"an id that is taken":      {"Taken", func(*observability.Props) {}, "there is a construct Taken"},
	} {
		t.Run(name, func(t *testing.T) {
			invalid := props
			test.change(&invalid)
			message := synthtest.PanicMessage(func() { observability.New(stack, test.id, invalid) })
			if !strings.HasPrefix(message, "observability "+test.id+": ") || !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
	synthtest.Synth(t, stack)
}
