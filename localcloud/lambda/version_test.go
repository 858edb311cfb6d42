package lambda_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/localcloud/lambda"
)

// client is an unmodified client of the service.
func (b *bench) client() *awslambda.Client {
	b.Helper()
	return awslambda.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(b.api().URL),
		Credentials: credentials.NewStaticCredentialsProvider("operator", "s", ""),
	})
}

// archived returns an archive of the test function, with a file that distinguishes it.
func (b *bench) archived(mark string) []byte {
	b.Helper()
	program, err := os.ReadFile(bootstrap)
	if err != nil {
		b.Fatal(err)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, one := range []struct {
		name    string
		content []byte
	}{{"bootstrap", program}, {"mark", []byte(mark)}} {
		header := &zip.FileHeader{Name: one.name, Method: zip.Store}
		header.SetMode(0o755)
		file, err := w.CreateHeader(header)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := file.Write(one.content); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return archive.Bytes()
}

// publish updates the code of behave, and publishes a version of it.
func (b *bench) publish(client *awslambda.Client, mark string) string {
	b.Helper()
	if _, err := client.UpdateFunctionCode(b.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: aws.String("behave"), ZipFile: b.archived(mark)}); err != nil {
		b.Fatal(err)
	}
	out, err := client.PublishVersion(b.Context(), &awslambda.PublishVersionInput{FunctionName: aws.String("behave")})
	if err != nil {
		b.Fatal(err)
	}
	return aws.ToString(out.Version)
}

// ran is what an invocation says about itself.
type ran struct {
	version, arn string
	pid          int
	// mark is that of the code; empty for the code of the template.
	mark string
}

func (b *bench) run(client *awslambda.Client, name, qualifier string) ran {
	b.Helper()
	in := &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"do": "context"}`)}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	out, err := client.Invoke(b.Context(), in)
	if err != nil {
		b.Fatal(err)
	}
	got := decode[struct {
		ARN, Folder string
		PID         int
	}](b, out.Payload)
	mark, err := os.ReadFile(filepath.Join(got.Folder, "mark"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.Fatal(err)
	}
	return ran{aws.ToString(out.ExecutedVersion), got.ARN, got.PID, string(mark)}
}

// moveLive moves the alias live.
func (b *bench) moveLive(client *awslambda.Client, version string, weights map[string]float64) {
	b.Helper()
	if _, err := client.UpdateAlias(b.Context(), &awslambda.UpdateAliasInput{
		FunctionName: aws.String("behave"), Name: aws.String("live"), FunctionVersion: &version,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	}); err != nil {
		b.Fatal(err)
	}
}

// addLive creates behave as a template does, with the version 1 behind the alias live.
func (b *bench) addLive(edit func(*lambda.Function)) string {
	b.Helper()
	arn := b.add("behave", edit)
	version, err := b.Publish(arn)
	if err != nil || version != "1" {
		b.Fatalf("the version is %s, %v", version, err)
	}
	if err := b.CreateAlias(arn, lambda.Alias{Name: "live", Version: "1"}); err != nil {
		b.Fatal(err)
	}
	return arn
}

func TestAVersionAndAnAliasAreInvokedByEveryNameOfThem(t *testing.T) {
	b := newBench(t, nil)
	arn := b.addLive(nil)
	client := b.client()
	for _, test := range []struct{ name, qualifier, version, arn string }{
		{"behave", "", "$LATEST", arn},
		{"behave:$LATEST", "", "$LATEST", arn + ":$LATEST"},
		{"behave:1", "", "1", arn + ":1"},
		{"behave", "1", "1", arn + ":1"},
		{"behave:live", "", "1", arn + ":live"},
		{"behave:live", "live", "1", arn + ":live"},
		{arn + ":live", "", "1", arn + ":live"},
		{arn, "live", "1", arn + ":live"},
		{account + ":function:behave:live", "", "1", arn + ":live"},
	} {
		got := b.run(client, test.name, test.qualifier)
		if got.version != test.version || got.arn != test.arn {
			t.Errorf("%s with %q is version %s of %s", test.name, test.qualifier, got.version, got.arn)
		}
	}
	seen := decode[[]string](b, b.invoke(arn+":live", "environment").Payload)
	stream := slices.IndexFunc(seen, func(v string) bool { return strings.HasPrefix(v, "AWS_LAMBDA_LOG_STREAM_NAME=") })
	if !slices.Contains(seen, "AWS_LAMBDA_FUNCTION_VERSION=1") || stream < 0 || !strings.Contains(seen[stream], "/[1]") {
		t.Errorf("the version is not in the environment %q", seen)
	}
}

func TestAPublishedVersionKeepsItsCode(t *testing.T) {
	b := newBench(t, nil)
	b.addLive(nil)
	client := b.client()
	for _, mark := range []string{"second", "third"} {
		b.publish(client, mark)
	}
	if _, err := client.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{FunctionName: aws.String("behave"), ZipFile: b.archived("fourth")}); err != nil {
		t.Fatal(err)
	}
	for qualifier, want := range map[string]string{"1": "", "2": "second", "3": "third", "$LATEST": "fourth", "live": ""} {
		if got := b.run(client, "behave", qualifier); got.mark != want {
			t.Errorf("%s runs the code %q, want %q", qualifier, got.mark, want)
		}
	}
}

func TestCodeThatHasNotChangedIsNotPublishedAgain(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	client := b.client()
	publish := func() string {
		out, err := client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: aws.String("behave")})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.Version)
	}
	got := []string{publish(), publish(), b.publish(client, "a"), b.publish(client, "a"), publish(), b.publish(client, "b"), b.publish(client, "a")}
	if diff := cmp.Diff([]string{"1", "1", "2", "2", "2", "3", "4"}, got); diff != "" {
		t.Errorf("the versions are (-want +got):\n%s", diff)
	}
	out, err := client.ListVersionsByFunction(t.Context(), &awslambda.ListVersionsByFunctionInput{FunctionName: aws.String("behave")})
	if err != nil || len(out.Versions) != 5 || aws.ToString(out.Versions[2].CodeSha256) != aws.ToString(out.Versions[4].CodeSha256) {
		t.Errorf("the versions are listed as %+v, %v", out, err)
	}
	if err := awslambda.NewPublishedVersionActiveWaiter(client).Wait(t.Context(), &awslambda.GetFunctionConfigurationInput{
		FunctionName: aws.String("behave"), Qualifier: aws.String("4"),
	}, time.Second); err != nil {
		t.Error(err)
	}
}

func TestAVersionThatIsPublishedHasACopyOfItsCode(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	client := b.client()
	if _, err := client.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: aws.String("behave")}); err != nil {
		t.Fatal(err)
	}
	folder := decode[struct{ Folder string }](b, b.invoke(lambdas+"behave:1", "context").Payload).Folder
	if folder == filepath.Dir(bootstrap) {
		t.Error("the version runs in the function's folder")
	}
	b.Close()
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the code is still there: %v", err)
	}
}

func TestAnAliasOfTwoVersionsDividesTheInvocationsBetweenThem(t *testing.T) {
	sequence := func(seed uint64, weight float64) (string, map[string]int) {
		b := newBench(t, func(c *lambda.Config) { c.Seed = seed })
		b.addLive(nil)
		client := b.client()
		b.moveLive(client, "1", map[string]float64{b.publish(client, "second"): weight})
		var versions strings.Builder
		for range 200 {
			versions.WriteString(b.run(client, "behave", "live").version)
		}
		return versions.String(), b.Stats(lambdas + "behave").Versions
	}
	first, counted := sequence(1, 0.25)
	if n := strings.Count(first, "2"); n < 30 || n > 70 || counted["2"] != n || counted["1"] != 200-n {
		t.Errorf("version 2 got %d of 200 invocations, want about 50; counted are %v", n, counted)
	}
	if again, _ := sequence(1, 0.25); again != first {
		t.Error("the same seed chooses other versions")
	}
	if other, _ := sequence(2, 0.25); other == first {
		t.Error("another seed chooses the same versions")
	}
	for weight, want := range map[float64]string{0: "1", 1: "2"} {
		if all, _ := sequence(1, weight); all != strings.Repeat(want, 200) {
			t.Errorf("with the weight %g the versions are %s", weight, all)
		}
	}
}

func TestAnAliasKeepsWhatAnUpdateDoesNotName(t *testing.T) {
	b := newBench(t, nil)
	b.addLive(nil)
	client := b.client()
	second := b.publish(client, "second")
	b.moveLive(client, "1", map[string]float64{second: 0.5})
	third := b.publish(client, "third")
	if _, err := client.UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{FunctionName: aws.String("behave"), Name: aws.String("live"), FunctionVersion: &third}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("behave"), Name: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(got.FunctionVersion) != third || !maps.Equal(got.RoutingConfig.AdditionalVersionWeights, map[string]float64{second: 0.5}) ||
		aws.ToString(got.AliasArn) != lambdas+"behave:live" {
		t.Errorf("the alias is %+v", got)
	}
	b.moveLive(client, third, map[string]float64{})
	if got, err = client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("behave"), Name: aws.String("live")}); err != nil || got.RoutingConfig != nil {
		t.Errorf("the alias is %+v, %v", got, err)
	}
}

func TestWhatLambdaRefusesAboutVersionsIsRefusedWithItsCode(t *testing.T) {
	b := newBench(t, nil)
	b.addLive(nil)
	client := b.client()
	b.publish(client, "second")
	ctx, behave, live := t.Context(), aws.String("behave"), aws.String("live")
	move := func(version string, weights map[string]float64) error {
		_, err := client.UpdateAlias(ctx, &awslambda.UpdateAliasInput{
			FunctionName: behave, Name: live, FunctionVersion: &version,
			RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
		})
		return err
	}
	invoke := func(name, qualifier string) error {
		_, err := client.Invoke(ctx, &awslambda.InvokeInput{FunctionName: &name, Qualifier: &qualifier, Payload: []byte(echo)})
		return err
	}
	update := func(name string, in awslambda.UpdateFunctionCodeInput) error {
		in.FunctionName = &name
		_, err := client.UpdateFunctionCode(ctx, &in)
		return err
	}
	const notFound, invalid, validation = "ResourceNotFoundException", "InvalidParameterValueException", "ValidationException"
	for name, test := range map[string]struct {
		err        error
		code, text string
	}{
		"a version that does not exist":        {invoke("behave", "9"), notFound, "Function not found: " + lambdas + "behave:9"},
		"an empty qualifier":                   {second(client.Invoke(ctx, &awslambda.InvokeInput{FunctionName: aws.String("behave:"), Payload: []byte(echo)})), notFound, "behave:"},
		"an alias that does not exist":         {invoke("behave:none", "none"), notFound, "behave:none"},
		"two qualifiers":                       {invoke("behave:live", "1"), invalid, "derived qualifier"},
		"an alias to no version":               {move("9", nil), notFound, "behave:9"},
		"an alias to what is no version":       {move("newest", nil), validation, "functionVersion"},
		"a weight of no version":               {move("1", map[string]float64{"9": 0.5}), notFound, "behave:9"},
		"a weight above 1":                     {move("1", map[string]float64{"2": 1.5}), validation, "less than or equal to 1.0"},
		"a weight below 0":                     {move("1", map[string]float64{"2": -0.5}), validation, "greater than or equal to 0.0"},
		"a weight of what is no version":       {move("1", map[string]float64{"live": 0.5}), validation, "[0-9]+"},
		"two weights":                          {move("1", map[string]float64{"2": 0.5, "3": 0.1}), invalid, "cannot be greater than 1"},
		"a weight of the same version":         {move("1", map[string]float64{"1": 0.5}), invalid, "already included"},
		"a weight beside $LATEST":              {move("$LATEST", map[string]float64{"2": 0.5}), invalid, "$LATEST is not supported"},
		"a weight of $LATEST":                  {move("1", map[string]float64{"$LATEST": 0.5}), invalid, "$LATEST is not supported"},
		"what is no archive":                   {update("behave", awslambda.UpdateFunctionCodeInput{ZipFile: []byte("x")}), invalid, "Could not unzip"},
		"no archive":                           {update("behave", awslambda.UpdateFunctionCodeInput{}), invalid, "non-empty zip"},
		"code in S3":                           {update("behave", awslambda.UpdateFunctionCodeInput{S3Bucket: aws.String("b"), S3Key: aws.String("k")}), validation, "S3Bucket"},
		"the code of a version":                {update("behave:1", awslambda.UpdateFunctionCodeInput{ZipFile: []byte("x")}), invalid, "name the function alone"},
		"another hash than that of the code":   {second(client.PublishVersion(ctx, &awslambda.PublishVersionInput{FunctionName: behave, CodeSha256: aws.String("x")})), invalid, "CodeSHA256"},
		"an alias that is not there":           {second(client.GetAlias(ctx, &awslambda.GetAliasInput{FunctionName: behave, Name: aws.String("none")})), notFound, "Cannot find alias arn: " + lambdas + "behave:none"},
		"to move an alias that is not there":   {second(client.UpdateAlias(ctx, &awslambda.UpdateAliasInput{FunctionName: behave, Name: aws.String("none")})), notFound, "Cannot find alias"},
		"a page of versions":                   {second(client.ListVersionsByFunction(ctx, &awslambda.ListVersionsByFunctionInput{FunctionName: behave, MaxItems: aws.Int32(1)})), invalid, "MaxItems"},
		"an alias with the name of a version":  {b.CreateAlias(lambdas+"behave", lambda.Alias{Name: "7", Version: "1"}), validation, "name"},
		"an alias that is already there":       {b.CreateAlias(lambdas+"behave", lambda.Alias{Name: "live", Version: "1"}), "ResourceConflictException", "already exists"},
		"an alias of a function that is none":  {b.CreateAlias(lambdas+"none", lambda.Alias{Name: "live", Version: "1"}), notFound, "none"},
		"the description of an alias":          {second(client.UpdateAlias(ctx, &awslambda.UpdateAliasInput{FunctionName: behave, Name: live, Description: aws.String("x")})), validation, "Description"},
		"the version of a function that is no": {second(b.Publish(lambdas + "none")), notFound, "none"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.code) || !strings.Contains(test.err.Error(), test.text) {
			t.Errorf("%s: the error is %v, want %s: …%s…", name, test.err, test.code, test.text)
		}
		if failure, ok := errors.AsType[smithy.APIError](test.err); ok && failure.ErrorCode() != test.code {
			t.Errorf("%s: the code is %s, want %s", name, failure.ErrorCode(), test.code)
		}
	}
	if got := b.run(client, "behave", "live"); got.version != "1" {
		t.Errorf("after what was refused, the alias leads to %s", got.version)
	}
}

func TestAPermissionIsForTheARNWithItsQualifier(t *testing.T) {
	b := newBench(t, nil)
	arn := b.addLive(nil)
	server, forbidden := b.api(), http.Header{"Authorization": {signedBy("forbidden")}}
	for _, test := range []struct{ method, path, action, resource string }{
		{http.MethodPost, "behave/invocations", "lambda:InvokeFunction", arn},
		{http.MethodPost, "behave/invocations?Qualifier=live", "lambda:InvokeFunction", arn + ":live"},
		{http.MethodPost, "behave:1/invocations", "lambda:InvokeFunction", arn + ":1"},
		{http.MethodGet, "behave/configuration?Qualifier=live", "lambda:GetFunctionConfiguration", arn + ":live"},
		{http.MethodGet, "behave/aliases/live", "lambda:GetAlias", arn},
		{http.MethodPut, "behave/aliases/live", "lambda:UpdateAlias", arn},
		{http.MethodPost, "behave/versions", "lambda:PublishVersion", arn},
		{http.MethodGet, "behave/versions", "lambda:ListVersionsByFunction", arn},
		{http.MethodPut, "behave/code", "lambda:UpdateFunctionCode", arn},
	} {
		got := b.callAPI(server, test.method, lambda.APIPath+test.path, "{}", forbidden)
		if want := "not authorized to perform " + test.action + " on " + test.resource + `"`; !strings.Contains(got.body, want) {
			t.Errorf("%s %s is answered %s, want %s", test.method, test.path, got.body, want)
		}
	}
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

