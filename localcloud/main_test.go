package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/saga/localcloud/cloud"
)

func TestUsageErrorsExitWithTwoAndOneLine(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"no command":             {nil, "localcloud: a command is missing: see localcloud help\n"},
		"an unknown command":     {[]string{"down"}, "localcloud: there is no command \"down\": see localcloud help\n"},
		"an unknown flag":        {[]string{"up", "--fast"}, "localcloud: flag provided but not defined: -fast: see localcloud help\n"},
		"an argument":            {[]string{"up", "now"}, "localcloud: unexpected argument \"now\": see localcloud help\n"},
		"a port out of range":    {[]string{"up", "--port", "70000"}, "localcloud: --port 70000 is not a port: see localcloud help\n"},
		"a URL of no function":   {[]string{"up", "--url-port", "=3000"}, "localcloud: invalid value \"=3000\" for flag -url-port: it must be FUNCTION=PORT with a port from 1 to 65535: see localcloud help\n"},
		"a URL at any port":      {[]string{"up", "--url-port", "Shop/Worker=0"}, "localcloud: invalid value \"Shop/Worker=0\" for flag -url-port: it must be FUNCTION=PORT with a port from 1 to 65535: see localcloud help\n"},
		"a colour of nothing":    {[]string{"up", "--highlight", "red"}, "localcloud: invalid value \"red\" for flag -highlight: it must be COLOR=REGEXP: see localcloud help\n"},
		"an unknown colour":      {[]string{"up", "--highlight", "pink=x"}, "localcloud: invalid value \"pink=x\" for flag -highlight: there is no colour \"pink\"; there are blue, cyan, green, magenta, red, yellow: see localcloud help\n"},
		"a bad expression":       {[]string{"up", "--highlight", "red=("}, "localcloud: invalid value \"red=(\" for flag -highlight: error parsing regexp: missing closing ): `(`: see localcloud help\n"},
		"a negative interval":    {[]string{"up", "--schedule-every", "-1s"}, "localcloud: --schedule-every -1s is negative: see localcloud help\n"},
		"a negative redelivery":  {[]string{"up", "--redeliver-after", "-1s"}, "localcloud: --redeliver-after -1s is negative: see localcloud help\n"},
		"a fault without chance": {[]string{"up", "--fault", "shuffle"}, "localcloud: invalid value \"shuffle\" for flag -fault: the probability of shuffle must be more than 0 and at most 1: see localcloud help\n"},
		"a latency of nothing":   {[]string{"up", "--latency", "s3=5ms"}, "localcloud: invalid value \"s3=5ms\" for flag -latency: there is no service \"s3\"; there are cloudformation, dynamodb, events, logs, secretsmanager, sqs, sts: see localcloud help\n"},
		"a latency without time": {[]string{"up", "--latency", "sqs=-5ms"}, "localcloud: invalid value \"sqs=-5ms\" for flag -latency: the latency of sqs must be a time such as 5ms: see localcloud help\n"},
		"a destination nowhere":  {[]string{"up", "--destination-url", "here"}, "localcloud: --destination-url \"here\" is not an HTTP URL: see localcloud help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runProgram(t, test.arguments...)
			if want := (result{2, "", test.want}); got != want {
				t.Errorf("the program ends with %+v, want %+v", got, want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	got := runProgram(t, "up", "-h")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("help ends with %+v", got)
	}
	for _, name := range []string{"assembly", "ready-file", "port", "url-port", "setup", "destination-url", "highlight", "deliver-twice", "schedule-every", "pause", "fault", "seed", "redeliver-after", "latency", "json", "quiet"} {
		if !strings.Contains(got.stdout, "\n  -"+name) {
			t.Errorf("help does not name --%s:\n%s", name, got.stdout)
		}
	}
}

func TestAFailureExitsWithOneAndOneLine(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	got := runProgram(t, "up", "--assembly", missing)
	want := "localcloud: reading the cloud assembly " + missing + ": there is none: `cdk synth` writes it\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %s", got, want)
	}
}

func TestTheReadyFileSaysWhereEverythingIs(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t))
	if usage := r.usage(t); !usage.Idle {
		t.Errorf("the program is busy once it is ready: %+v", usage)
	}
	ready := r.ready
	if url := ready.FunctionURLs["Shop/Worker"]; !strings.HasPrefix(url, "http://127.0.0.1:") || url != ready.Outputs["ShopUrl"] {
		t.Errorf("the function is at %q, the output is %q", url, ready.Outputs["ShopUrl"])
	}
	if ready.Region != region || ready.DeliveriesURL != ready.AWSEndpointURL+"/deliveries" || ready.Buses["Bus"] != "shop" {
		t.Errorf("the ready file is %+v", ready)
	}
	if !strings.HasPrefix(ready.Queues["Shop/Queue"], ready.AWSEndpointURL+"/"+accountID+"/shop-Queue-") {
		t.Errorf("the queue is at %q", ready.Queues["Shop/Queue"])
	}
	if code := r.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the program ends with %d: %s", code, r.stderr)
	}
}

func TestSIGTERMAndSIGINTLeaveNoProcessAndNoReadyFile(t *testing.T) {
	dir := assembled(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			r := startProgram(t, "--assembly", dir, "--quiet")
			var processes []cloud.Process
			for _, function := range r.usage(t).Functions {
				processes = append(processes, function.Processes...)
			}
			if code := r.stop(t, signal); code != 0 || r.stdout.Len()+r.stderr.Len() > 0 {
				t.Errorf("the program ends with %d and prints %s%s", code, r.stdout, r.stderr)
			}
			if _, err := os.Stat(r.file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the ready file lives on (%v)", err)
			}
			if len(processes) != 1 {
				t.Fatalf("the function's processes were %v, want one", processes)
			}
			for _, process := range processes {
				if err := syscall.Kill(process.PID, 0); !errors.Is(err, syscall.ESRCH) {
					t.Errorf("process %d lives on (%v)", process.PID, err)
				}
			}
		})
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t))
	_, port, _ := strings.Cut(strings.TrimPrefix(r.ready.AWSEndpointURL, "http://"), ":")
	got := runProgram(t, "up", "--assembly", assembled(t), "--port", port)
	if got.code != 1 || got.stderr != "localcloud: the port "+port+" is taken: end what listens there, or choose another\n" {
		t.Errorf("the program ends with %+v", got)
	}
	r.stop(t, syscall.SIGTERM)
}

func TestAFunctionThatDoesNotExistCannotBePaused(t *testing.T) {
	got := runProgram(t, "up", "--assembly", assembled(t), "--pause", "Shop/Nothing")
	if want := (result{1, "", "localcloud: there is no function Shop/Nothing to be paused\n"}); got != want {
		t.Errorf("the program ends with %+v, want %+v", got, want)
	}
}

func TestAFunctionURLThatDoesNotExistCannotHaveAPort(t *testing.T) {
	got := runProgram(t, "up", "--assembly", assembled(t), "--url-port", "Shop/Nothing=4000")
	if want := (result{1, "", "localcloud: there is no function Shop/Nothing to have a URL at port 4000\n"}); got != want {
		t.Errorf("the program ends with %+v, want %+v", got, want)
	}
}
