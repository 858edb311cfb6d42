// Package markdown writes the tables of generated documents.
package markdown

import "strings"

// Table returns rows as a table, the first of which has the headings. Rule is the line
// beneath the headings of all columns but the first: --- or, for numbers, --:.
func Table(rows [][]string, rule string) string {
	var text strings.Builder
	for n, row := range rows {
		text.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if n == 0 {
			text.WriteString("|---" + strings.Repeat("|"+rule, len(row)-1) + "|\n")
		}
	}
	return text.String()
}
