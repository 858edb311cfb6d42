package document

import (
	"strings"
	"testing"
)

func TestARenamedRepositoryBuildsWithoutTheOldPath(t *testing.T) {
	copied := copyTree(t)
	copied.run(t, nil, "git", "init", "--quiet")
	copied.commit(t)
	first, _, _ := strings.Cut(copied.read(t, "pkg/go.mod"), "\n")
	old := strings.TrimSuffix(strings.TrimPrefix(first, "module "), "/pkg")
	for _, name := range []struct{ module, schemas string }{
		{"old.example/depot", "https://schemas.old.example/"},
		{"new.example/trade/v2", "https://schemas.new.example/"},
	} {
		copied.run(t, nil, "make", "rename", "MODULE="+name.module, "FLAGS=-schemas "+name.schemas)
		if left := copied.search(t, old); left != "" {
			t.Errorf("after renaming to %s these lines still have the old path:\n%s", name.module, left)
		}
		copied.commit(t)
		old = name.module
	}
	if unformatted := copied.run(t, nil, "gofmt", "-l", "."); unformatted != "" {
		t.Errorf("not formatted:\n%s", unformatted)
	}
	// The compiled CDK is in the build cache, so this does not compile it again.
	copied.run(t, nil, "go", "vet", "work")
	copied.run(t, nil, "go", "test", "./pkg/contract", "./pkg/participant", "./services/order/...", "./services/payment/...",
		"./services/loyalty", "./operator/watch", "./localcloud/eventbridge")
	copied.run(t, []string{"GOWORK=off"}, "go", "test", "-C", "services/warehouse", ".")
	copied.run(t, []string{"GOWORK=off"}, "go", "test", "-C", "tools", "./rename")
}

func (d tree) commit(t *testing.T) {
	t.Helper()
	d.run(t, nil, "git", "add", "--all")
	d.run(t, nil, "git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "commit", "--quiet", "-m", "All")
}

// search returns the lines of tracked files that have a text.
func (d tree) search(t *testing.T, text string) string {
	t.Helper()
	return d.run(t, nil, "sh", "-c", `git grep -n -F -e "$0" || test $? = 1`, text)
}
