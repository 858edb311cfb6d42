// Package runbook has the advice of the runbook on dead letters for each reason.
package runbook

import (
	"bytes"
	_ "embed" // For the runbook.
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
)

// deadLetters is docs/runbooks/dead-letters.md, which a test compares with it.
//
//go:embed dead-letters.txt
var deadLetters string

// Advice is what the runbook says about some reasons.
type Advice struct {
	reasons []*regexp.Regexp
	html    template.HTML
}

// DeadLetters returns the advice for each reason of dead letters: the items of a list
// that begin with the reasons as code.
func DeadLetters() ([]Advice, error) {
	var all []Advice
	for _, item := range items(deadLetters) {
		advice := Advice{}
		for _, code := range regexp.MustCompile("`[^`]+`").FindAllString(head(item), -1) {
			advice.reasons = append(advice.reasons, pattern(strings.Trim(code, "`")))
		}
		var out bytes.Buffer
		if err := goldmark.Convert([]byte(withoutRelativeLinks(item)), &out); err != nil {
			return nil, err
		}
		//nolint:gosec // It is the runbook of this repository.
		advice.html = template.HTML(out.String())
		all = append(all, advice)
	}
	return all, nil
}

// For returns the first advice for a reason as HTML, or "".
func For(all []Advice, reason string) template.HTML {
	for _, advice := range all {
		for _, each := range advice.reasons {
			if each.MatchString(reason) {
				return advice.html
			}
		}
	}
	return ""
}

// items returns the items of the lists in a document, each as one line.
func items(document string) (all []string) {
	inside := false
	for line := range strings.Lines(document) {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "- "):
			inside = true
			all = append(all, strings.TrimPrefix(text, "- "))
		case inside && strings.HasPrefix(line, "  "):
			all[len(all)-1] += " " + text
		default:
			inside = false
		}
	}
	return all
}

// head returns the beginning of an item, up to the first colon that is not in code.
func head(item string) string {
	code := false
	for i, r := range item {
		switch {
		case r == '`':
			code = !code
		case r == ':' && !code:
			return item[:i]
		}
	}
	return item
}

// pattern returns what a reason in the runbook stands for: … is any text, and a number any
// number.
func pattern(reason string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(reason)
	quoted = strings.ReplaceAll(quoted, "…", ".*")
	return regexp.MustCompile(regexp.MustCompile(`\d+`).ReplaceAllString(quoted, `\d+`))
}

// withoutRelativeLinks replaces links to other pages of the documents by their texts.
func withoutRelativeLinks(markdown string) string {
	return regexp.MustCompile(`\[([^]]*)\]\((\.\.?/|#|[a-z-]+\.md)[^)]*\)`).ReplaceAllString(markdown, "$1")
}
