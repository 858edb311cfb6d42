// Command bootstrap is a Lambda function for tests. The handler's name is what
// it does with an event.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

func main() {
	switch handler := os.Getenv("_HANDLER"); handler {
	case "behave":
		lambda.Start(behave)
	case "batch":
		lambda.Start(batch)
	case "url":
		lambda.Start(url)
	case "broken":
		fmt.Fprintln(os.Stderr, "the configuration is missing")
		fmt.Fprint(os.Stderr, "giving up")
		os.Exit(3)
	case "raw":
		raw(os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	case "initerror":
		post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/init/error", `{"errorType":"Config","errorMessage":"no table"}`)
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "unknown handler", handler)
		os.Exit(1)
	}
}

type order struct {
	Do   string
	Text string
}

func behave(ctx context.Context, in order) (any, error) {
	switch in.Do {
	case "echo":
		return in.Text, nil
	case "print":
		for i := range 3 {
			fmt.Println("out", i)
			fmt.Fprintln(os.Stderr, "err", i)
		}
		fmt.Print("no end")
		return nil, nil
	case "long":
		fmt.Println(strings.Repeat("x", 5000))
		return nil, nil
	case "error":
		return nil, errors.New("it went wrong")
	case "panic":
		panic("at the disco")
	case "exit":
		fmt.Print("last words")
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Minute)
	case "pause":
		time.Sleep(300 * time.Millisecond)
		return os.Getpid(), nil
	case "large":
		return strings.Repeat("x", 7<<20), nil
	case "environment":
		return os.Environ(), nil
	case "trace":
		fmt.Println("trace", ctx.Value("x-amzn-trace-id"))
		if in.Text == "fail" {
			return nil, errors.New("it went wrong")
		}
		return fmt.Sprint(ctx.Value("x-amzn-trace-id"), " to ", os.Getenv("AWS_XRAY_DAEMON_ADDRESS")), nil
	case "child", "detached":
		child := exec.Command("sleep", "60")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: in.Do == "detached"}
		if err := child.Start(); err != nil {
			return nil, err
		}
		return []int{os.Getpid(), child.Process.Pid}, nil
	case "context":
		deadline, _ := ctx.Deadline()
		known, _ := lambdacontext.FromContext(ctx)
		folder, err := os.Getwd()
		return map[string]any{
			"left": time.Until(deadline).Milliseconds(), "arn": known.InvokedFunctionArn, "id": known.AwsRequestID, "folder": folder,
			"pid": os.Getpid(),
		}, err
	}
	return nil, fmt.Errorf("unknown: %s", in.Do)
}

// batch prints each record as JSON, and does what the bodies name.
func batch(_ context.Context, raw json.RawMessage) (any, error) {
	var in struct{ Records []json.RawMessage }
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	answer := events.SQSEventResponse{}
	for _, text := range in.Records {
		fmt.Printf("%s\n", text)
		var record events.SQSMessage
		if err := json.Unmarshal(text, &record); err != nil {
			return nil, err
		}
		time.Sleep(20 * time.Millisecond)
		switch {
		case strings.HasPrefix(record.Body, "fail"):
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: record.MessageId})
		case strings.HasPrefix(record.Body, "error"):
			return nil, errors.New("the batch failed")
		case strings.HasPrefix(record.Body, "answer "):
			return json.RawMessage(strings.TrimPrefix(record.Body, "answer ")), nil
		}
	}
	return answer, nil
}

// url answers with what the path's name stands for, or with the request itself.
func url(ctx context.Context, in events.LambdaFunctionURLRequest) (any, error) {
	switch in.RawPath {
	case "/plain":
		return map[string]string{"hello": "world"}, nil
	case "/text":
		return "hello", nil
	case "/full":
		return events.LambdaFunctionURLResponse{
			StatusCode: 418, Headers: map[string]string{"Content-Type": "text/plain", "X-Answer": "42"},
			Cookies: []string{"a=1", "b=2"}, Body: "aGk=", IsBase64Encoded: true,
		}, nil
	case "/quoted":
		return map[string]any{"statusCode": "404", "body": "{}"}, nil
	case "/malformed":
		return map[string]any{"statusCode": "many"}, nil
	case "/error":
		return nil, errors.New("no")
	case "/slow":
		time.Sleep(300 * time.Millisecond)
	case "/trace":
		return fmt.Sprint(ctx.Value("x-amzn-trace-id")), nil
	}
	return in, nil
}

// raw speaks to the Runtime API itself, with mistakes, and answers with the status
// of each call.
func raw(address string) {
	base := "http://" + address + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			panic(err)
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		again, err := http.Get(base + "next")
		if err != nil {
			panic(err)
		}
		wrong := post(base+"wrong/response", "{}")
		answer := fmt.Sprintf(`{"next":%d,"again":%d,"wrong":%d,"trace":%q}`,
			next.StatusCode, again.StatusCode, wrong, next.Header.Get("Lambda-Runtime-Trace-Id"))
		fmt.Println("answered", post(base+id+"/response", answer))
		fmt.Println("answered again", post(base+id+"/response", answer))
	}
}

func post(url, body string) int {
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	return response.StatusCode
}
