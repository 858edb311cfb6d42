package acceptance

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sabotage is a mistake in the programs that is harmless until a fault is injected.
type sabotage struct {
	// file has the right code once. The wrong code is compiled in its place.
	file, right, wrong string
	fault              chaos
	// flags are more flags of the local cloud.
	flags []string
}

func sabotages() map[string]sabotage {
	return map[string]sabotage{
		"a duplicate publishes nothing": {
			file:  "pkg/participant/corridor.go",
			right: "t.published = handled.Published\n",
			wrong: "t.published = nil\n",
			fault: chaos{fault: "kill-after-call", chance: 5},
		},
		"a partial failure is ignored": {
			file:  "pkg/eventbridge/eventbridge.go",
			right: "rejected[entries[i].index] = err\n",
			wrong: "rejected[entries[i].index] = nil\n",
			fault: chaos{fault: "put-events-partial", chance: 10},
		},
		"a record is overwritten without its version condition": {
			file: "pkg/dynamo/dynamo.go",
			right: `put.ConditionExpression = aws.String("version = :loaded")
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":loaded": number(record.Version)}`,
			wrong: `put.ConditionExpression = aws.String("attribute_exists(pk)")`,
			fault: chaos{fault: "shuffle", chance: 50},
			flags: []string{"--pause", "Order/Worker"}, // Then its two queues have events of the same orders.
		},
		"the first write of a record overwrites one that stands": {
			file:  "pkg/dynamo/dynamo.go",
			right: `put.ConditionExpression = aws.String("attribute_not_exists(pk)")`,
			fault: chaos{fault: "duplicate-delivery", chance: 20},
		},
		"the error of one event of a batch is that of another": {
			file:  "pkg/worker/handler.go",
			right: "events[i].err = err\n",
			wrong: "events[len(events)-1-i].err = err\n",
			fault: chaos{fault: "dynamodb-conflict", chance: 75}, // A commit is tried eight times: one in ten fails.
			flags: []string{"--pause", "Warehouse/Worker"},       // Then it receives whole batches.
		},
		"the data of an event is dropped before it is known to be published": {
			file:  "pkg/participant/corridor.go",
			right: "next.Handled = append(next.Handled, h)\n",
			wrong: `h.Published = slices.Clone(h.Published)
			for i := range h.Published {
				h.Published[i].Data = nil
			}
			next.Handled = append(next.Handled, h)
`,
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
			orders := c.placeThroughFaults(t, ordersOfAllFaults)
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
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	overlay := s.overlay(t, root, folder)
	functions, err := filepath.Glob(filepath.Join(root, "dist/local/*/*/bootstrap"))
	if err != nil || len(functions) == 0 {
		t.Fatalf("there are no functions (make host builds them): %v", err)
	}
	for _, function := range functions {
		path, err := filepath.Rel(filepath.Join(root, "dist/local"), filepath.Dir(function))
		if err != nil {
			t.Fatal(err)
		}
		// With the Makefile's flags only what the mistake changes is compiled again.
		command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w",
			"-overlay", overlay, "-o", filepath.Join(folder, path, "bootstrap"),
			"./"+filepath.Join("services", filepath.Dir(path), "cmd", filepath.Base(path)))
		command.Dir = root
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("build %s with the mistake: %v\n%s", path, err, output)
		}
	}
	return assemblyOf(t, root, folder)
}

// overlay writes the wrong file, and an overlay that compiles it in place of the right
// one. It returns the path of the overlay.
func (s sabotage) overlay(t *testing.T, root, folder string) string {
	t.Helper()
	source := filepath.Join(root, s.file)
	right, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(right), s.right); n != 1 {
		t.Fatalf("%s has %q %d times, not once", s.file, s.right, n)
	}
	wrong := filepath.Join(folder, "wrong.go")
	write(t, wrong, strings.Replace(string(right), s.right, s.wrong, 1))
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{source: wrong}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(folder, "overlay.json")
	write(t, overlay, string(replaced))
	return overlay
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
