package conformance_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// publishAs has the probe publish events in one call, and returns the error code of
// the call and those of its entries.
func publishAs(t *testing.T, test string, events ...publication) (call string, entries []string) {
	t.Helper()
	out := invoke(t, types.InvocationTypeRequestResponse, instruction{Test: test, Do: "publish", Bus: cloud.output("Outer"), Events: events})
	answer := decode[struct {
		Call    string   `json:"call"`
		Entries []string `json:"entries"`
	}](t, string(out.Payload))
	return answer.Call, answer.Entries
}

// The probe may publish two types of the source conformance and one of conformance-2,
// with ForAllValues:StringEquals and Null:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html.
// Both keys can have several values in a request:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html#amazoneventbridge-policy-keys.
func TestEveryEventOfACallNeedsPermission(t *testing.T) {
	t.Parallel()
	rule(t, "PE-26", "PE-28")
	first, second := publication{"conformance", "permitted"}, publication{"conformance", "permitted-too"}
	for _, c := range []struct {
		rule    string
		events  []publication
		allowed bool
	}{
		{"one that may be published", []publication{first}, true},
		{"two types that may be published", []publication{first, second}, true},
		{"the same twice", []publication{first, first}, true},
		{"another type", []publication{{"conformance", "unpermitted"}}, false},
		{"another type among others", []publication{first, {"conformance", "unpermitted"}, second}, false},
		{"another source", []publication{{"conformance-3", "permitted"}}, false},
		{"another source among others", []publication{first, {"conformance-3", "permitted"}}, false},
		{"a type of another source", []publication{{"conformance-2", "permitted-too"}}, false},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			test := unique()
			call, entries := publishAs(t, test, c.events...)
			if !c.allowed {
				checkDenied(t, call, entries)
				return
			}
			if call != "" || slices.ContainsFunc(entries, func(code string) bool { return code != "" }) {
				t.Fatalf("the call fails with %q, and its entries with %q", call, entries)
			}
			eventually(t, fmt.Sprintf("%d events", len(c.events)), func() error {
				if got := len(cloud.mailbox.all(t, test)); got != len(c.events) {
					return fmt.Errorf("there are %d", got)
				}
				return nil
			})
		})
	}
}

// checkDenied accepts both forms of a denial, because AWS does not document when it
// uses which: of the call as a whole, or of the entry that is not allowed.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
func checkDenied(t *testing.T, call string, entries []string) {
	t.Helper()
	ofEntry := slices.ContainsFunc(entries, func(code string) bool {
		return strings.HasPrefix(code, "NotAuthorizedFor") || code == "AccessDeniedException"
	})
	if call != "AccessDeniedException" && !ofEntry {
		t.Errorf("the call fails with %q, and its entries with %q: want one that is denied", call, entries)
	}
	t.Logf("the call fails with %q, its entries with %q", call, entries)
}

// AWS does not document whether a call is one request with the values of all entries,
// which fits neither of two permissions, or a request for each entry. The log has what
// the cloud does. The local cloud allows only what both allow.
func TestACallWhoseEventsNeedTwoPermissionsIsAllowedOrDeniedAsAWhole(t *testing.T) {
	t.Parallel()
	rule(t, "PE-26", "PE-28")
	call, entries := publishAs(t, unique(), publication{"conformance", "permitted"}, publication{"conformance-2", "permitted"})
	if call == "" && slices.Equal(entries, []string{"", ""}) {
		t.Log("PutEvents is decided entry by entry")
		return
	}
	checkDenied(t, call, entries)
}
