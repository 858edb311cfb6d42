package document

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// The versions that the CDK supports
// (https://docs.aws.amazon.com/cdk/v2/guide/node-versions.html).
func TestTheDocumentsAndTheWorkflowsNameTheSameVersionOfNode(t *testing.T) {
	version := strings.TrimSpace(read(t, ".node-version"))
	if version != "22" && version != "24" {
		t.Errorf("the CDK does not support Node %s", version)
	}
	for _, document := range []string{"README.md", "CONTRIBUTING.md"} {
		named := regexp.MustCompile(`You need Go [\d.]+ and Node (\d+)`).FindStringSubmatch(read(t, document))
		if len(named) != 2 || named[1] != version {
			t.Errorf("%s names the version %q, and .node-version is %s", document, named, version)
		}
	}
	var project struct{ Engines struct{ Node string } }
	if err := json.Unmarshal([]byte(read(t, "package.json")), &project); err != nil || project.Engines.Node != ">=22" {
		t.Errorf("package.json needs Node %q (%v), and the oldest that the CDK supports is 22", project.Engines.Node, err)
	}
	for _, workflow := range []string{"check", "environment", "review"} {
		text := read(t, ".github/workflows/"+workflow+".yml")
		if setups, pinned := strings.Count(text, "actions/setup-node@"), strings.Count(text, "node-version-file: .node-version"); setups == 0 || setups != pinned {
			t.Errorf("%s.yml sets up Node %d times, %d of them in the version of .node-version", workflow, setups, pinned)
		}
	}
}
