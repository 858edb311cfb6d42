// Command idle prints what environments cost in a month without orders, from their
// templates: idle dev.golden.json prod.golden.json. An environment is named after its
// file.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.com/saga/acceptance/cost"
	"example.com/saga/acceptance/markdown"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: idle TEMPLATE…")
		os.Exit(2)
	}
	if err := printTable(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "idle:", err)
		os.Exit(1)
	}
}

func printTable(output io.Writer, files []string) error {
	var environments []string
	templates := make(map[string][]byte)
	for _, file := range files {
		template, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		environment, _, _ := strings.Cut(filepath.Base(file), ".")
		environments, templates[environment] = append(environments, environment), template
	}
	rows, err := cost.IdleTable(environments, templates)
	if err != nil {
		return err
	}
	_, err = io.WriteString(output, markdown.Table(rows, "--:"))
	return err
}
