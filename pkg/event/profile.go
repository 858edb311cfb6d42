package event

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"example.com/saga/pkg/ijson"
)

// MaximumSize is the size in bytes of the largest event that may be published: its
// JSON, its source and its type, as EventBridge counts. EventBridge now accepts more;
// this is the older limit, which every service on an event's way accepts.
const MaximumSize = 256 * 1024

// The maximum lengths of attributes, in bytes. Records store the ids of every event
// that was handled: a few huge ones would leave no room for the event that ends an
// order.
const (
	maximumAttribute = 256
	// maximumType is the length of a detail-type
	// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html).
	maximumType = 128
)

// subjectPattern has a maximum of 100 characters: SQS allows 128 in a message group
// id, but EventBridge only 100 in the value from which it sets one.
var subjectPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,100}$`)

// A traceparent has a version, a trace id, a parent id and flags. An id of zeros is
// invalid.
var (
	traceParentPattern = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
	zeroIDPattern      = regexp.MustCompile(`^00-(0{32}|[0-9a-f]{32}-0{16})-`)
)

func isTraceParent(text string) bool {
	return traceParentPattern.MatchString(text) && !zeroIDPattern.MatchString(text)
}

// validate returns an error with every rule of the profile that the event breaks,
// except that of its size.
func (e Event) validate() error {
	problems := []error{
		checkText("id", e.ID, maximumAttribute),
		checkText("source", e.Source, maximumAttribute),
		checkText("type", e.Type, maximumType),
		checkText(correlationID, e.CorrelationID, maximumAttribute),
		checkURI("source", e.Source, false),
		checkURI("dataschema", e.DataSchema, true),
	}
	if e.CausationID != "" {
		problems = append(problems, checkText(causationID, e.CausationID, maximumAttribute))
	}
	if strings.HasPrefix(e.Source, "aws.") {
		problems = append(problems, errors.New("source begins with aws., which EventBridge keeps for AWS"))
	}
	if !subjectPattern.MatchString(e.Subject) {
		problems = append(problems, fmt.Errorf("subject is missing or does not match %s", subjectPattern))
	}
	if e.Time.IsZero() {
		problems = append(problems, errors.New("time is missing"))
	}
	if year := e.Time.UTC().Year(); year < 0 || year > 9999 {
		problems = append(problems, fmt.Errorf("time is in the year %d, which RFC 3339 cannot write", year))
	}
	if len(e.Data) == 0 {
		problems = append(problems, errors.New("data is missing"))
	} else if err := ijson.Check(e.Data); err != nil {
		problems = append(problems, fmt.Errorf("data: %w", err))
	}
	return errors.Join(problems...)
}

// checkText checks that a required attribute has only characters of the type String of
// CloudEvents, and is not too long.
func checkText(name, value string, maximum int) error {
	switch {
	case strings.TrimSpace(value) == "":
		return fmt.Errorf("%s is missing", name)
	case len(value) > maximum:
		return fmt.Errorf("%s has %d bytes, %d are allowed", name, len(value), maximum)
	case strings.ContainsFunc(value, unicode.IsControl):
		return fmt.Errorf("%s has a control character", name)
	}
	if err := ijson.CheckText(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkURI returns an error for a URI that the SDK of CloudEvents would encode
// differently.
func checkURI(name, value string, absolute bool) error {
	if value == "" {
		return fmt.Errorf("%s is missing", name)
	}
	parsed, err := url.Parse(value)
	switch {
	case err != nil, absolute && !parsed.IsAbs():
		return fmt.Errorf("%s is no URI", name)
	case parsed.String() != value:
		return fmt.Errorf("%s is not in its normal form, which is %q", name, parsed)
	}
	return nil
}
