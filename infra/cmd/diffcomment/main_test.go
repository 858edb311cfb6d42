package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPermissionsAndLossesAreShownBeforeTheRest(t *testing.T) {
	shown := rendered(t, changes(t))
	visible, hidden, _ := strings.Cut(shown, "<details>")
	for _, want := range []string{
		"### Stack saga-prod\n",
		"**Replaced or destroyed**",
		"[-] AWS::SQS::Queue Order/Spare OrderSpare5C1B2D3E destroy\n[~] AWS::DynamoDB::Table Warehouse/Table WarehouseTable290B249C replace\n",
		"**Permissions change**",
		"│ + │ ${Order/Table.Arn} │ Allow  │ dynamodb:GetItem │ AWS:${Order/WorkerRole} │           │\n",
	} {
		if !strings.Contains(visible, want) {
			t.Errorf("%q is not shown in:\n%s", want, visible)
		}
	}
	if strings.Contains(visible, "Timeout") || !strings.Contains(hidden, "[~] Timeout") {
		t.Error("the whole diff is not folded away")
	}
	if !strings.HasPrefix(hidden, "<summary>Resources that change: 4</summary>") {
		t.Errorf("the summary is %.60q", hidden)
	}
}

func TestHowTheDiffWasMadeIsNotShown(t *testing.T) {
	for _, noise := range []string{"Building", "Proceeding anyway", "NOTE"} {
		if visible, _, _ := strings.Cut(rendered(t, changes(t)), "<details>"); strings.Contains(visible, noise) {
			t.Errorf("%q is shown", noise)
		}
	}
}

func TestTheCommentOfAnEmptyDiffStatesThatNothingWouldChange(t *testing.T) {
	shown := rendered(t, "Stack saga-prod\nThere were no differences\n\n✨  Number of stacks with differences: 0\n")
	if shown != marker+"\n### Stack saga-prod\n\nA deployment would change nothing.\n" {
		t.Errorf("shown is %q", shown)
	}
}

func TestTheCommentStatesThatNoPermissionsChange(t *testing.T) {
	shown := rendered(t, "Stack saga-prod\nResources\n[~] AWS::Lambda::Function Order/Api OrderApiA305539C\n")
	if !strings.Contains(shown, "No permissions change.") || strings.Contains(shown, "destroyed") {
		t.Errorf("shown is %q", shown)
	}
}

func TestOutputThatIsNoDiffIsAnError(t *testing.T) {
	if _, err := render("Unable to resolve AWS account to use."); err == nil {
		t.Error("an error of the CDK is shown as a diff")
	}
}

func TestACommentIsNeverLongerThanGitHubAccepts(t *testing.T) {
	const much = 20_000
	long := strings.NewReplacer(
		"Resources\n", "Resources\n"+strings.Repeat("[-] AWS::SQS::Queue Much destroy\n", much),
		"(NOTE", strings.Repeat("│ + │ much\n", much)+"(NOTE",
	).Replace(changes(t))
	shown := rendered(t, long)
	if len([]rune(shown)) > 65_536 || !strings.Contains(shown, "… the rest is in the log") || !strings.HasSuffix(shown, "</details>\n") {
		t.Errorf("%d characters are shown, ending %q", len([]rune(shown)), shown[len(shown)-100:])
	}
}

func TestADiffCannotEndItsCodeBlock(t *testing.T) {
	shown := rendered(t, "Stack saga-prod\nResources\n[~] AWS::SNS::Topic T\n```\n# Approved\n")
	if !strings.Contains(shown, "\n````\nStack") {
		t.Errorf("shown is %q", shown)
	}
}

func TestACommentIsPrintedWithoutAPullRequest(t *testing.T) {
	var out strings.Builder
	none := func(string) string { return "" }
	if err := run(t.Context(), strings.NewReader(changes(t)), &out, none); err != nil {
		t.Fatal(err)
	}
	if out.String() != rendered(t, changes(t)) {
		t.Errorf("printed is %q", out.String())
	}
}

func TestAPullRequestHasOneCommentThatIsUpdated(t *testing.T) {
	others := []comment{newComment(1, "octocat", marker+" by hand"), newComment(2, author, "coverage")}
	for len(others) < pageSize {
		others = append(others, newComment(3, "octocat", "hm"))
	}
	for name, test := range map[string]struct {
		comments []comment
		want     string
	}{
		"the first time":         {nil, "POST /repos/acme/shop/issues/7/comments"},
		"among others":           {others, "POST /repos/acme/shop/issues/7/comments"},
		"the second time":        {[]comment{newComment(9, author, marker+" old")}, "PATCH /repos/acme/shop/issues/comments/9"},
		"after many that follow": {append(others, newComment(9, author, marker+" old")), "PATCH /repos/acme/shop/issues/comments/9"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := gitHub(t, test.comments)
			if err := run(t.Context(), strings.NewReader(changes(t)), io.Discard, hub.variable); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.want}, hub.written); diff != "" {
				t.Errorf("written (- want, + got):\n%s", diff)
			}
			if hub.body != rendered(t, changes(t)) {
				t.Errorf("the body is %q", hub.body)
			}
		})
	}
}

func TestTheErrorOfARefusedCommentHasTheReason(t *testing.T) {
	hub := gitHub(t, nil)
	hub.token = "another"
	err := run(t.Context(), strings.NewReader(changes(t)), io.Discard, hub.variable)
	if err == nil || !strings.Contains(err.Error(), "401") || !strings.Contains(err.Error(), "bad credentials") {
		t.Errorf("got %v", err)
	}
}

// fakeHub has the part of GitHub's API that lists and writes comments.
type fakeHub struct {
	url, token string
	written    []string
	body       string
}

func (h *fakeHub) variable(name string) string {
	return map[string]string{
		"GITHUB_API_URL": h.url, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_TOKEN": h.token, "PULL_REQUEST": "7",
	}[name]
}

func gitHub(t *testing.T, comments []comment) *fakeHub {
	t.Helper()
	hub := &fakeHub{token: "secret"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "bad credentials", http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodGet {
			var page int
			fmt.Sscan(r.URL.Query().Get("page"), &page)
			first := min((page-1)*pageSize, len(comments))
			json.NewEncoder(w).Encode(comments[first:min(first+pageSize, len(comments))])
			return
		}
		var content comment
		if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
			t.Error(err)
		}
		hub.written = append(hub.written, r.Method+" "+r.URL.Path)
		hub.body = content.Body
	}))
	t.Cleanup(server.Close)
	hub.url = server.URL
	return hub
}

func newComment(id int64, login, body string) comment {
	made := comment{ID: id, Body: body}
	made.User.Login = login
	return made
}

func rendered(t *testing.T, output string) string {
	t.Helper()
	shown, err := render(output)
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

func changes(t *testing.T) string {
	t.Helper()
	output, err := os.ReadFile("testdata/changes.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}
