package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/saga/operator/contexts"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
	"example.com/saga/services/loyalty"
)

// stored has the properties of a resource that keeps data.
type stored struct {
	MessageRetentionPeriod int
	SqsManagedSseEnabled   bool
	RedrivePolicy          struct {
		DeadLetterTargetArn attribute `json:"deadLetterTargetArn"`
	}
	DeadLetterConfig struct{ TargetArn attribute }
	RetentionInDays  int
	RetentionDays    int
	KmsKeyIdentifier any // An empty text is no key.
	KmsMasterKeyID   any `json:"KmsMasterKeyId"`
	KmsKeyID         any `json:"KmsKeyId"`
	SSESpecification any

	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
	TimeToLiveSpecification          struct{ AttributeName string }
	Environment                      struct{ Variables map[string]any }
}

// flow has the types of events that reach each resource, by its logical id.
type flow map[string]map[string]bool

func (f flow) add(id string, types ...string) {
	if f[id] == nil {
		f[id] = make(map[string]bool)
	}
	for _, eventType := range types {
		f[id][eventType] = true
	}
}

// forward adds what reaches one resource to what reaches another.
func (f flow) forward(from, to string) { f.add(to, slices.Collect(maps.Keys(f[from]))...) }

// readFlow follows the events through rules, queues and functions to their dead-letter
// queues.
func readFlow(t *testing.T, prod template, properties map[string]stored) flow {
	t.Helper()
	all := event.Types(contract.Catalogue().All()...)
	reached := make(flow)
	for _, resource := range prod.Resources {
		if resource.Type != "AWS::Events::Rule" {
			continue
		}
		var r struct {
			rule

			Targets []struct {
				Arn              json.RawMessage
				DeadLetterConfig struct{ Arn attribute }
			}
		}
		decode(t, resource.Properties, &r)
		types := r.types()
		if len(types) == 0 {
			types = all
		}
		for _, target := range r.Targets {
			reached.add(prod.behind(t, reference(target.Arn)), types...)
			reached.add(target.DeadLetterConfig.Arn.id(), types...)
		}
	}
	for id, p := range properties {
		for _, end := range []attribute{p.RedrivePolicy.DeadLetterTargetArn, p.DeadLetterConfig.TargetArn} {
			if end.id() != "" {
				reached.forward(id, end.id())
			}
		}
		if prod.Resources[id].Type == "AWS::Events::Archive" {
			reached.add(id, all...)
		}
	}
	return reached
}

// referencePattern matches the logical id that an expression refers to.
var referencePattern = regexp.MustCompile(`"(?:Ref|Fn::GetAtt)": ?\[?\s*"([A-Za-z0-9]+)"`)

func reference(expression json.RawMessage) string {
	found := referencePattern.FindSubmatch(expression)
	if found == nil {
		return string(expression)
	}
	return string(found[1])
}

// storeMap lists what keeps personal data, for how long, and how it is encrypted.
func storeMap(t *testing.T) [][]string {
	t.Helper()
	var prod template
	decode(t, []byte(read(t, "infra/testdata/prod.golden.json")), &prod)
	properties := make(map[string]stored)
	for id, resource := range prod.Resources {
		if slices.Contains([]string{
			"AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::Events::Archive", "AWS::Lambda::Function",
		}, resource.Type) {
			var p stored
			decode(t, resource.Properties, &p)
			properties[id] = p
		}
	}
	reached, members, wired := readFlow(t, prod, properties), personal(t), readWiring(t)
	var rows [][]string
	for id, p := range properties {
		path := constructPath(id)
		var has []string
		if prod.Resources[id].Type == "AWS::DynamoDB::Table" {
			has = tableHas(t, path, members, wired)
		} else if types := events(reached[id], members); len(types) == len(members) {
			has = []string{"all events"}
		} else if len(types) > 0 {
			has = []string{coded(types)}
		}
		keeps := p.keeps(prod.Resources[id].Type, properties)
		if path == "Loyalty/Table" {
			has, keeps = withPoints(t, has, keeps)
		}
		if len(has) > 0 && keeps != "" {
			rows = append(rows, []string{path, strings.Join(has, "; "), keeps, p.encryption(prod.Resources[id].Type)})
		}
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return append([][]string{{"store", "personal data", "keeps it for", "encrypted with"}}, rows...)
}

// events returns those of the types that have personal members.
func events(types map[string]bool, members map[string][]string) []string {
	var found []string
	for _, eventType := range slices.Sorted(maps.Keys(members)) {
		if types[eventType] {
			found = append(found, eventType)
		}
	}
	return found
}

// tableHas returns the personal data of a context's records: in the state, and in the
// events that it published.
func tableHas(t *testing.T, path string, members map[string][]string, wired wiring) []string {
	t.Helper()
	language, err := contract.NewLanguage()
	if err != nil {
		t.Fatal(err)
	}
	personal := language.PersonalMembers(contract.Catalogue().All()...)
	var has, inState []string
	context := strings.ToLower(strings.TrimSuffix(path, "/Table"))
	all, i := contexts.All(), slices.IndexFunc(contexts.All(), func(c contexts.Context) bool { return c.Name == context })
	if i < 0 {
		t.Fatalf("%s is the table of no context", path)
	}
	for field := range reflect.TypeOf(all[i].State).Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); slices.Contains(personal, name) {
			inState = append(inState, name)
		}
	}
	if len(inState) > 0 {
		has = append(has, "state: "+coded(inState))
	}
	published := make(map[string]bool)
	for _, eventType := range wired.publishes[context] {
		published[eventType] = true
	}
	if types := events(published, members); len(types) > 0 {
		has = append(has, "published: "+coded(types))
	}
	return has
}

