package sqsbody_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/saga/pkg/sqsbody"
)

// accepted reports whether SQS accepts a text, by its documentation.
func accepted(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != 0x9 && r != 0xA && r != 0xD && (r < 0x20 || r > 0xD7FF) && (r < 0xE000 || r > 0xFFFD) && (r < 0x10000 || r > 0x10FFFF)
	})
}

func TestABodyIsEscapedOnlyWhereSQSRejectsIt(t *testing.T) {
	for name, c := range map[string]struct{ body, encoded, encoding string }{
		"JSON":                       {`{"a": "b"}`, `{"a": "b"}`, ""},
		"a percent sign alone":       {"100%25 %zz", "100%25 %zz", ""},
		"all that is accepted":       {"\t\n\r \x7f\u0080\u0085\uD7FF\uE000\uFDD0\uFFFD\U00010000\U0001FFFE\U0010FFFF", "\t\n\r \x7f\u0080\u0085\uD7FF\uE000\uFDD0\uFFFD\U00010000\U0001FFFE\U0010FFFF", ""},
		"an empty body":              {"", "(empty)", "empty"},
		"the text for an empty body": {"(empty)", "(empty)", ""},
		"U+FFFF":                     {"é\uFFFF+", "é%EF%BF%BF+", "percent"},
		"U+FFFE":                     {"\uFFFE", "%EF%BF%BE", "percent"},
		"a percent sign beside it":   {"100%EF \uFFFF", "100%25EF %EF%BF%BF", "percent"},
		"control characters":         {"a\x00\x01\x08\x0b\x0c\x0e\x1f", "a%00%01%08%0B%0C%0E%1F", "percent"},
		"bytes that are not UTF-8":   {"a\xff\xc3", "a%FF%C3", "percent"},
		"a surrogate":                {"\xed\xa0\x80", "%ED%A0%80", "percent"},
		"a character too high":       {"\xf4\x90\x80\x80", "%F4%90%80%80", "percent"},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, encoding := sqsbody.Encode(c.body)
			if encoded != c.encoded || encoding != c.encoding {
				t.Errorf("%q becomes %q with the encoding %q", c.body, encoded, encoding)
			}
			if body, err := sqsbody.Decode(encoded, encoding); err != nil || body != c.body {
				t.Errorf("%q is decoded to %q, %v", encoded, body, err)
			}
		})
	}
}

func TestTheErrorNamesWhatSQSRejects(t *testing.T) {
	for body, want := range map[string]string{
		"":             "SQS rejects an empty body",
		"ab\uFFFF":     "SQS rejects U+FFFF at byte 2 of the body",
		"é\x00":        "SQS rejects U+0000 at byte 2 of the body",
		"a\xffb":       "SQS rejects byte 0xFF, which is not UTF-8, at byte 1 of the body",
		"\xed\xa0\x80": "SQS rejects byte 0xED, which is not UTF-8, at byte 0 of the body",
	} {
		if err := sqsbody.Check(body); err == nil || err.Error() != want {
			t.Errorf("%q: the error is %v", body, err)
		}
	}
	if err := sqsbody.Check("\uFFFD\t"); err != nil {
		t.Errorf("a body that SQS accepts is an error: %v", err)
	}
}

func TestABodyThatCannotBeDecodedIsAnError(t *testing.T) {
	for _, c := range [][2]string{{"100%", "percent"}, {"%zz", "percent"}, {"a", "gzip"}, {"a", "PERCENT"}} {
		if body, err := sqsbody.Decode(c[0], c[1]); err == nil {
			t.Errorf("%q in the encoding %q is decoded to %q", c[0], c[1], body)
		}
	}
}

// Surrogates and what is beyond Unicode have no encoding, so no text has them.
func TestARuneThatIsNoCharacterIsNotAccepted(t *testing.T) {
	for r, want := range map[rune]bool{0xD7FF: true, 0xD800: false, 0xDFFF: false, 0xE000: true, 0x10FFFF: true, 0x110000: false, -1: false} {
		if sqsbody.Accepts(r) != want {
			t.Errorf("%X is accepted: %t", r, !want)
		}
	}
}

func TestTheAttributesOfAReasonAreThoseOfEachServiceWithDeadLetters(t *testing.T) {
	var want []string
	for _, attributes := range []string{
		// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
		"ERROR_CODE ERROR_MESSAGE EXHAUSTED_RETRY_CONDITION RETRY_ATTEMPTS RULE_ARN TARGET_ARN",
		// https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
		"ERROR_CODE ERROR_MESSAGE EXECUTION_ID EXHAUSTED_RETRY_CONDITION IS_PAYLOAD_TRUNCATED RETRY_ATTEMPTS SCHEDULED_TIME SCHEDULE_ARN TARGET_ARN",
		// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
		"RequestID ErrorCode ErrorMessage",
		// That of this package.
		"BODY_ENCODING",
	} {
		want = append(want, strings.Fields(attributes)...)
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(sqsbody.ReasonAttributes())); !slices.Equal(got, slices.Compact(want)) {
		t.Errorf("the attributes are %v, not %v", got, want)
	}
}

func FuzzAnyBodyIsEncodedAndDecoded(f *testing.F) {
	for _, body := range []string{"", "{}", "100%", "%41\uFFFF", "(empty)", "a\x00\xff\xed\xa0\x80\uFFFE", "\xf4\x90\x80\x80", "é\r\n😀"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		encoded, encoding := sqsbody.Encode(body)
		if !accepted(encoded) || len(encoded) > max(3*len(body), len("(empty)")) {
			t.Errorf("%q becomes %q", body, encoded)
		}
		if decoded, err := sqsbody.Decode(encoded, encoding); err != nil || decoded != body {
			t.Errorf("%q is decoded as %q, %v", body, decoded, err)
		}
		if (encoding == "") != accepted(body) || (sqsbody.Check(body) == nil) != accepted(body) {
			t.Errorf("%q has the encoding %q, and the check is %v", body, encoding, sqsbody.Check(body))
		}
		if unescaped, err := url.PathUnescape(encoded); encoding == "percent" && (err != nil || unescaped != body) {
			t.Errorf("%q is not percent-encoded: %q, %v", encoded, unescaped, err)
		}
	})
}
