package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		"no command":              {nil, "localcloud: a command is missing: see localcloud help\n"},
		"an unknown command":      {[]string{"down"}, "localcloud: there is no command \"down\": see localcloud help\n"},
		"an unknown flag":         {[]string{"up", "--fast"}, "localcloud: flag provided but not defined: -fast: see localcloud help\n"},
		"an argument":             {[]string{"up", "now"}, "localcloud: unexpected argument \"now\": see localcloud help\n"},
		"a port out of range":     {[]string{"up", "--port", "70000"}, "localcloud: --port 70000 is not a port: see localcloud help\n"},
		"a stock without a SKU":   {[]string{"up", "--stock", "=3"}, "localcloud: invalid value \"=3\" for flag -stock: it must be SKU=QUANTITY with a quantity of at least 1: see localcloud help\n"},
		"a stock that is nothing": {[]string{"up", "--stock", "1=0"}, "localcloud: invalid value \"1=0\" for flag -stock: it must be SKU=QUANTITY with a quantity of at least 1: see localcloud help\n"},
		"a negative interval":     {[]string{"up", "--schedule-every", "-1s"}, "localcloud: --schedule-every -1s is negative: see localcloud help\n"},
		"a negative redelivery":   {[]string{"up", "--redeliver-after", "-1s"}, "localcloud: --redeliver-after -1s is negative: see localcloud help\n"},
		"a fault without chance":  {[]string{"up", "--fault", "shuffle"}, "localcloud: invalid value \"shuffle\" for flag -fault: the probability of shuffle must be more than 0 and at most 1: see localcloud help\n"},
		"a notify that is no URL": {[]string{"up", "--notify", "here"}, "localcloud: --notify \"here\" is not an HTTP URL: see localcloud help\n"},
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
	for _, name := range []string{"assembly", "ready-file", "port", "orders-port", "stock", "stock-command", "notify", "deliver-twice", "schedule-every", "pause", "fault", "seed", "redeliver-after", "json", "quiet"} {
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

func TestAStockCommandThatFailsIsNamedWithItsLastLine(t *testing.T) {
	command := script(t, "echo first; echo 'no such bus' >&2; exit 3")
	got := runProgram(t, "up", "--assembly", assembled(t), "--stock-command", command)
	want := "localcloud: receiving the stock with " + command + ": exit status 3: no such bus\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %s", got, want)
	}
}

func TestAnErrorDoesNotControlTheTerminal(t *testing.T) {
	command := script(t, `printf '\033[2Jno\tbus\302\233\r\342\200\256\377' >&2; exit 3`)
	got := runProgram(t, "up", "--assembly", assembled(t), "--stock-command", command)
	want := "localcloud: receiving the stock with " + command + ": exit status 3: \\x1b[2Jno\tbus\\u009b\\r\\u202e\\xff\n"
	if got != (result{1, "", want}) {
		t.Errorf("the program ends with %+v, want %q", got, want)
	}
}

func TestTheReadyFileSaysWhereEverythingIs(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--stock-command", "")
	if usage := r.usage(t); !usage.Idle {
		t.Errorf("the program is busy once it is ready: %+v", usage)
	}
	ready := r.ready
	if !strings.HasPrefix(ready.OrderURL, "http://127.0.0.1:") || ready.OrderURL+"/" != ready.Outputs["OrdersUrl"] {
		t.Errorf("orders go to %q", ready.OrderURL)
	}
	if ready.Region != region || ready.NotificationsURL != ready.AWSEndpointURL+"/notifications" || ready.Buses["Bus"] != "shop" {
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
			r := startProgram(t, "--assembly", dir, "--stock-command", "", "--quiet")
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

// hostileShell is what a shell may say about AWS and proxies.
func hostileShell() []string {
	var variables []string
	for _, name := range []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EVENTBRIDGE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_SDK_LOAD_CONFIG", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_MAX_ATTEMPTS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
	} {
		variables = append(variables, name+"=shell")
	}
	return variables
}

func TestTheStockCommandGetsTheStockAndTheAddresses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	command := script(t, `{ echo "$*"; env; } > `+out)
	r := startEdited(t, func(p *exec.Cmd) { p.Env = append(p.Env, hostileShell()...) },
		"--assembly", assembled(t), "--stock-command", command, "--stock", "7=1", "--stock", "8=2")
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{
		"7=1 8=2", "AWS_ENDPOINT_URL=" + r.ready.AWSEndpointURL, "AWS_REGION=" + region,
		"EVENT_BUS_NAME=shop", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the stock command does not get %s", want)
		}
	}
	for _, line := range lines {
		if strings.Contains(line, "shell") {
			t.Errorf("the stock command gets %s", line)
		}
	}
	r.stop(t, syscall.SIGTERM)
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	r := startProgram(t, "--assembly", assembled(t), "--stock-command", "")
	_, port, _ := strings.Cut(strings.TrimPrefix(r.ready.AWSEndpointURL, "http://"), ":")
	got := runProgram(t, "up", "--assembly", assembled(t), "--port", port)
	if got.code != 1 || got.stderr != "localcloud: the port "+port+" is taken: end what listens there, or choose another\n" {
		t.Errorf("the program ends with %+v", got)
	}
	r.stop(t, syscall.SIGTERM)
}

func TestAFunctionThatDoesNotExistCannotBePaused(t *testing.T) {
	got := runProgram(t, "up", "--assembly", assembled(t), "--stock-command", "", "--pause", "Shop/Nobody")
	if want := (result{1, "", "localcloud: there is no function Shop/Nobody to be paused\n"}); got != want {
		t.Errorf("the program ends with %+v, want %+v", got, want)
	}
}
