package notification_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"

	"example.com/saga/infra/notification"
	"example.com/saga/infra/resource"
	"example.com/saga/infra/synthtest"
)

func TestPropsThatCannotWorkAreNamed(t *testing.T) {
	here := &awscdk.StackProps{Env: &awscdk.Environment{Account: new("111111111111"), Region: new("eu-west-1")}}
	stack := awscdk.NewStack(synthtest.NewApp(t, "../../cdk.json"), new("Bank"), here)
	props := notification.Props{
		Bus:      resource.NewEventBus(stack, "Bus", "bank"),
		Events:   resource.Events{"bank": {"bank.opened"}},
		Endpoint: "https://bank.example.org/notifications",
	}
	notification.New(stack, "Taken", props)
	byParameter := props
	byParameter.Endpoint = *awscdk.NewCfnParameter(stack, new("Endpoint"), nil).ValueAsString()
	notification.New(stack, "ByParameter", byParameter)
	elsewhere := awsevents.EventBus_FromEventBusArn(stack, new("Shared"), new("arn:aws:events:us-east-1:111111111111:event-bus/shared"))
	for name, test := range map[string]struct {
		id     string
		change func(*notification.Props)
		want   string
	}{
		"no bus":                    {"Notify", func(p *notification.Props) { p.Bus = nil }, "no Bus"},
		"a bus of another region":   {"Notify", func(p *notification.Props) { p.Bus = elsewhere }, "the region of the Bus is us-east-1"},
		"no events":                 {"Notify", func(p *notification.Props) { p.Events = nil }, "in Events: no events"},
		"sources in two cases":      {"Notify", func(p *notification.Props) { p.Events = resource.Events{"a": {"b"}, "A": {"c"}} }, "in Events: the sources"},
		"no endpoint":               {"Notify", func(p *notification.Props) { p.Endpoint = "" }, "no Endpoint"},
		"an endpoint without TLS":   {"Notify", func(p *notification.Props) { p.Endpoint = "http://bank.example.org" }, "the Endpoint"},
		"an endpoint without host":  {"Notify", func(p *notification.Props) { p.Endpoint = "https:///notifications" }, "the Endpoint"},
		"an endpoint with a space":  {"Notify", func(p *notification.Props) { p.Endpoint = "https://bank example.org" }, "in Endpoint"},
		"an endpoint that is long":  {"Notify", func(p *notification.Props) { p.Endpoint += strings.Repeat("a", 2048) }, "up to 2048"},
		"an id that is taken":       {"Taken", func(*notification.Props) {}, "there is a construct Taken"},
		"no id":                     {"", func(*notification.Props) {}, "no construct id"},
		"an id, and then a problem": {"Taken", func(p *notification.Props) { p.Endpoint = "" }, "no Endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			invalid := props
			test.change(&invalid)
			message := synthtest.PanicMessage(func() { notification.New(stack, test.id, invalid) })
			if !strings.HasPrefix(message, "notification "+test.id+": ") || !strings.Contains(message, test.want) {
				t.Errorf("panicked with %q, want %q", message, test.want)
			}
		})
	}
	synthtest.Synth(t, stack)
}
