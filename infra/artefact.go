package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// artefacts is the folder with the functions' executables, built for one
// target: <folder>/<service>/<command>/bootstrap.
type artefacts string

// commands returns the functions' commands, <service>/<command>, found in the folder
// of the services: every command in <service>/cmd is a Lambda function.
func commands(services string) ([]string, error) {
	programs, err := filepath.Glob(filepath.Join(services, "*", "cmd", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	if len(programs) == 0 {
		return nil, fmt.Errorf("%s has no function", services)
	}
	var found []string
	for _, program := range programs {
		command := filepath.Dir(program)
		service := filepath.Dir(filepath.Dir(command))
		found = append(found, filepath.Join(filepath.Base(service), filepath.Base(command)))
	}
	return found, nil
}

// findArtefacts returns an error if an executable of a function is missing in the
// folder.
func findArtefacts(folder, services string) (artefacts, error) {
	functions, err := commands(services)
	if err != nil {
		return "", err
	}
	var missing []string
	for _, function := range functions {
		executable := filepath.Join(folder, function, "bootstrap")
		_, err := os.Stat(executable)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, executable)
		case err != nil:
			return "", err
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return "", fmt.Errorf("not built yet: %s: run make build", strings.Join(missing, ", "))
	}
	return artefacts(folder), nil
}

// of returns the folder of a service's command.
func (a artefacts) of(service, command string) string {
	return filepath.Join(string(a), service, command)
}
