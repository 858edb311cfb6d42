package lambda_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"example.com/saga/localcloud/lambda"
)

// listing has three functions, of which one has a version and an alias.
func listing(t *testing.T) (b *bench, arn string) {
	t.Helper()
	b = newBench(t, nil)
	b.add("url", nil)
	b.add("batch", nil)
	arn = b.add("behave", func(f *lambda.Function) { f.Role, f.Environment["TABLE"] = "arn:aws:iam::"+account+":role/r", "orders" })
	if _, err := b.Publish(arn); err != nil {
		t.Fatal(err)
	}
	if err := b.CreateAlias(arn, lambda.Alias{Name: "live", Version: "1"}); err != nil {
		t.Fatal(err)
	}
	return b, arn
}

func TestFunctionsAreListedByNameOnPages(t *testing.T) {
	b, arn := listing(t)
	c := b.client()
	for name, test := range map[string]struct {
		in   awslambda.ListFunctionsInput
		want []string
	}{
		"one on a page": {awslambda.ListFunctionsInput{MaxItems: aws.Int32(1)}, []string{lambdas + "batch", arn, lambdas + "url"}},
		"as a whole":    {awslambda.ListFunctionsInput{MaxItems: aws.Int32(10_000)}, []string{lambdas + "batch", arn, lambdas + "url"}},
	} {
		var got []string
		for pages := awslambda.NewListFunctionsPaginator(c, &test.in); pages.HasMorePages(); {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range out.Functions {
				got = append(got, *f.FunctionArn)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: the functions are %v, want %v", name, got, test.want)
		}
	}
}

func TestAFunctionIsReturnedWithTheFolderOfItsCode(t *testing.T) {
	b, arn := listing(t)
	out, err := b.client().GetFunction(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("behave"), Qualifier: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	configuration := out.Configuration
	if *configuration.FunctionArn != arn+":live" || *configuration.Version != "1" || *out.Code.Location != "file://"+bootstrap ||
		!strings.HasSuffix(*configuration.Role, ":role/r") || *configuration.LoggingConfig.LogGroup != "/aws/lambda/behave" {
		t.Errorf("the function is %+v %+v", configuration, out.Code)
	}
	if got := configuration.Environment.Variables; len(got) != 1 || got["TABLE"] != "orders" {
		t.Errorf("its variables are %v", got)
	}
}

func TestMappingsAreListedByQueueAndByFunction(t *testing.T) {
	b, arn := listing(t)
	first, second := b.addQueue("first", nil), b.addQueue("second", nil)
	for _, source := range []lambda.EventSource{
		{ID: "1", QueueARN: first, FunctionARN: arn + ":live", BatchSize: 7, MaximumConcurrency: 2, ReportBatchItemFailures: true},
		{ID: "2", QueueARN: second, FunctionARN: arn, BatchSize: 1},
	} {
		if err := b.Map(source); err != nil {
			t.Fatal(err)
		}
	}
	c := b.client()
	for name, test := range map[string]struct {
		in   awslambda.ListEventSourceMappingsInput
		want []string
	}{
		"all":           {awslambda.ListEventSourceMappingsInput{}, []string{"1", "2"}},
		"of a queue":    {awslambda.ListEventSourceMappingsInput{EventSourceArn: &second}, []string{"2"}},
		"of a function": {awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("behave")}, []string{"2"}},
		"of an alias":   {awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("behave:live")}, []string{"1"}},
		"of neither":    {awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("behave"), EventSourceArn: &first}, nil},
	} {
		out, err := c.ListEventSourceMappings(t.Context(), &test.in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range out.EventSourceMappings {
			got = append(got, *m.UUID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: the mappings are %v, want %v", name, got, test.want)
		}
	}
	out, err := c.ListEventSourceMappings(t.Context(), &awslambda.ListEventSourceMappingsInput{EventSourceArn: &first})
	if err != nil {
		t.Fatal(err)
	}
	if m := out.EventSourceMappings[0]; *m.BatchSize != 7 || *m.ScalingConfig.MaximumConcurrency != 2 || *m.State != "Enabled" ||
		*m.FunctionArn != arn+":live" || m.FunctionResponseTypes[0] != types.FunctionResponseTypeReportBatchItemFailures {
		t.Errorf("the mapping is %+v", m)
	}
}

func TestTheTailOfTheLogHasWhatTheInvocationWrote(t *testing.T) {
	b := newBench(t, nil)
	b.add("behave", func(f *lambda.Function) { f.Concurrency = 1 })
	c := b.client()
	for do, want := range map[string]string{
		"print": `(?s)(^|\n)out 0\nerr 0\nout 1\nerr 1\nout 2\nerr 2\n$`,
		"exit":  `(^|\n)last words\nRequestId: [\w-]+ Error: Runtime exited with error: exit status 7\n$`,
		"long":  `^x+\n$`,
	} {
		b.callAPI(b.api(), http.MethodPost, lambda.APIPath+"behave/invocations", `{"do": "trace"}`, nil)
		out, err := c.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("behave"), LogType: types.LogTypeTail, Payload: []byte(`{"do": "` + do + `"}`)})
		if err != nil {
			t.Fatal(err)
		}
		log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
		if do == "long" && len(log) != 4<<10 {
			t.Errorf("of a long line the log has %d bytes", len(log))
		}
		if err != nil || !regexp.MustCompile(want).Match(log) || strings.Contains(string(log), "trace") {
			t.Errorf("%s: %v: the log is %q, want %q", do, err, log, want)
		}
	}
	out, err := c.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("behave"), LogType: types.LogTypeNone, Payload: []byte(echo)})
	if err != nil || out.LogResult != nil {
		t.Errorf("without the tail: %v %s", err, aws.ToString(out.LogResult))
	}
}
