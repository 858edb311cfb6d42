package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
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

// job is what the tests read of a job.
type job struct {
	Permissions map[string]string
	Steps       []struct {
		Uses string
		Run  string
		With map[string]string
	}
}

// jobs returns the jobs of all workflows by file and name.
func jobs(t *testing.T) map[string]job {
	t.Helper()
	all := map[string]job{}
	for file, text := range workflows(t) {
		var workflow struct{ Jobs map[string]job }
		if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for name, each := range workflow.Jobs {
			all[file+"/"+name] = each
		}
	}
	return all
}

// What is compiled or cached comes from elsewhere. In a job that AWS gives
// credentials, it could use them.
func TestAJobThatCanHaveCredentialsRunsNothingButTheCDK(t *testing.T) {
	harmless := regexp.MustCompile(`^(make node_modules|tar -xf cdk\.out/assembly\.tar -C cdk\.out|node_modules/\.bin/cdk (deploy|diff) --app "cdk\.out/\$ENVIRONMENT" --build '' [^;&|]*( \| tee diff\.txt)?)$`)
	actions := []string{"actions/checkout", "actions/setup-node", "actions/download-artifact", "actions/upload-artifact", "aws-actions/configure-aws-credentials"}
	checked := 0
	for name, job := range jobs(t) {
		if job.Permissions["id-token"] != "write" || len(job.Steps) == 0 {
			continue
		}
		checked++
		for _, step := range job.Steps {
			action, _, _ := strings.Cut(step.Uses, "@")
			if step.Run != "" && !harmless.MatchString(step.Run) || step.Run == "" && !slices.Contains(actions, action) {
				t.Errorf("%s runs %s%s", name, step.Run, step.Uses)
			}
			if action == "actions/download-artifact" && step.With["path"] != "cdk.out" {
				t.Errorf("%s unpacks an artifact over %q", name, step.With["path"])
			}
		}
		for permission, access := range job.Permissions {
			if permission != "id-token" && access != "read" {
				t.Errorf("%s may also write %s", name, permission)
			}
		}
	}
	if checked != 2 {
		t.Errorf("%d jobs can have credentials: one deploys and one reviews", checked)
	}
}

// Whatever is deployed is built from what is pinned, not from what another run
// left in a cache.
func TestOnlyTheChecksUseACache(t *testing.T) {
	off := map[string]string{"actions/setup-go": "cache", "actions/setup-node": "package-manager-cache"}
	for name, job := range jobs(t) {
		if strings.HasPrefix(name, "check.yml/") {
			continue
		}
		for _, step := range job.Steps {
			action, _, _ := strings.Cut(step.Uses, "@")
			input, caches := off[action]
			if strings.Contains(action, "cache") || caches && step.With[input] != "false" || step.With["cache"] != "" && step.With["cache"] != "false" {
				t.Errorf("%s uses a cache: %s", name, step.Uses)
			}
		}
	}
}

// A path without an owner needs no review of one.
func TestWhatDecidesOnPermissionsHasAnOwner(t *testing.T) {
	text, err := os.ReadFile("../.github/CODEOWNERS")
	if err != nil {
		t.Fatal(err)
	}
	owned := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "@") {
			t.Errorf("%s has no owner", fields[0])
		}
		if path, anchored := strings.CutPrefix(fields[0], "/"); anchored {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("what is owned is not there: %v", err)
			}
		}
		owned[fields[0]] = true
	}
	for _, path := range []string{
		"/.ci/", "/.github/", "/Makefile", "/SECURITY.md", "/cdk.json", "/docs/deployment.md", "/infra/", "/pkg/contract/", "/tools/",
		"go.mod", "go.sum", "go.work", "go.work.sum", "package.json", "package-lock.json",
	} {
		if !owned[path] {
			t.Errorf("%s can be changed without the review of an owner", path)
		}
	}
}
