package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The longest parts of the comment, in bytes. GitHub accepts 65,536 characters.
const (
	maximumLosses      = 10_000
	maximumPermissions = 20_000
	maximumDiff        = 30_000
)

// marker begins the comment, so that the next run finds it. It is not displayed.
const marker = "<!-- what cdk diff says -->"

// render makes a comment of the output of cdk diff.
func render(output string) (string, error) {
	// The lines before it are about how the diff was made.
	start := regexp.MustCompile(`(?m)^Stack `).FindStringIndex(output)
	if start == nil {
		return "", errors.New("this is not the output of cdk diff: it names no stack")
	}
	diff := strings.TrimSpace(output[start[0]:])
	title, _, _ := strings.Cut(diff, "\n")

	var comment strings.Builder
	fmt.Fprintf(&comment, "%s\n### %s\n\n", marker, title)
	changed, lost := changedResources(diff)
	if len(changed) == 0 && strings.Contains(diff, "There were no differences") {
		comment.WriteString("A deployment would change nothing.\n")
		return comment.String(), nil
	}
	if len(lost) > 0 {
		fmt.Fprintf(&comment, "**Replaced or destroyed**\n%s\n", codeBlock(truncate(strings.Join(lost, "\n"), maximumLosses)))
	}
	if changes := permissionChanges(diff); changes != "" {
		fmt.Fprintf(&comment, "**Permissions change**\n%s\n", codeBlock(truncate(changes, maximumPermissions)))
	} else {
		comment.WriteString("No permissions change.\n\n")
	}
	fmt.Fprintf(&comment, "<details><summary>Resources that change: %d</summary>\n%s\n</details>\n", len(changed), codeBlock(truncate(diff, maximumDiff)))
	return comment.String(), nil
}

// changedResources returns the resources that change, and those of them that are
// replaced or deleted.
func changedResources(diff string) (changed, lost []string) {
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

// permissionChanges returns the part of a diff about IAM and security groups: the
// tables before a note.
func permissionChanges(diff string) string {
	tables := regexp.MustCompile(`(?ms)^(IAM Statement|IAM Policy|Security Group) Changes$.*?^\(NOTE: `).FindString(diff)
	return strings.TrimSpace(strings.TrimSuffix(tables, "(NOTE: "))
}

// truncate returns at most so many bytes of the text, and whole characters.
func truncate(text string, maximum int) string {
	if len(text) <= maximum {
		return text
	}
	cut := maximum
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "\n… the rest is in the log of the workflow."
}

// codeBlock makes a block of Markdown that no text can end: its fence is longer
// than any in the text.
func codeBlock(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return "\n" + fence + "\n" + text + "\n" + fence + "\n"
}
