package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
	"example.com/saga/infra/synthtest"
)

const day = 24 * time.Hour

// logGroup is the properties of AWS::Logs::LogGroup.
type logGroup struct {
	RetentionInDays      int
	DataProtectionPolicy *struct {
		Configuration struct {
			CustomDataIdentifier []struct{ Name, Regex string }
		}
		Statement []struct {
			DataIdentifier []string
			Operation      struct{ Deidentify *struct{} }
		}
	}
}

func TestNothingKeepsAnEventLongerThanTheLongestRetention(t *testing.T) {
	for _, name := range environment.Names() {
		template := synthesized(t, name)
		kept := map[string]time.Duration{}
		for id, archive := range synthtest.Properties[synthtest.Archive](t, template, "AWS::Events::Archive") {
			kept[id] = time.Duration(archive.RetentionDays) * day
		}
		for id, group := range synthtest.Properties[logGroup](t, template, "AWS::Logs::LogGroup") {
			kept[id] = time.Duration(group.RetentionInDays) * day
		}
		all := synthtest.Properties[synthtest.Queue](t, template, queues)
		for id, queue := range all {
			waits := queue.MessageRetentionPeriod + all[string(queue.RedrivePolicy.DeadLetterTargetArn)].MessageRetentionPeriod
			kept[id] = time.Duration(waits) * time.Second
		}
		for id, duration := range kept {
			if duration <= 0 || duration > environment.LongestRetention {
				t.Errorf("%s of %s keeps events for %s", id, name, duration)
			}
		}
	}
}

// The audit compares the events in the log with what the contexts remember. After
// that they are not needed.
func TestTheEventLogKeepsNothingThatTheContextsHaveForgotten(t *testing.T) {
	for _, name := range environment.Names() {
		if settings := settingsOf(t, name); time.Duration(settings.LogRetentionDays)*day > settings.Retention {
			t.Errorf("the log of %s keeps events for %d days, the contexts for %s", name, settings.LogRetentionDays, settings.Retention)
		}
	}
}

func TestPersonalDataIsMaskedInTheEventLogIfASettingMasksIt(t *testing.T) {
	for _, name := range environment.Names() {
		for id, group := range synthtest.Properties[logGroup](t, synthesized(t, name), "AWS::Logs::LogGroup") {
			if group.DataProtectionPolicy != nil {
				t.Errorf("%s of %s masks something", id, name)
			}
		}
	}
	settings := settingsOf(t, "dev")
	settings.MaskEventLog = true
	got := map[string]string{}
	for id, group := range synthtest.Properties[logGroup](t, synthesizedWith(t, settings), "AWS::Logs::LogGroup") {
		if group.DataProtectionPolicy == nil {
			continue
		}
		if !strings.HasPrefix(id, "ObservabilityEvents") {
			t.Errorf("%s masks something", id)
		}
		masked := group.DataProtectionPolicy.Statement[1]
		if masked.Operation.Deidentify == nil {
			t.Errorf("%s only finds personal data", id)
		}
		for _, identifier := range group.DataProtectionPolicy.Configuration.CustomDataIdentifier {
			if slices.Contains(masked.DataIdentifier, identifier.Name) {
				got[identifier.Name] = identifier.Regex
			}
		}
	}
	want := map[string]string{"customerId": "customerId[^}]+", "shippingAddress": "shippingAddress[^}]+", "paymentMethod": "paymentMethod[^}]+"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("masked (-want +got):\n%s", diff)
	}
}
