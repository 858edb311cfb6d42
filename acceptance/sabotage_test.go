package acceptance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edit is a change of a file, which has the old text once.
type edit struct{ file, old, new string }

// sabotage is a mistake in the programs that is harmless until a fault is injected.
type sabotage struct {
	mistake edit
	fault   chaos
	// flags are more flags of the local cloud.
	flags []string
}

func sabotages() map[string]sabotage {
	return map[string]sabotage{
		"a duplicate publishes nothing": {
			mistake: edit{
				file: "pkg/participant/corridor.go",
				old:  "t.published = handled.Published\n",
				new:  "t.published = nil\n",
			},
			fault: chaos{fault: "kill-after-call", chance: 5},
		},
		"a partial failure is ignored": {
			mistake: edit{
				file: "pkg/eventbridge/eventbridge.go",
				old:  "rejected[entries[i].index] = err\n",
				new:  "rejected[entries[i].index] = nil\n",
			},
			fault: chaos{fault: "put-events-partial", chance: 10},
		},
		"a record is overwritten without its version condition": {
			mistake: edit{
				file: "pkg/dynamo/dynamo.go",
				old: `put.ConditionExpression = aws.String("version = :loaded")
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":loaded": number(record.Version)}`,
				new: `put.ConditionExpression = aws.String("attribute_exists(pk)")`,
			},
			fault: chaos{fault: "shuffle", chance: 50},
			flags: []string{"--pause", "Order/Worker"}, // Then its two queues have events of the same orders.
		},
		"the first write of a record overwrites one that stands": {
			mistake: edit{
				file: "pkg/dynamo/dynamo.go",
				old:  `put.ConditionExpression = aws.String("attribute_not_exists(pk)")`,
			},
			fault: chaos{fault: "duplicate-delivery", chance: 20},
		},
		"the error of one event of a batch is that of another": {
			mistake: edit{
				file: "pkg/worker/handler.go",
				old:  "events[i].err = err\n",
				new:  "events[len(events)-1-i].err = err\n",
			},
			fault: chaos{fault: "dynamodb-conflict", chance: 75}, // A commit is tried eight times: one in ten fails.
			flags: []string{"--pause", "Warehouse/Worker"},       // Then it receives whole batches.
		},
		"the data of an event is dropped before it is known to be published": {
			mistake: edit{
				file: "pkg/participant/corridor.go",
				old:  "next.Handled = append(next.Handled, h)\n",
				new: `h.Published = slices.Clone(h.Published)
			for i := range h.Published {
				h.Published[i].Data = nil
			}
			next.Handled = append(next.Handled, h)
`,
			},
			fault: chaos{fault: "kill-after-call", chance: 5},
		},
	}
}

// A proof that cannot fail proves nothing.
func TestTheProofFailsForProgramsWithAMistake(t *testing.T) {
	seed := chaosSeed(t)
	t.Logf("CHAOS_SEED=%d repeats these runs", seed)
	for name, mistake := range sabotages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCloud(t, slices.Concat(faultFlags(seed, mistake.fault), mistake.flags, []string{"--assembly", mistake.build(t)})...)
			orders := c.placeThroughFaults(t, 0, ordersOfAllFaults)
			c.resume(t)
			c.drained(t)
			var result proof
			wrong := c.examine(t, orders, &result)
			if len(wrong) == 0 {
				t.Error("the run finds nothing wrong")
			}
			t.Logf("%d orders did not end as they must, %d violations, %d dead letters", result.stuck, result.violations, result.deadLetters)
		})
	}
}

// build compiles the functions with the mistake, and returns the folder of an assembly
// with these functions.
func (s sabotage) build(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, program := range programs(t) {
		compile(t, root(t), folder, program, "-overlay", overlay(t, folder, s.mistake))
	}
	return assemblyOf(t, root(t), folder)
}

// assemblyOf copies the assembly, with the functions of a folder as its assets.
func assemblyOf(t *testing.T, root, functions string) string {
	t.Helper()
	assembly := filepath.Join(functions, "assembly")
	if err := os.CopyFS(assembly, os.DirFS(filepath.Join(root, "cdk.out/local"))); err != nil {
		t.Fatal(err)
	}
	manifests, err := filepath.Glob(filepath.Join(assembly, "*.assets.json"))
	if err != nil || len(manifests) != 1 {
		t.Fatalf("the manifests of the assets are %v, %v", manifests, err)
	}
	manifest, err := os.ReadFile(manifests[0])
	if err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(root, "dist/local")
	if !strings.Contains(string(manifest), built) {
		t.Fatalf("the assets are not those of %s", built)
	}
	write(t, manifests[0], strings.ReplaceAll(string(manifest), built, functions))
	return assembly
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