func TestTheProcessesOfReplacedCodeEnd(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", nil)
	client := b.client()
	idle := b.run(client, "behave", "").pid
	b.publish(client, "new")
	b.eventually("the end of the idle process", func() bool { return errors.Is(syscall.Kill(idle, 0), syscall.ESRCH) })
	if got := b.run(client, "behave", "").mark; got != "new" {
		t.Errorf("the code is %q", got)
	}
}

func TestAllVersionsOfAFunctionShareItsConcurrency(t *testing.T) {
	b := newBench(t, nil)
	arn := b.addLive(func(f *lambda.Function) { f.Concurrency = 1 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for { // The probe below may take its place for a moment.
			if _, err := b.Invoke(t.Context(), arn+":live", []byte(`{"do": "pause"}`)); err == nil || t.Context().Err() != nil {
				return
			}
		}
	}()
	b.eventually("an invocation of another version is throttled", func() bool {
		_, err := b.Invoke(t.Context(), arn, []byte(echo))
		return err != nil && strings.Contains(err.Error(), "TooManyRequestsException")
	})
	<-done
}

func TestEventsAndMessagesForAnAliasGoWhereItLeads(t *testing.T) {
	b := newBench(t, nil)
	b.addLive(func(f *lambda.Function) { f.Retries = map[string]lambda.Retries{"live": {MaximumAttempts: new(0)}} })
	arn := b.addQueue("work", nil)
	if err := b.Map(lambda.EventSource{QueueARN: arn, FunctionARN: lambdas + "behave:live", BatchSize: 1}); err != nil {
		t.Fatal(err)
	}
	client := b.client()
	b.moveLive(client, b.publish(client, "second"), nil)
	if err := b.InvokeAsync(t.Context(), lambdas+"behave:live", []byte(`{"do": "error"}`)); err != nil {
		t.Fatal(err)
	}
	b.sendTo(arn, "", "x")
	b.eventually("both invocations", func() bool { return b.Idle() && b.Mappings()[0].Invocations > 0 })
	// The alias has no retries, and the message is hidden after the first attempt.
	if got := b.Stats(lambdas + "behave").Versions; !maps.Equal(got, map[string]int{"2": 2}) {
		t.Errorf("the invocations of the versions are %v", got)
	}
}
