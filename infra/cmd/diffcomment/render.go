package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// How many bytes are shown at most. GitHub takes 65,536 characters.
const (
	mostLosses      = 10_000
	mostPermissions = 20_000
	mostDiff        = 30_000
)

// marker begins the comment, so that it is found again. Nobody sees it.
const marker = "<!-- what cdk diff says -->"

// render makes a comment of what cdk diff printed.
func render(output string) (string, error) {
	// Whatever comes before is about how the diff was made.
	start := regexp.MustCompile(`(?m)^Stack `).FindStringIndex(output)
	if start == nil {
		return "", errors.New("this is not the output of cdk diff: it names no stack")
	}
	diff := strings.TrimSpace(output[start[0]:])
	title, _, _ := strings.Cut(diff, "\n")

	var comment strings.Builder
	fmt.Fprintf(&comment, "%s\n### %s\n\n", marker, title)
	changed, lost := resources(diff)
	if len(changed) == 0 && strings.Contains(diff, "There were no differences") {
		comment.WriteString("A deployment would change nothing.\n")
		return comment.String(), nil
	}
	if len(lost) > 0 {
		fmt.Fprintf(&comment, "**Replaced or destroyed**\n%s\n", block(shortened(strings.Join(lost, "\n"), mostLosses)))
	}
	if permissions := permissions(diff); permissions != "" {
		fmt.Fprintf(&comment, "**Permissions change**\n%s\n", block(shortened(permissions, mostPermissions)))
	} else {
		comment.WriteString("No permissions change.\n\n")
	}
	fmt.Fprintf(&comment, "<details><summary>Resources that change: %d</summary>\n%s\n</details>\n", len(changed), block(shortened(diff, mostDiff)))
	return comment.String(), nil
}

// resources lists the resources that change, and those of them that do not
// survive it.
func resources(diff string) (changed, lost []string) {
	heading := regexp.MustCompile(`^\[[+~-]\] \w+::\w+`)
	ends := regexp.MustCompile(` (replace|may be replaced|destroy|orphan)$`)
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, " \r\n")
		if !heading.MatchString(line) {
			continue
		}
		changed = append(changed, line)
		if ends.MatchString(line) {
			lost = append(lost, line)
		}
	}
	return changed, lost
}

// permissions is the part of a diff about IAM and security groups: tables,
// which a note ends.
func permissions(diff string) string {
	tables := regexp.MustCompile(`(?ms)^(IAM Statement|IAM Policy|Security Group) Changes$.*?^\(NOTE: `).FindString(diff)
	return strings.TrimSpace(strings.TrimSuffix(tables, "(NOTE: "))
}

func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "\n… the rest is in the log of the workflow."
}

// block shows a text as it is, whatever is in it.
func block(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return "\n" + fence + "\n" + text + "\n" + fence + "\n"
}
