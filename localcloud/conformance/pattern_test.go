package conformance_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// matches reports whether, according to EventBridge, an event with this detail
// matches a pattern of the detail.
func matches(t *testing.T, pattern, detail string) (bool, error) {
	t.Helper()
	return matchesEvent(t, `{"detail": `+pattern+`}`, detail)
}

func matchesEvent(t *testing.T, pattern, detail string) (bool, error) {
	t.Helper()
	event := fmt.Sprintf(`{"version": "0", "id": "1", "detail-type": "tested", "source": "conformance", "account": "111122223333",
		"time": "2026-11-22T10:15:30Z", "region": "eu-west-1", "resources": ["arn:aws:one"], "detail": %s}`, detail)
	out, err := cloud.events.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{Event: &event, EventPattern: &pattern})
	if err != nil {
		return false, err
	}
	return out.Result, nil
}

func TestPatternsMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, rule, pattern, detail string
		want                      bool
	}{
		{"PAT-2", "all fields have to match", `{"a": ["x"], "b": ["y"]}`, `{"a": "x", "b": "z"}`, false},
		{"PAT-1", "one of several values is enough", `{"a": ["x", "y"]}`, `{"a": "y", "other": 1}`, true},
		{"PAT-8", "a field of the pattern must exist", `{"a": ["x"]}`, `{}`, false},
		{"PAT-5", "field names have case", `{"A": ["x"]}`, `{"a": "x"}`, false},
		{"PAT-6", "texts are compared as they are", `{"a": ["x"]}`, `{"a": "x "}`, false},
		{"PAT-14", "a text is not a number", `{"a": ["1"]}`, `{"a": 1}`, false},
		{"PAT-14", "a number is not a text", `{"a": [1]}`, `{"a": "1"}`, false},
		// The documentation calls 300 and 300.0 different; it was observed that
		// they match.
		{"PAT-13", "numbers are compared as numbers", `{"a": [300]}`, `{"a": 300.0}`, true},
		{"PAT-10", "null matches null", `{"a": [null]}`, `{"a": null}`, true},
		{"PAT-10", "null does not match the text null", `{"a": [null]}`, `{"a": "null"}`, false},
		{"PAT-10", "null does not match a missing field", `{"a": [null]}`, `{}`, false},
		{"PAT-42", "null does not match an empty array", `{"a": [null]}`, `{"a": []}`, false},
		{"PAT-11", "an empty text matches an empty text", `{"a": [""]}`, `{"a": ""}`, true},
		{"PAT-11", "an empty text matches nothing else", `{"a": [""]}`, `{"a": " "}`, false},
		{"PAT-12", "true matches true", `{"a": [true]}`, `{"a": true}`, true},
		{"PAT-12", "true does not match its text", `{"a": [true]}`, `{"a": "true"}`, false},
		{"PAT-15", "a detail in a text is not read", `{"a": {"b": ["x"]}}`, `{"a": "{\"b\": \"x\"}"}`, false},

		{"PAT-20", "prefix", `{"a": [{"prefix": "or"}]}`, `{"a": "order"}`, true},
		{"PAT-20", "prefix has case", `{"a": [{"prefix": "Or"}]}`, `{"a": "order"}`, false},
		{"PAT-20", "an empty prefix matches every text", `{"a": [{"prefix": ""}]}`, `{"a": "order"}`, true},
		{"PAT-20", "an empty prefix matches no number", `{"a": [{"prefix": ""}]}`, `{"a": 1}`, false},
		{"PAT-21", "prefix without case", `{"a": [{"prefix": {"equals-ignore-case": "OR"}}]}`, `{"a": "order"}`, true},
		{"PAT-22", "suffix", `{"a": [{"suffix": "er"}]}`, `{"a": "order"}`, true},
		{"PAT-22", "suffix does not match the middle", `{"a": [{"suffix": "de"}]}`, `{"a": "order"}`, false},
		{"PAT-22", "suffix without case", `{"a": [{"suffix": {"equals-ignore-case": "ER"}}]}`, `{"a": "order"}`, true},
		{"PAT-23", "equals-ignore-case", `{"a": [{"equals-ignore-case": "ORDER"}]}`, `{"a": "oRdEr"}`, true},
		{"PAT-23", "equals-ignore-case compares all of it", `{"a": [{"equals-ignore-case": "ORDER"}]}`, `{"a": "orders"}`, false},
		{"PAT-24", "wildcard", `{"a": [{"wildcard": "o*r*"}]}`, `{"a": "order"}`, true},
		{"PAT-24", "a wildcard matches nothing in between too", `{"a": [{"wildcard": "o*rder"}]}`, `{"a": "order"}`, true},
		{"PAT-24", "a wildcard's ends are fixed", `{"a": [{"wildcard": "*rde"}]}`, `{"a": "order"}`, false},
		{"PAT-24", "an escaped asterisk is one", `{"a": [{"wildcard": "o\\*r"}]}`, `{"a": "o*r"}`, true},
		{"PAT-24", "an escaped asterisk is no wildcard", `{"a": [{"wildcard": "o\\*r"}]}`, `{"a": "order"}`, false},

		{"PAT-25", "anything-but another text", `{"a": [{"anything-but": "x"}]}`, `{"a": "y"}`, true},
		{"PAT-25", "anything-but the text", `{"a": [{"anything-but": "x"}]}`, `{"a": "x"}`, false},
		{"PAT-25", "anything-but one of a list", `{"a": [{"anything-but": ["x", "y"]}]}`, `{"a": "y"}`, false},
		{"PAT-25", "anything-but a number", `{"a": [{"anything-but": [1, 2]}]}`, `{"a": 3}`, true},
		{"PAT-25", "anything-but matches null", `{"a": [{"anything-but": "x"}]}`, `{"a": null}`, true},
		{"PAT-26", "anything-but does not match a missing field", `{"a": [{"anything-but": "x"}]}`, `{}`, false},
		{"PAT-27", "anything-but a prefix", `{"a": [{"anything-but": {"prefix": "or"}}]}`, `{"a": "order"}`, false},
		{"PAT-27", "anything-but another prefix", `{"a": [{"anything-but": {"prefix": ["x", "y"]}}]}`, `{"a": "order"}`, true},
		{"PAT-27", "anything-but a suffix", `{"a": [{"anything-but": {"suffix": "er"}}]}`, `{"a": "order"}`, false},
		{"PAT-27", "anything-but without case", `{"a": [{"anything-but": {"equals-ignore-case": "ORDER"}}]}`, `{"a": "order"}`, false},
		{"PAT-27", "anything-but a wildcard", `{"a": [{"anything-but": {"wildcard": "o*r"}}]}`, `{"a": "order"}`, false},
		{"PAT-27", "a number has no prefix", `{"a": [{"anything-but": {"prefix": "or"}}]}`, `{"a": 1}`, true},

		{"PAT-28", "numeric equal", `{"a": [{"numeric": ["=", 3.0e2]}]}`, `{"a": 300}`, true},
		{"PAT-28", "numeric above", `{"a": [{"numeric": [">", 0]}]}`, `{"a": 0}`, false},
		{"PAT-28", "numeric range, lower end", `{"a": [{"numeric": [">=", 1, "<", 5]}]}`, `{"a": 1}`, true},
		{"PAT-28", "numeric range, upper end", `{"a": [{"numeric": [">=", 1, "<", 5]}]}`, `{"a": 5}`, false},
		{"PAT-28", "numeric does not match a text", `{"a": [{"numeric": [">", 0]}]}`, `{"a": "1"}`, false},
		{"PAT-29", "cidr", `{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.0.255"}`, true},
		{"PAT-29", "cidr outside", `{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.1.0"}`, false},
		// What a double holds is compared as a number.
		{"PAT-28", "numeric beyond 5.0e9", `{"a": [{"numeric": [">", 5000000001]}]}`, `{"a": 6e9}`, true},
		{"PAT-13", "large numbers are compared as numbers", `{"a": [123456789012]}`, `{"a": 1.23456789012e11}`, true},
		{"PAT-13", "a number that no double holds is compared as it is written", `{"a": [9007199254740993]}`, `{"a": 9007199254740992}`, false},
		{"PAT-13", "a number that no double holds matches itself", `{"a": [9007199254740993]}`, `{"a": 9007199254740993}`, true},
		{"PAT-29", "an IP address has several spellings", `{"a": ["2001:db8::1"]}`, `{"a": "2001:db8:0:0:0:0:0:1"}`, true},
		{"PAT-6", "exactly", `{"a": [{"exactly": "x"}]}`, `{"a": "x"}`, true},
		{"PAT-29", "cidr of IPv6", `{"a": [{"cidr": "2001:db8::/32"}]}`, `{"a": "2001:db8::1"}`, true},

		{"PAT-30", "exists", `{"a": [{"exists": true}]}`, `{"a": null}`, true},
		{"PAT-30", "exists does not match an object", `{"a": [{"exists": true}]}`, `{"a": {"b": 1}}`, false},
		{"PAT-42", "exists does not match an empty array", `{"a": [{"exists": true}]}`, `{"a": []}`, false},
		{"PAT-31", "does not exist", `{"a": [{"exists": false}]}`, `{"b": 1}`, true},
		{"PAT-31", "does not exist, but does", `{"a": [{"exists": false}]}`, `{"a": 1}`, false},
		{"PAT-31", "an object does not count as existing", `{"a": [{"exists": false}]}`, `{"a": {"b": 1}}`, true},
		{"PAT-31", "nothing exists in what is missing", `{"a": {"b": [{"exists": false}]}}`, `{}`, true},
		{"PAT-33", "missing, or not this", `{"a": [{"anything-but": ["x"]}, {"exists": false}]}`, `{}`, true},

		{"PAT-32", "one of $or", `{"$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"b": "y"}`, true},
		{"PAT-32", "none of $or", `{"$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"a": "y"}`, false},
		{"PAT-32", "$or of pairs", `{"$or": [{"a": ["x"], "b": {"c": ["x"]}}, {"a": ["y"], "b": {"c": ["y"]}}], "b": {"d": ["z"]}}`, `{"a": "y", "b": {"c": "y", "d": "z"}}`, true},
		{"PAT-32", "$or of pairs, one half of each", `{"$or": [{"a": ["x"], "b": {"c": ["x"]}}, {"a": ["y"], "b": {"c": ["y"]}}], "b": {"d": ["z"]}}`, `{"a": "x", "b": {"c": "y", "d": "z"}}`, false},
		{"PAT-32", "$or beside a field", `{"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}`, `{"a": "x"}`, false},

		{"PAT-44", "of equal keys the last one counts", `{"a": ["x"], "a": ["y"]}`, `{"a": "y"}`, true},
		{"PAT-44", "of equal keys the first one does not count", `{"a": ["x"], "a": ["y"]}`, `{"a": "x"}`, false},
		{"PAT-40", "any element of an array", `{"a": ["x", "z"]}`, `{"a": ["y", "z"]}`, true},
		{"PAT-41", "two fields in one object of an array", `{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1, "c": 2}]}`, true},
		{"PAT-41", "two fields in two objects of an array", `{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1}, {"c": 2}]}`, false},
		{"PAT-43", "a dot in the pattern is nesting", `{"a.b": ["x"]}`, `{"a": {"b": "x"}}`, true},
		{"PAT-43", "a dot in the event is nesting", `{"a": {"b": ["x"]}}`, `{"a.b": "x"}`, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			got, err := matches(t, c.pattern, c.detail)
			if err != nil || got != c.want {
				t.Errorf("the pattern %s returns %v, %v for %s", c.pattern, got, err, c.detail)
			}
		})
	}
}

