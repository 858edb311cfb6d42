package acceptance

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"example.com/saga/acceptance/await"
)

// liveAlias is the alias by which functions are invoked.
const liveAlias = "live"

// upgrade is a deployment of new programs in the middle of orders, and its rollback. The
// alias of each function that has two versions divides the invocations between them.
type upgrade struct {
	*cloud

	versions map[string]versions
	// oldIsUploaded reports whether the old programs are the uploaded ones. Otherwise the
	// new ones are.
	oldIsUploaded bool
}

// versions are those of a function, by whose name they are.
type versions struct{ deployed, uploaded string }

// upload publishes a version of each function whose program is in the folder.
func (c *cloud) upload(t *testing.T, folder string) map[string]versions {
	t.Helper()
	client := lambda.NewFromConfig(c.aws(t))
	made := map[string]versions{}
	for path, name := range c.Functions {
		// Order/Api is services/order/cmd/api.
		program, err := os.ReadFile(filepath.Join(folder, strings.ToLower(path), "bootstrap"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		live, err := client.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: &name, Name: aws.String(liveAlias)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: programArchive(t, program)}); err != nil {
			t.Fatal(err)
		}
		configuration := &lambda.GetFunctionConfigurationInput{FunctionName: &name}
		if err := lambda.NewFunctionUpdatedWaiter(client).Wait(t.Context(), configuration, await.Patience); err != nil {
			t.Fatal(err)
		}
		published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
		if err != nil {
			t.Fatal(err)
		}
		configuration.Qualifier = published.Version
		if err := lambda.NewPublishedVersionActiveWaiter(client).Wait(t.Context(), configuration, await.Patience); err != nil {
			t.Fatal(err)
		}
		made[name] = versions{deployed: *live.FunctionVersion, uploaded: *published.Version}
	}
	return made
}

