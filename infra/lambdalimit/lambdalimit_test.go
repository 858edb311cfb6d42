package lambdalimit_test

import (
	"strings"
	"testing"
	"time"

	"example.com/saga/infra/lambdalimit"
)

func TestASettingIsAcceptedUpToTheQuota(t *testing.T) {
	for name, err := range map[string]error{
		"the least memory":      lambdalimit.CheckMemory(128),
		"the most memory":       lambdalimit.CheckMemory(10240),
		"the shortest timeout":  lambdalimit.CheckTimeout(time.Second),
		"the longest timeout":   lambdalimit.CheckTimeout(15 * time.Minute),
		"no limit":              lambdalimit.CheckMaximumConcurrency(0),
		"the least concurrency": lambdalimit.CheckMaximumConcurrency(2),
		"the most concurrency":  lambdalimit.CheckMaximumConcurrency(1000),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASettingBeyondTheQuotaIsRefusedWithItsValue(t *testing.T) {
	for value, err := range map[string]error{
		"127":     lambdalimit.CheckMemory(127),
		"10241":   lambdalimit.CheckMemory(10241),
		"0s":      lambdalimit.CheckTimeout(0),
		"1.5s":    lambdalimit.CheckTimeout(1500 * time.Millisecond),
		"15m1s":   lambdalimit.CheckTimeout(15*time.Minute + time.Second),
		"1 is":    lambdalimit.CheckMaximumConcurrency(1),
		"1001 is": lambdalimit.CheckMaximumConcurrency(1001),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), value) {
			t.Errorf("%s: the error is %v", value, err)
		}
	}
}