func TestPatternsMatchTheEnvelopeToo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id, rule, pattern string
		want              bool
	}{
		{"PAT-50", "source and detail type", `{"source": ["conformance"], "detail-type": ["tested"]}`, true},
		{"PAT-50", "the account", `{"account": ["111122223333"]}`, true},
		{"PAT-50", "an asterisk is no account", `{"account": ["*"]}`, false},
		{"PAT-51", "every event", `{"source": [{"prefix": ""}]}`, true},
		{"PAT-50", "a resource", `{"resources": ["arn:aws:one"]}`, true},
		{"PAT-50", "a region", `{"region": [{"wildcard": "eu-*"}]}`, true},
		{"PAT-52", "what is not a replay", `{"replay-name": [{"exists": false}]}`, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			got, err := matchesEvent(t, c.pattern, `{}`)
			if err != nil || got != c.want {
				t.Errorf("the pattern %s returns %v, %v", c.pattern, got, err)
			}
		})
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, rule, pattern string }{
		{"PAT-3", "a value that is no array", `{"a": "x"}`},
		{"PAT-4", "an empty array", `{"a": []}`},
		{"PAT-1", "no JSON", `{"a": [}`},
		{"PAT-5", "an unknown operator", `{"a": [{"like": "x"}]}`},
		{"PAT-5", "an operator in capitals", `{"a": [{"EXISTS": true}]}`},
		{"PAT-20", "prefix of a number", `{"a": [{"prefix": 1}]}`},
		{"PAT-20", "prefix of a list", `{"a": [{"prefix": ["x"]}]}`},
		{"PAT-23", "equals-ignore-case of a list", `{"a": [{"equals-ignore-case": ["x"]}]}`},
		{"PAT-24", "wildcard with two asterisks in a row", `{"a": [{"wildcard": "a**b"}]}`},
		{"PAT-24", "wildcard of a list", `{"a": [{"wildcard": ["a*"]}]}`},
		{"PAT-25", "anything-but null", `{"a": [{"anything-but": null}]}`},
		{"PAT-27", "anything-but an empty prefix", `{"a": [{"anything-but": {"prefix": ""}}]}`},
		{"PAT-27", "anything-but a prefix without case", `{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}`},
		{"PAT-28", "numeric with an odd number of members", `{"a": [{"numeric": [">"]}]}`},
		{"PAT-28", "numeric with two lower bounds", `{"a": [{"numeric": [">", 0, ">", 0]}]}`},
		{"PAT-29", "cidr that is none", `{"a": [{"cidr": "10.0.0.0/33"}]}`},
		// A network of one address is none.
		{"PAT-29", "cidr of one IPv4 address", `{"a": [{"cidr": "10.0.0.1/32"}]}`},
		{"PAT-29", "cidr of one IPv6 address", `{"a": [{"cidr": "2001:db8::1/128"}]}`},
		// Numbers that no double holds.
		{"PAT-28", "numeric with more digits than a double", `{"a": [{"numeric": ["=", 9007199254740993]}]}`},
		{"PAT-28", "numeric beyond a double", `{"a": [{"numeric": ["<", 1e400]}]}`},
		{"PAT-25", "anything-but more digits than a double", `{"a": [{"anything-but": [9007199254740993]}]}`},
		// A field that is written twice.
		{"PAT-32", "a field beside and inside $or", `{"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]}`},
		{"PAT-43", "a field nested and by a dotted name", `{"a": {"b": ["x"]}, "a.b": ["y"]}`},
		{"PAT-32", "one in $or", `{"$or": [{"a": ["x"]}]}`},
		{"PAT-32", "$or of an object", `{"$or": {"a": ["x"], "b": ["y"]}}`},
		{"PAT-32", "the name of an operator in $or", `{"$or": [{"a": ["x"]}, {"prefix": ["y"]}]}`},
		{"PAT-30", "exists of a text", `{"a": [{"exists": "yes"}]}`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rule(t, c.id)
			_, err := matches(t, c.pattern, `{}`)
			if err == nil {
				t.Fatalf("the pattern %s is taken", c.pattern)
			}
			wantRefusal(t, err, "InvalidEventPatternException", "Event pattern is not valid")
		})
	}
}

func TestAnEventToTestNeedsItsEnvelope(t *testing.T) {
	t.Parallel()
	rule(t, "PAT-9")
	for _, missing := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		t.Run(missing, func(t *testing.T) {
			event := map[string]any{
				"id": "1", "account": "111122223333", "source": "conformance", "time": "2026-11-22T10:15:30Z",
				"region": "eu-west-1", "resources": []string{}, "detail-type": "tested",
			}
			delete(event, missing)
			text, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			_, err = cloud.events.TestEventPattern(t.Context(), &eventbridge.TestEventPatternInput{
				Event: aws.String(string(text)), EventPattern: aws.String(`{"source": ["conformance"]}`),
			})
			if err == nil {
				t.Error("the event is accepted")
			}
		})
	}
}
