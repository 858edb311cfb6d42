package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/saga/pkg/contract"
)

// artefacts is the folder with the functions' executables, built for one
// target: <folder>/<service>/<command>/bootstrap.
type artefacts string

// commands lists the functions' commands by their services.
func commands() map[string][]string {
	return map[string][]string{
		contract.SourceOrder:     {"api", "sweeper", "worker"},
		contract.SourceWarehouse: {"worker"},
		contract.SourcePayment:   {"worker"},
		contract.SourceLoyalty:   {"worker"},
	}
}

// findArtefacts refuses a folder in which executables are missing.
func findArtefacts(folder string) (artefacts, error) {
	found := artefacts(folder)
	var missing []string
	for service, names := range commands() {
		for _, name := range names {
			executable := filepath.Join(found.of(service, name), "bootstrap")
			_, err := os.Stat(executable)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				missing = append(missing, executable)
			case err != nil:
				return "", err
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return "", fmt.Errorf("not built yet: %s: run make build", strings.Join(missing, ", "))
	}
	return found, nil
}

// of gives the folder of a service's command.
func (a artefacts) of(service, command string) string {
	return filepath.Join(string(a), service, command)
}