// withPoints adds to what a table has, and to how long it keeps it, that a record is an
// entry in the account of a customer until its points expire.
func withPoints(t *testing.T, has []string, keeps string) (hasToo []string, keepsToo string) {
	t.Helper()
	const customer = "c-42"
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	decision, err := loyalty.Decide(loyalty.State{}, participant.Input{
		Data: contract.PaymentTaken{CustomerID: customer, Amount: contract.Money{Amount: 2500, Currency: "EUR"}}, Now: now,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	entry := decision.State.Entry()
	if strings.Contains(entry.Account, customer) {
		has = append(has, "account of the points: `customerId`")
	}
	expiry := days(int(entry.ExpiresAt.Sub(now).Hours() / 24))
	return has, strings.Replace(keeps, "after its last event", "after its last event, and "+expiry+" after the award of points", 1)
}

func days(n int) string {
	if n == 1 {
		return "a day"
	}
	return fmt.Sprintf("%d days", n)
}

// keeps returns for how long a resource keeps its data: "" for a function, which keeps
// none.
func (p stored) keeps(kind string, all map[string]stored) string {
	const secondsOfADay = 24 * 60 * 60
	switch kind {
	case "AWS::SQS::Queue":
		return days(p.MessageRetentionPeriod / secondsOfADay)
	case "AWS::Logs::LogGroup":
		return days(p.RetentionInDays)
	case "AWS::Events::Archive":
		return days(p.RetentionDays)
	case "AWS::DynamoDB::Table":
		kept := "until erased"
		if p.TimeToLiveSpecification.AttributeName != "" {
			kept = retention(all) + " after its last event"
		}
		if p.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled {
			kept += "; backups 35 days"
		}
		return kept
	}
	return ""
}

// retention returns how long the contexts keep a record, by a variable of their functions.
func retention(all map[string]stored) string {
	for _, p := range all {
		if set, is := p.Environment.Variables["RETENTION"].(string); is {
			hours, _, _ := strings.Cut(set, "h")
			var n int
			if _, err := fmt.Sscan(hours, &n); err == nil {
				return days(n / 24)
			}
		}
	}
	return "unknown"
}

func (p stored) encryption(kind string) string {
	switch {
	case p.SSESpecification != nil, p.KmsKeyID != nil, p.KmsMasterKeyID != nil, p.KmsKeyIdentifier != nil && p.KmsKeyIdentifier != "":
		return "a key of the account"
	case kind == "AWS::SQS::Queue" && p.SqsManagedSseEnabled:
		return "SSE-SQS"
	case kind == "AWS::SQS::Queue":
		return "nothing"
	}
	return "a key of AWS"
}

// hash matches what CDK appends to a path to make it a logical id.
var hash = regexp.MustCompile(`[0-9A-F]{8}$`)

func constructPath(logicalID string) string {
	name := hash.ReplaceAllString(logicalID, "")
	parts := []string{"GlobalBus", "Notification", "Observability"}
	for _, context := range contract.Catalogue().Contexts() {
		parts = append(parts, strings.ToUpper(context[:1])+context[1:])
	}
	for _, part := range parts {
		if rest, is := strings.CutPrefix(name, part); is && rest != "" {
			return part + "/" + rest
		}
	}
	return name
}
