package cloudwatchlogs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/saga/localcloud/wire"
)

// filterLogEventsInput is FilterLogEvents' request. Times are in milliseconds
// since 1970; both ends are included.
type filterLogEventsInput struct {
	groupName

	LogStreamNames      []string `json:"logStreamNames"`
	LogStreamNamePrefix string   `json:"logStreamNamePrefix"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	FilterPattern       string   `json:"filterPattern"`
	NextToken           string   `json:"nextToken"`
	Limit               *int     `json:"limit"`
	// Interleaved is without meaning: streams always are.
	Interleaved *bool `json:"interleaved"`
	// Unmask needs a permission of its own. No group masks anything here.
	Unmask bool `json:"unmask"`
}

type filterLogEventsOutput struct {
	Events    []filteredLogEvent `json:"events"`
	NextToken string             `json:"nextToken,omitempty"`
	// SearchedLogStreams is always empty, as it is in AWS by now.
	SearchedLogStreams []struct{} `json:"searchedLogStreams"`
}

type filteredLogEvent struct {
	EventID       string `json:"eventId"`
	LogStreamName string `json:"logStreamName"`
	outputLogEvent
}

// filterLogEvents finds events of a group, in the order of their times.
func (s *Service) filterLogEvents(ctx context.Context, in *filterLogEventsInput) (*filterLogEventsOutput, error) {
	matches, err := parseFilter(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(in.Limit, maximumPage)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNamePrefix != "" && len(in.LogStreamNames) > 0 {
		return nil, invalid("LogStreamNamePrefix and LogStreamNames parameters can't be used together.")
	}
	from := position{at: wire.ValueOr(in.StartTime, math.MinInt64)}
	if in.NextToken != "" {
		if from, err = parsePosition(in.NextToken); err != nil {
			return nil, err
		}
		from.sequence++
	}
	group, err := s.group(ctx, "logs:FilterLogEvents", in.groupName)
	if err != nil {
		return nil, err
	}
	if in.Unmask {
		if err := s.config.Authorize.Check(ctx, "logs:Unmask", s.ARN(group.name)+":*", nil); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(in.LogStreamNames, func(name string) bool { return group.streams[name] == nil }) {
		return nil, errUnknownStream()
	}
	found, more := group.after(from, limit, func(e *event) bool { return in.matches(e) && matches(group.texts.Read(e.message)) })
	out := &filterLogEventsOutput{Events: make([]filteredLogEvent, len(found)), SearchedLogStreams: []struct{}{}}
	for i, e := range found {
		out.Events[i] = filteredLogEvent{e.position.String(), e.stream.name, group.output(e)}
	}
	if more {
		out.NextToken = found[len(found)-1].position.String()
	}
	return out, nil
}

// matches reports whether an event is of the requested time and streams.
func (in *filterLogEventsInput) matches(e *event) bool {
	return e.position.at <= wire.ValueOr(in.EndTime, math.MaxInt64) &&
		strings.HasPrefix(e.stream.name, in.LogStreamNamePrefix) &&
		(len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, e.stream.name))
}

// simpleTerm is a term that CloudWatch Logs takes without quotes.
var simpleTerm = regexp.MustCompile(`^[A-Za-z0-9_./@:=-]+$`)

// parseFilter parses the empty pattern, one term, one quoted text, or a JSON pattern. A
// term or text matches anywhere in a message, in the same case.
func parseFilter(pattern string) (func(message string) bool, error) {
	trimmed := strings.TrimSpace(pattern)
	if trimmed == "" {
		return func(string) bool { return true }, nil
	}
	if inner, opened := strings.CutPrefix(trimmed, "{"); opened && strings.HasSuffix(inner, "}") {
		if filter := parseJSONFilter(strings.TrimSuffix(inner, "}")); filter != nil {
			return filter.matches, nil
		}
	}
	text, ok := unquote(trimmed)
	if !ok && simpleTerm.MatchString(trimmed) && !strings.HasPrefix(trimmed, "-") {
		text, ok = trimmed, true
	}
	if !ok {
		return nil, invalid("the local cloud does not support the filterPattern %s: only one term, one quoted text, or a JSON pattern without regular expressions", pattern)
	}
	return func(message string) bool { return strings.Contains(message, text) }, nil
}

// unquote returns the text of "text", in which \" is a quote and \\ a backslash.
func unquote(pattern string) (string, bool) {
	if len(pattern) < 3 || pattern[0] != '"' || pattern[len(pattern)-1] != '"' {
		return "", false
	}
	var text strings.Builder
	escaped := false
	for _, character := range pattern[1 : len(pattern)-1] {
		switch {
		case escaped:
			text.WriteRune(character)
			escaped = false
		case character == '\\':
			escaped = true
		case character == '"':
			return "", false
		default:
			text.WriteRune(character)
		}
	}
	return text.String(), !escaped
}

// A jsonFilter reports whether a message that is JSON matches a pattern such as
// { $.level = "ERROR" && $.took > 100 }.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
type jsonFilter func(message any) bool

var (
	filterCondition = regexp.MustCompile(`^\s*(\$(?:\.[\w-]+|\[\d+\]|\['[^']+'\])+)\s*(!=|[<>]=?|=|IS\b|NOT\b)\s*("(?:[^"\\]|\\.)*"|[^\s()&|"%]+)`)
	filterStep      = regexp.MustCompile(`\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]`)
)

// filterParser parses what is between the braces.
type filterParser struct {
	rest string
	// wrong is set once something is not supported.
	wrong bool
}

// parseJSONFilter returns nil for a pattern that is not supported.
func parseJSONFilter(text string) jsonFilter {
	p := filterParser{rest: text}
	filter := p.either()
	if p.wrong || strings.TrimSpace(p.rest) != "" {
		return nil
	}
	return filter
}

func (p *filterParser) accept(token string) (found bool) {
	p.rest, found = strings.CutPrefix(strings.TrimSpace(p.rest), token)
	return found
}

func (p *filterParser) either() jsonFilter {
	return p.joined("||", true, func() jsonFilter { return p.joined("&&", false, p.condition) })
}

// joined parses filters with an operator between them. The first whose result decides is
// the last that is looked at.
func (p *filterParser) joined(operator string, decides bool, one func() jsonFilter) jsonFilter {
	filters := []jsonFilter{one()}
	for p.accept(operator) {
		filters = append(filters, one())
	}
	return func(message any) bool {
		return slices.ContainsFunc(filters, func(f jsonFilter) bool { return f(message) == decides }) == decides
	}
}

func (p *filterParser) condition() jsonFilter {
	if p.accept("(") {
		filter := p.either()
		p.wrong = !p.accept(")") || p.wrong
		return filter
	}
	match := filterCondition.FindStringSubmatch(p.rest)
	if match == nil {
		p.wrong = true
		return nil
	}
	p.rest = p.rest[len(match[0]):]
	is := func(wanted any) func(any, bool) bool {
		return func(found any, exists bool) bool { return exists && found == wanted }
	}
	test := map[string]func(any, bool) bool{
		"IS TRUE": is(true), "IS FALSE": is(false), "IS NULL": is(nil), "NOT EXISTS": func(_ any, exists bool) bool { return !exists },
	}[match[2]+" "+match[3]]
	if test == nil {
		test = comparison(match[2], match[3])
	}
	p.wrong = p.wrong || test == nil
	return func(message any) bool { return test(find(message, match[1])) }
}

// comparison compares with an operand: by value if both are numbers, and otherwise as
// texts, where * stands for any characters, for equality only. It is nil if it is not
// supported.
func comparison(operator, operand string) func(found any, exists bool) bool {
	accepted := map[string][]int{"=": {0}, "!=": {-1, 1}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}[operator]
	text, quoted := unquote(operand)
	if !quoted {
		text = operand
	}
	number, err := strconv.ParseFloat(text, 64)
	isNumber, isEquality := err == nil && !quoted, operator == "=" || operator == "!="
	if accepted == nil || !isNumber && !isEquality {
		return nil
	}
	pattern := regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, `.*`) + `$`)
	return func(found any, _ bool) bool {
		if value, ok := found.(json.Number); ok && isNumber {
			float, err := value.Float64()
			return err == nil && slices.Contains(accepted, cmp.Compare(float, number))
		}
		switch found.(type) {
		case nil, []any, map[string]any:
			return false
		}
		return isEquality && pattern.MatchString(fmt.Sprint(found)) == (operator == "=")
	}
}

// find returns what a selector leads to.
func find(value any, selector string) (found any, exists bool) {
	for _, step := range filterStep.FindAllStringSubmatch(selector, -1) {
		object, _ := value.(map[string]any)
		array, _ := value.([]any)
		value, exists = object[step[1]+step[3]]
		if index, err := strconv.Atoi(step[2]); err == nil && index < len(array) {
			value, exists = array[index], true
		}
		if !exists {
			return nil, false
		}
	}
	return value, exists
}

// matches reports whether a message is JSON that the filter matches.
func (f jsonFilter) matches(message string) bool {
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var tree any
	return decoder.Decode(&tree) == nil && f(tree)
}
