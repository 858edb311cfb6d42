package acceptance

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// edit is a change of a file, which has the old text once. Without an old text it begins a
// new file.
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
				old:  "t.published, t.outcome = handled.Published, Duplicate\n",
				new:  "t.published, t.outcome = nil, Duplicate\n",
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
				old: `put.ConditionExpression = aws.String("#version = :loaded")
		put.ExpressionAttributeNames = map[string]string{"#version": s.vocabulary.name("version")}
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":loaded": number(record.Version)}`,
				new: `put.ConditionExpression = aws.String("attribute_exists(pk)")`,
			},
			fault: chaos{fault: "shuffle", chance: 50},
			flags: []string{"--pause", "Order/Worker"}, // Then its two queues have events of the same orders.
		},
		"the first write of a record overwrites one that stands": {
			mistake: edit{
				file: "pkg/dynamo/dynamo.go",
				old: `put.ConditionExpression = aws.String("attribute_not_exists(#pk)")
		put.ExpressionAttributeNames = map[string]string{"#pk": s.vocabulary.name("pk")}`,
			},
			fault: chaos{fault: "duplicate-delivery", chance: 20},
		},
		"the error of one event of a batch is that of another": {
			mistake: edit{
				file: "pkg/worker/handler.go",
				old:  "parsed[i].err = err\n",
				new:  "parsed[len(parsed)-1-i].err = err\n",
			},
			fault: chaos{fault: "dynamodb-conflict", chance: 75}, // A commit is tried eight times: one in ten fails.
			flags: []string{"--pause", "Warehouse/Worker"},       // Then it receives whole batches.
		},
		"the data of an event is dropped before it is known to be published": {
			mistake: edit{
				file: "pkg/participant/settle.go",
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
	functions := buildMistakes(t)
	for name, mistake := range sabotages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assembly := assemblyOf(t, functions, name)
			c := startCloud(t, slices.Concat(faultFlags(seed, mistake.fault), mistake.flags, []string{"--assembly", assembly})...)
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

// mistakeVariable is the environment variable that names the mistake of a program.
const mistakeVariable = "MISTAKE"

// buildMistakes compiles the functions with all mistakes, because linking them takes longer
// than a run, and returns their folder. A program makes the mistake that mistakeVariable
// names.
func buildMistakes(t *testing.T) string {
	t.Helper()
	var edits []edit
	packages := map[string]bool{}
	for name, each := range sabotages() {
		folder := path.Dir(each.mistake.file)
		if !packages[folder] {
			packages[folder] = true
			edits = append(edits, edit{file: folder + "/mistake.go", new: fmt.Sprintf(
				"package %s\n\nimport \"os\"\n\nvar mistake = os.Getenv(%q)\n", path.Base(folder), mistakeVariable)})
		}
		edits = append(edits, edit{
			file: each.mistake.file,
			old:  each.mistake.old,
			new:  fmt.Sprintf("if mistake == %q {\n%s\n} else {\n%s\n}\n", name, each.mistake.new, each.mistake.old),
		})
	}
	functions := t.TempDir()
	replaced := overlay(t, functions, edits...)
	for _, program := range programs(t) {
		compile(t, root(t), functions, program, "-overlay", replaced)
	}
	return functions
}

// assemblyOf returns a copy of the assembly, with the functions of a folder as its assets,
// which make a mistake.
func assemblyOf(t *testing.T, functions, mistake string) string {
	t.Helper()
	assembly := t.TempDir()
	if err := os.CopyFS(assembly, os.DirFS(filepath.Join(root(t), "cdk.out/local"))); err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(root(t), "dist/local")
	replaceInAll(t, filepath.Join(assembly, "*.assets.json"), built, functions)
	// Every function has variables, and this is none of them.
	replaceInAll(t, filepath.Join(assembly, "*.template.json"), `"Variables": {`, fmt.Sprintf(`"Variables": {%q: %q,`, mistakeVariable, mistake))
	return assembly
}

// replaceInAll replaces a text in files, each of which has it.
func replaceInAll(t *testing.T, pattern, old, replacement string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s matches %v, %v", pattern, paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), old) {
			t.Fatalf("%s does not have %s", path, old)
		}
		write(t, path, strings.ReplaceAll(string(content), old, replacement))
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
