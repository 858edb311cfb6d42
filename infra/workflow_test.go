package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflows gives the texts of the workflows by their files.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no workflows: %v", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	return texts
}

// A tag can be moved to other code, a commit cannot.
func TestEveryActionIsPinnedToACommitAndTellsItsVersion(t *testing.T) {
	uses := regexp.MustCompile(`(?m)uses: (.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for file, text := range workflows(t) {
		for _, action := range uses.FindAllStringSubmatch(text, -1) {
			if own := strings.HasPrefix(action[1], "./.github/workflows/"); !own && !pinned.MatchString(action[1]) {
				t.Errorf("%s uses %s", file, action[1])
			}
		}
	}
}

func TestAWorkflowMayDoNothingThatAJobDoesNotAskFor(t *testing.T) {
	for file, text := range workflows(t) {
		if !strings.Contains(text, "\npermissions: {}\n") {
			t.Errorf("%s does not begin without permissions", file)
		}
		if jobs, asked := strings.Count(text, "\n    runs-on: ")+strings.Count(text, "\n    uses: "), strings.Count(text, "\n    permissions:\n"); jobs == 0 || jobs != asked {
			t.Errorf("in %s %d of %d jobs say what they may do", file, asked, jobs)
		}
	}
}

func TestNoJobRunsForever(t *testing.T) {
	for file, text := range workflows(t) {
		if jobs, limited := strings.Count(text, "\n    runs-on: "), strings.Count(text, "\n    timeout-minutes: "); jobs != limited {
			t.Errorf("in %s %d of %d jobs have a timeout", file, limited, jobs)
		}
	}
}

func TestNoWorkflowHoldsAKey(t *testing.T) {
	key := regexp.MustCompile(`secrets\.|secret-access-key|AWS_SECRET|pull_request_target`)
	for file, text := range workflows(t) {
		if found := key.FindString(text); found != "" {
			t.Errorf("%s has %s", file, found)
		}
		if checkouts, forgotten := strings.Count(text, "actions/checkout@"), strings.Count(text, "persist-credentials: false"); checkouts != forgotten {
			t.Errorf("in %s %d of %d checkouts leave GitHub's token behind", file, checkouts-forgotten, checkouts)
		}
	}
}

// What runs for a pull request is written by whoever opened it.
func TestOnlyADeploymentTakesTheRoleThatDeploys(t *testing.T) {
	for file, text := range workflows(t) {
		if takes := strings.Contains(text, "vars.DEPLOYER_ROLE_ARN"); takes != (file == "environment.yml") {
			t.Errorf("%s takes the role that deploys: %t", file, takes)
		}
		if strings.Contains(text, "pull_request:") && strings.Contains(text, "uses: ./.github/workflows/environment.yml") {
			t.Errorf("%s deploys for a pull request", file)
		}
	}
}