// programArchive returns an archive of a program, as Lambda takes it.
func programArchive(t *testing.T, program []byte) []byte {
	t.Helper()
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	header.SetMode(0o755)
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	file, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write(program)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// shift moves the alias of each function to the old version, with a share of the
// invocations for the new one.
func (u *upgrade) shift(t *testing.T, share float64) {
	t.Helper()
	client := lambda.NewFromConfig(u.aws(t))
	for name, of := range u.versions {
		old, latest := of.deployed, of.uploaded
		if u.oldIsUploaded {
			old, latest = latest, old
		}
		routing := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}
		if share > 0 {
			routing.AdditionalVersionWeights[latest] = share
		}
		if _, err := client.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
			FunctionName: &name, Name: aws.String(liveAlias), FunctionVersion: &old, RoutingConfig: routing,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// run places orders while the old programs run, most of them while both do, and the last
// ones after the rollback. It returns what is wrong with all of them in the end, and
// with a replay of all their events to the old programs.
func (u *upgrade) run(t *testing.T, orders int) (wrong []string) {
	t.Helper()
	u.shift(t, 0)
	placed, err := u.tryToPlace(t.Context(), 0, orders/6)
	if err != nil {
		t.Fatal(err) // Only the old programs run.
	}
	u.shift(t, 0.5)
	before := u.invocations(t)
	more, errOfBoth := u.tryToPlace(t.Context(), len(placed), orders*2/3)
	placed = append(placed, more...)
	// One version can have all orders of a function in one batch.
	await.Until(t, "both versions of each function that handles orders are invoked", func() error {
		missing := u.missing(t, before)
		if errOfBoth == nil && missing != "" {
			more, errOfBoth = u.tryToPlace(t.Context(), len(placed), concurrency)
			placed = append(placed, more...)
			return errors.New(missing)
		}
		return nil
	})
	u.checkShares(t, before)
	// Orders are under way, as they are when an alarm rolls a deployment back.
	u.shift(t, 0)
	more, errOfOld := u.tryToPlace(t.Context(), len(placed), orders/6)
	if err := errors.Join(errOfBoth, errOfOld); err != nil {
		return []string{err.Error()}
	}
	u.drained(t)
	if wrong = u.findings(t, append(placed, more...)); len(wrong) > 0 {
		return wrong
	}
	u.checkReplay(t)
	return nil
}

// findings returns lines about what is wrong: dead letters and what the audit finds, else
// orders that have not ended as they must. What cannot be read is wrong.
func (u *upgrade) findings(t *testing.T, orders []placed) (wrong []string) {
	t.Helper()
	for path, n := range u.usage(t).deadLettered() {
		wrong = append(wrong, fmt.Sprintf("%d dead letters are in %s", n, path))
	}
	violations, err := u.audit(t)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	for _, violation := range violations {
		wrong = append(wrong, violation.String())
	}
	if len(wrong) > 0 {
		return wrong
	}
	for _, p := range orders {
		answer, err := u.persist(t.Context(), http.MethodGet, "/orders/"+p.OrderID, "")
		if err != nil {
			return append(wrong, err.Error()) // Each such order would take long.
		}
		var ended order
		if err := json.Unmarshal(answer.Body, &ended); err != nil || !slices.Contains(p.ends, ended.Status) {
			wrong = append(wrong, fmt.Sprintf("the order %s, which is %s, is answered with %d: %s", p.OrderID, p.name, answer.Status, answer.Body))
		}
	}
	return wrong
}

// invocations returns how often each version of each function was invoked, by the
// function's construct path.
func (u *upgrade) invocations(t *testing.T) map[string]map[string]int {
	t.Helper()
	found := map[string]map[string]int{}
	for path, used := range u.usage(t).Functions {
		found[path] = used.Versions
	}
	return found
}

// missing names a version of a function that handles orders that was not invoked since, or
// is "".
func (u *upgrade) missing(t *testing.T, before map[string]map[string]int) string {
	t.Helper()
	for path, now := range u.invocations(t) {
		of, shifted := u.versions[u.Functions[path]]
		if !shifted || path == "Order/Sweeper" { // It is invoked every minute.
			continue
		}
		for _, version := range []string{of.deployed, of.uploaded} {
			if now[version] == before[path][version] {
				return fmt.Sprintf("version %s of %s", version, path)
			}
		}
	}
	return ""
}

// enoughInvocations is how many invocations of a function show how they are divided: by
// chance fewer than a tenth of them go to one of two versions once in 50 million runs.
const enoughInvocations = 40

// checkShares checks that both versions were invoked since.
func (u *upgrade) checkShares(t *testing.T, before map[string]map[string]int) {
	t.Helper()
	checked := 0
	for path, now := range u.invocations(t) {
		of, shifted := u.versions[u.Functions[path]]
		if !shifted {
			continue
		}
		deployed, uploaded := now[of.deployed]-before[path][of.deployed], now[of.uploaded]-before[path][of.uploaded]
		t.Logf("%s: %d invocations of the deployed programs, %d of the uploaded ones", path, deployed, uploaded)
		all := deployed + uploaded
		if all < enoughInvocations {
			continue
		}
		checked++
		if min(deployed, uploaded)*10 < all {
			t.Errorf("%s: %d invocations ran the deployed program, and %d the uploaded one", path, deployed, uploaded)
		}
	}
	if checked == 0 {
		t.Error("no function was invoked often enough to see both versions of it run")
	}
}

// previousRelease names the release that runs in production, as git does. PREVIOUS
// names another.
func previousRelease(t *testing.T) string {
	t.Helper()
	tracked, err := os.ReadFile("previous-release")
	if err != nil {
		t.Fatal(err)
	}
	return cmp.Or(os.Getenv("PREVIOUS"), strings.TrimSpace(string(tracked)))
}

// buildRelease builds the programs of a release, and returns their folder.
func buildRelease(t *testing.T, release string) string {
	t.Helper()
	folder := t.TempDir()
	sources, archive := filepath.Join(folder, "sources"), filepath.Join(folder, "sources.zip")
	command := exec.CommandContext(t.Context(), "git", "archive", "--format=zip", "--output", archive, "--end-of-options", release, "pkg", "services")
	command.Dir = root(t)
	if output, err := command.CombinedOutput(); err != nil {
		missing := fmt.Sprintf("the previous release %s is not in this checkout: fetch it (git fetch --unshallow), or name another (PREVIOUS=…): %v: %s", release, err, output)
		if os.Getenv("GITHUB_ACTIONS") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.CopyFS(sources, reader); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(sources, "services/*/cmd/*/main.go"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the release %s has no functions: %v", release, err)
	}
	built := filepath.Join(folder, "programs")
	for _, main := range found {
		command := filepath.Dir(main)
		context := filepath.Base(filepath.Dir(filepath.Dir(command)))
		compile(t, sources, built, filepath.Join(context, filepath.Base(command)))
	}
	return built
}

// incompatible is a change that the programs of a deployment and those of the one before
// cannot both live with.
type incompatible struct {
	edits []edit
	// programs are those that have the change.
	programs []string
}

func incompatibleChanges() map[string]incompatible {
	const schema = "pkg/contract/schema/order.placed.1.json"
	return map[string]incompatible{
		"a new required field of an event": {
			edits: []edit{
				{schema, "\"paymentMethod\"\n  ],\n  \"properties\": {", "\"paymentMethod\",\n    \"channel\"\n  ],\n  \"properties\": {\n    \"channel\": {\"type\": \"string\"},"},
				{"pkg/contract/order.go", "`json:\"paymentMethod\"`\n", "`json:\"paymentMethod\"`\n\tChannel string `json:\"channel\"`\n"},
			},
			programs: []string{"order/api", "warehouse/worker"},
		},
		"a format of records that the old programs cannot read": {
			edits: []edit{
				{"pkg/dynamo/record.go", "const binaryFormat = 1\n", "const binaryFormat = 2\n"},
				{"pkg/dynamo/record.go", "encoded[0] != binaryFormat {", "encoded[0] > binaryFormat {"},
			},
			programs: []string{"order/api", "order/worker"},
		},
	}
}

// A deployment runs old and new programs side by side, and a rollback brings the old ones
// to what the new ones have written.
func TestOldAndNewProgramsHandleTheSameOrdersAndARollbackHandlesThemToo(t *testing.T) {
	seed := chaosSeed(t)
	t.Logf("CHAOS_SEED=%d repeats these runs", seed)
	flags := faultFlags(seed, quarters(allChaos())...)
	t.Run("with the previous release", func(t *testing.T) {
		t.Parallel()
		release := previousRelease(t)
		programs := buildRelease(t, release)
		c := startCloud(t, flags...)
		u := &upgrade{c, c.upload(t, programs), true}
		t.Logf("%s runs beside the working tree", release)
		for _, wrong := range u.run(t, chaosOrders(t, ordersOfAllFaults)) {
			t.Error(wrong)
		}
	})
	for name, change := range incompatibleChanges() {
		t.Run("the run finds "+name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			for _, program := range change.programs {
				compile(t, root(t), folder, program, "-overlay", overlay(t, folder, change.edits...))
			}
			c := startCloud(t, flags...)
			u := &upgrade{c, c.upload(t, folder), false}
			wrong := u.run(t, ordersOfAllFaults)
			if len(wrong) == 0 {
				t.Error("the run finds nothing wrong")
			}
			t.Logf("%d findings, the first of which are:\n%s", len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "\n"))
		})
	}
}
