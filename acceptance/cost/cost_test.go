package cost_test

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/acceptance/cost"
)

const page = "# Cost\n\n<!-- cost of an order, generated -->\n<!-- end of cost of an order -->\n\nMore.\n"

func equal(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestWhatAMillionOrdersCost(t *testing.T) {
	use := cost.Use{
		cost.WriteUnits: 10, cost.ReadUnits: 8, cost.BusChunks: 7, cost.Notifications: 1,
		cost.FIFORequests: 6, cost.StandardRequests: 10, cost.ObservabilitySends: 5,
		cost.Invocations: 6, cost.GBSeconds: 0.03, cost.FunctionLogBytes: 2000, cost.EventLogBytes: 4000,
		cost.SandboxWriteUnits: 1, cost.SandboxReadUnits: 2,
	}
	want := map[string]float64{
		"DynamoDB writes": 6.25, "DynamoDB reads": 1, "EventBridge": 7.2, "SQS, queues that functions read": 7,
		"Lambda": 1.600002, "logs of the functions": 1, "event log": 2, "sends to the observability queue": 2,
		"payment sandbox, DynamoDB": 0.875, "Lambda's own log lines": 1.05, "archive of the events, without its storage": 0.4,
	}
	lines := append(cost.Bill(), cost.Apart()...)
	if len(lines) != len(want) {
		t.Errorf("there are %d lines, want %d", len(lines), len(want))
	}
	for _, line := range lines {
		if got := line.Cost(use); !equal(got, want[line.Name]) {
			t.Errorf("%s costs %f, want %f", line.Name, got, want[line.Name])
		}
	}
	if got := cost.Total(cost.Bill(), use); !equal(got, 28.050002) {
		t.Errorf("everything costs %f", got)
	}
	if got := cost.Total(cost.ProdBill(), use); !equal(got, 26.050002) {
		t.Errorf("prod's settings cost %f", got)
	}
}

func TestUseIsTheDifferenceForEachOrder(t *testing.T) {
	before := cost.Use{cost.WriteUnits: 10, "dynamodb:GetItem": 4, "dynamodb:Query": 1}
	after := cost.Use{cost.WriteUnits: 30, "dynamodb:GetItem": 8, "dynamodb:Query": 1, "events:PutEvents": 2}
	got := after.Since(before, 4)
	want := cost.Use{cost.WriteUnits: 5, "dynamodb:GetItem": 1, "dynamodb:Query": 0, "events:PutEvents": 0.5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the use (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]cost.Quantity{"dynamodb:GetItem", "events:PutEvents"}, got.Calls()); diff != "" || got.AllCalls() != 1.5 {
		t.Errorf("all calls are %g (-want +got):\n%s", got.AllCalls(), diff)
	}
}

func TestTheTableHasEveryCallQuantityLineAndTotal(t *testing.T) {
	use := cost.Use{"dynamodb:GetItem": 2.25, "events:PutEvents": 5, cost.WriteUnits: 10, cost.GBSeconds: 0.07, cost.FunctionLogBytes: 2500, cost.ObservabilitySends: 5}
	written, err := cost.Groups(use).Replace(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		"| **Calls of AWS by the functions** | |\n| dynamodb:GetItem | 2.2 |\n| events:PutEvents | 5.0 |\n| all calls | 7.2 |\n",
		"\n| write units, with the index | 10.0 |\n", "\n| Lambda GB-seconds | 0.0700 |\n", "\n| log bytes of the functions | 2500 |\n",
		"\n| DynamoDB writes | 6.2 |\n", "\n| everything on | 10.4 |\n| prod's settings | 8.4 |\n", "\n| payment sandbox, DynamoDB | 0.0 |\n",
	} {
		if !strings.Contains(written, row) {
			t.Errorf("the table has no %q:\n%s", row, written)
		}
	}
}

func TestAWrittenTableIsParsedAndTheRestOfTheDocumentStays(t *testing.T) {
	table := cost.Table{
		{"Time", []cost.Row{{"CPU, ms", 33.14, 1}, {"orders", 1234, 0}}},
		{"Calls", []cost.Row{{"orders", 0.0712, 4}}},
	}
	written, err := table.Replace(page)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := table.Replace(written); again != written || err != nil {
		t.Errorf("written twice, the document is (%v)\n%s", err, again)
	}
	if !strings.HasPrefix(written, "# Cost\n") || !strings.HasSuffix(written, "\n\nMore.\n") {
		t.Errorf("the document is\n%s", written)
	}
	got, err := cost.Parse(written)
	want := cost.Before{{"Time", "CPU, ms"}: 33.1, {"Time", "orders"}: 1234, {"Calls", "orders"}: 0.0712}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("the values (-want +got):\n%s%v", diff, err)
	}
}

func TestATableIsPrintedBesideTheWrittenOne(t *testing.T) {
	table := cost.Table{{"Time", []cost.Row{{"CPU, ms", 20, 1}, {"new", 1, 0}, {"none", 0, 0}}}}
	var text strings.Builder
	if err := table.Print(&text, cost.Before{{"Time", "CPU, ms"}: 32, {"Time", "none"}: 0}); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for line := range strings.Lines(text.String()) {
		got = append(got, strings.Fields(line))
	}
	want := [][]string{
		{"of", "a", "shipped", "order,", "on", "average", "docs/cost.md", "now", "change"},
		{},
		{"Time"},
		{"CPU,", "ms", "32.0", "20.0", "-38", "%"},
		{"new", "-", "1"},
		{"none", "0", "0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the text (-want +got):\n%s", diff)
	}
}

func TestADocumentWithoutAPlaceOrWithTextForANumberIsAnError(t *testing.T) {
	if _, err := cost.Parse("# Cost\n"); err == nil {
		t.Error("a document without a place is parsed")
	}
	if _, err := (cost.Table{}).Replace("# Cost\n"); err == nil {
		t.Error("a document without a place is written")
	}
	wrong := strings.Replace(page, "generated -->\n", "generated -->\n| **Time** | |\n| CPU | much |\n", 1)
	if _, err := cost.Parse(wrong); err == nil || !strings.Contains(err.Error(), `"CPU" of "Time"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheTotalsInTheDocsAreTheSumsOfTheirLines(t *testing.T) {
	text, err := os.ReadFile("../../docs/cost.md")
	if err != nil {
		t.Fatal(err)
	}
	written, err := cost.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range map[string][]cost.Line{"everything on": cost.Bill(), "prod's settings": cost.ProdBill()} {
		const title = "USD for a million orders"
		sum := 0.0
		for _, line := range lines {
			value, has := written[[2]string{title, line.Name}]
			if !has {
				t.Errorf("the table has no line %q", line.Name)
			}
			sum += value
		}
		// Each line is rounded by 0.05 at most, and so is the total.
		if total := written[[2]string{title, name}]; math.Abs(total-sum) > 0.05*float64(len(lines)+1) || total == 0 {
			t.Errorf("%s: the total is %.1f, the lines sum up to %.1f", name, total, sum)
		}
	}
}
