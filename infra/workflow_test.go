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

// workflows returns the texts of the workflows by their files.
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
func TestEveryActionIsPinnedToACommitAndNamesItsVersion(t *testing.T) {
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

func TestAWorkflowHasNoPermissionsBesidesThoseOfItsJobs(t *testing.T) {
	for file, text := range workflows(t) {
		if !strings.Contains(text, "\npermissions: {}\n") {
			t.Errorf("%s does not begin without permissions", file)
		}
		if jobs, listed := strings.Count(text, "\n    runs-on: ")+strings.Count(text, "\n    uses: "), strings.Count(text, "\n    permissions:\n"); jobs == 0 || jobs != listed {
			t.Errorf("in %s %d of %d jobs list their permissions", file, listed, jobs)
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

func TestNoWorkflowHasAKey(t *testing.T) {
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

// The author of a pull request chooses what runs for it.
func TestOnlyADeploymentAssumesTheRoleThatDeploys(t *testing.T) {
	for file, text := range workflows(t) {
		if assumes := strings.Contains(text, "vars.DEPLOYER_ROLE_ARN"); assumes != (file == "environment.yml") {
			t.Errorf("%s assumes the role that deploys: %t", file, assumes)
		}
		if strings.Contains(text, "pull_request:") && strings.Contains(text, "uses: ./.github/workflows/environment.yml") {
			t.Errorf("%s deploys for a pull request", file)
		}
	}
}

// job has the fields of a job that the tests read.
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

// Code that is compiled or cached comes from elsewhere. In a job with credentials
// of AWS it could use them.
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

// What is deployed is built from pinned sources, not from the cache of another run.
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

// A change of a path without an owner needs no review by an owner.
func TestEveryPathThatCanChangePermissionsHasAnOwner(t *testing.T) {
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
				t.Errorf("a path with an owner does not exist: %v", err)
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
