package scheduler_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/saga/localcloud/scheduler"
)

func TestACronExpressionFiresAtItsTimes(t *testing.T) {
	const now = "2026-11-27T20:15:30Z" // A Friday.
	for expression, want := range map[string]string{
		"cron(* * * * ? *)":          "2026-11-27T20:16:00Z",
		"cron(0/15 * * * ? *)":       "2026-11-27T20:30:00Z",
		"cron(5,20 * * * ? *)":       "2026-11-27T20:20:00Z",
		"cron(0 12 * * ? *)":         "2026-11-28T12:00:00Z",
		"cron(15 20 * * ? *)":        "2026-11-28T20:15:00Z",
		"cron(0 8 ? * MON-FRI *)":    "2026-11-30T08:00:00Z",
		"cron(0 8 ? * 1 *)":          "2026-11-29T08:00:00Z",
		"cron(0 0 1 * ? *)":          "2026-12-01T00:00:00Z",
		"cron(0 0 29 feb ? *)":       "2028-02-29T00:00:00Z",
		"cron(30 8-18/2 * * ? 2027)": "2027-01-01T08:30:00Z",
		"cron(0 0 31 4 ? *)":         "0001-01-01T00:00:00Z",
		"cron(0 0 1 1 ? 2020)":       "0001-01-01T00:00:00Z",
	} {
		from, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		cron, err := scheduler.ParseCron(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got := cron.Next(from).Format(time.RFC3339); got != want {
			t.Errorf("%s fires at %s after %s, want %s", expression, got, now, want)
		}
	}
}

func TestACronExpressionThatCannotWorkIsRefused(t *testing.T) {
	for _, expression := range []string{
		"cron()", "cron(* * * * *)", "cron(* * * * * *)", "cron(* * ? * ? *)", "cron(60 * * * ? *)", "cron(0 24 * * ? *)", "cron(0 0 L * ? *)",
		"cron(0 0 ? * 2#1 *)", "cron(0 0 15W * ? *)", "cron(0/0 * * * ? *)", "cron(5-1 * * * ? *)", "cron(5, 0, 1, *, ?, *)",
	} {
		if _, err := scheduler.ParseCron(expression); err == nil {
			t.Errorf("%s is accepted", expression)
		}
	}
}

func TestAScheduleWithACronExpressionFiresThenAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(targets)
		one, err := sweep().At("cron(30 0 * * ? *)")
		if err != nil {
			t.Fatal(err)
		}
		running(t, to, one, 0)
		time.Sleep(25 * time.Hour) // From midnight on.
		synctest.Wait()
		if len(to.invoked) != 2 || to.invoked[0].UTC().Format("15:04:05") != "00:30:00" {
			t.Errorf("it was invoked at %v", to.invoked)
		}
	})
}
