package conformance_test

import (
	"archive/zip"
	"bytes"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The rules are those of
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html and
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html.

// executed invokes a function, and returns the version that has run.
func executed(t *testing.T, name string, qualifier *string) string {
	t.Helper()
	out, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &name, Qualifier: qualifier, Payload: []byte(instruction{Test: unique(), Do: "answer", Answer: "{}"}.String()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.ExecutedVersion)
}

func TestARuleInvokesAnAliasThatAllowsIt(t *testing.T) {
	t.Parallel()
	rule(t, "LV-1", "TL-1", "TL-3")
	o := instruction{Test: unique()}
	id := publish(t, "invoke-alias", o.String())
	if got := decode[envelope](t, awaitNotes(t, o.Test, 1)[0].payload); got.ID != id {
		t.Errorf("the function got %+v", got)
	}
}

func TestAnInvocationRunsTheVersionThatItsQualifierNames(t *testing.T) {
	t.Parallel()
	rule(t, "LV-1")
	name, live := cloud.output("Shifted"), cloud.output("ShiftedLiveArn")
	for _, test := range []struct {
		name      string
		qualifier *string
		want      string
	}{
		{name, nil, "$LATEST"},
		{name + ":$LATEST", nil, "$LATEST"},
		{name, aws.String("1"), "1"},
		{name + ":1", nil, "1"},
		{name + ":1", aws.String("1"), "1"},
	} {
		if got := executed(t, test.name, test.qualifier); got != test.want {
			t.Errorf("%s with %s runs %s, want %s", test.name, aws.ToString(test.qualifier), got, test.want)
		}
	}
	if got := executed(t, live, nil); got == "$LATEST" {
		t.Error("the alias runs $LATEST")
	}
	_, err := cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(name + ":live"), Qualifier: aws.String("1"), Payload: []byte("{}")})
	wantRefusal(t, err, "InvalidParameterValueException", "derived qualifier")
	_, err = cloud.functions.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(name), Qualifier: aws.String("none"), Payload: []byte("{}")})
	wantRefusal(t, err, "ResourceNotFoundException", "none")
}

// release uploads the probe with a file that no other release has, and publishes a version.
func release(t *testing.T, name string) string {
	t.Helper()
	program, err := os.ReadFile(cloud.probe)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for file, content := range map[string][]byte{"bootstrap": program, "release": []byte(unique())} {
		header := &zip.FileHeader{Name: file, Method: zip.Deflate}
		header.SetMode(0o755)
		entry, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.functions.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: archive.Bytes()}); err != nil {
		t.Fatal(err)
	}
	// Until then nothing can be published.
	if err := lambda.NewFunctionUpdatedWaiter(cloud.functions).Wait(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name}, cloud.patience); err != nil {
		t.Fatal(err)
	}
	out, err := cloud.functions.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	again, err := cloud.functions.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil || aws.ToString(again.Version) != aws.ToString(out.Version) {
		t.Errorf("what has not changed is published again: %v, %v", again, err)
	}
	return aws.ToString(out.Version)
}

// move moves the alias live.
func move(t *testing.T, version string, weights map[string]float64) error {
	t.Helper()
	_, err := cloud.functions.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
		FunctionName: aws.String(cloud.output("Shifted")), Name: aws.String("live"), FunctionVersion: &version,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	})
	return err
}

func TestAnAliasDividesTheInvocationsBetweenTwoVersions(t *testing.T) {
	t.Parallel()
	rule(t, "LV-2", "LV-3")
	version := release(t, cloud.output("Shifted"))
	if err := move(t, "1", map[string]float64{version: 0.5}); err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for range 60 {
		ran[executed(t, cloud.output("ShiftedLiveArn"), nil)]++
	}
	// On AWS the first invocations may still run as before.
	if len(ran) != 2 || ran["1"] < 10 || ran[version] < 10 {
		t.Errorf("the invocations of the versions are %v", ran)
	}
	for _, test := range []struct {
		version string
		weights map[string]float64
		code    string
	}{
		{"1", map[string]float64{version: 1.5}, "ValidationException"},
		{"1", map[string]float64{"1": 0.5}, "InvalidParameterValueException"},
		{"1", map[string]float64{version: 0.1, "7": 0.1}, "InvalidParameterValueException"},
		{"$LATEST", map[string]float64{version: 0.5}, "InvalidParameterValueException"},
		{"1000000", nil, "ResourceNotFoundException"},
	} {
		wantRefusal(t, move(t, test.version, test.weights), test.code, "")
	}
	if err := move(t, "1", nil); err != nil {
		t.Fatal(err)
	}
}
