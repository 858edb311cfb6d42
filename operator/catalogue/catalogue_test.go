package catalogue_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/catalogue"
)

// template has two buses, and rules that forward, consume and observe.
const template = `{"Resources": {
  "Main01234567": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shop"}},
  "Side01234567": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shop-side"}},
  "Queue01234567": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": true}},
  "Log01234567": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
  "Out01234567": {"Type": "AWS::Events::Rule", "Properties": {
    "EventBusName": {"Ref": "Side01234567"}, "EventPattern": {"$or": [{"detail-type": ["loyalty.points-awarded"]}, {"detail-type": ["loyalty.award-rejected"]}]},
    "Targets": [{"Arn": {"Fn::GetAtt": ["Main01234567", "Arn"]}}]}},
  "Consume01234567": {"Type": "AWS::Events::Rule", "Properties": {
    "EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"detail-type": ["loyalty.points-awarded", "order.placed"]},
    "Targets": [{"Arn": {"Fn::GetAtt": ["Queue01234567", "Arn"]}}]}},
  "Watch01234567": {"Type": "AWS::Events::Rule", "Properties": {
    "EventBusName": {"Ref": "Main01234567"}, "EventPattern": {"account": ["1"]},
    "Targets": [{"Arn": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":logs:", {"Ref": "Log01234567"}]]}}]}}
}}`

func readTopology(t *testing.T, template string) catalogue.Topology {
	t.Helper()
	c, err := catalogue.New([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	return c.Topology
}

func TestTheTopologyIsThatOfTheTemplate(t *testing.T) {
	awarded, rejected, placed := "loyalty.points-awarded", "loyalty.award-rejected", "order.placed"
	topology := readTopology(t, template)
	if diff := cmp.Diff(catalogue.Topology{
		Buses: []catalogue.Bus{{ID: "Main", Name: "shop"}, {ID: "Side", Name: "shop-side"}},
		Rules: []catalogue.Rule{
			{ID: "Consume", Bus: "Main", Target: "Queue", TargetType: "AWS::SQS::Queue", IsFIFO: true, Types: []string{awarded, placed}},
			{ID: "Out", Bus: "Side", Target: "Main", TargetType: "AWS::Events::EventBus", Types: []string{rejected, awarded}},
			{ID: "Watch", Bus: "Main", Target: "Log", TargetType: "AWS::Logs::LogGroup", All: true},
		},
	}, topology); diff != "" {
		t.Errorf("the topology (-want +got):\n%s", diff)
	}
	if main, side := topology.Origin(placed), topology.Origin(awarded); main != "Main" || side != "Side" {
		t.Errorf("%s is published to %s, and %s to %s", placed, main, awarded, side)
	}
	if diff := cmp.Diff([]string{rejected, awarded, placed}, topology.Matched(topology.Rules[2])); diff != "" {
		t.Errorf("what is watched (-want +got):\n%s", diff)
	}
}

func TestATemplateWithoutRulesIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                "read the template",
		`{"Resources":{}}`: "the template has no rules",
		`{"Resources":{"Rule":{"Type":"AWS::Events::Rule","Properties":[]}}}`: "read Rule of the template",
	} {
		if _, err := catalogue.New([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", text, err)
		}
	}
}

func newCatalogue(t *testing.T) catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.New([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnEventHasItsCausesItsEffectsAndItsCompensation(t *testing.T) {
	c := newCatalogue(t)
	taken, err := c.Event("payment.taken")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"warehouse.stock-reserved"}, taken.CausedBy); diff != "" {
		t.Errorf("its causes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"loyalty.award-rejected", "loyalty.points-awarded"}, taken.Causes); diff != "" {
		t.Errorf("its effects (-want +got):\n%s", diff)
	}
	for step, want := range map[string]string{
		"warehouse.stock-reserved": "warehouse.stock-released",
		"payment.taken":            "payment.refunded",
		"loyalty.points-awarded":   "loyalty.points-revoked",
		"order.placed":             "",
	} {
		if e, err := c.Event(step); err != nil || e.CompensatedBy != want {
			t.Errorf("%s is compensated by %q (%v), want %q", step, e.CompensatedBy, err, want)
		}
	}
	placed, err := c.Event("order.placed")
	if err != nil || len(placed.CausedBy) != 0 {
		t.Errorf("order.placed is caused by %v, %v", placed.CausedBy, err)
	}
	if _, err := c.Event("order.lost"); err == nil {
		t.Error("there is an event that does not exist")
	}
}
