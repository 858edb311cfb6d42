// Package repository reads the repository that a tool works on.
package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Git runs a command of git in a folder and returns its output. The error has what git
// reports.
func Git(ctx context.Context, folder string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = folder
	output, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("git %s: %w: %s", arguments[0], err, bytes.TrimSpace(failed.Stderr))
	}
	return output, err
}

// CheckClean returns an error if there are changes that are not committed.
func CheckClean(ctx context.Context, folder string) error {
	status, err := Git(ctx, folder, "status", "--porcelain")
	if err == nil && len(status) > 0 {
		err = errors.New("there are changes that are not committed: commit or stash them first")
	}
	return err
}

// Files returns the names of the files that git tracks.
func Files(ctx context.Context, folder string) ([]string, error) {
	listed, err := Git(ctx, folder, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(listed), "\x00"), "\x00"), nil
}

// ModulePath returns the common beginning of all module paths of the workspace. The rest
// of each path is the module's folder.
func ModulePath(folder string) (string, error) {
	encoded, err := os.ReadFile(filepath.Join(folder, "go.work"))
	if err != nil {
		return "", err
	}
	work, err := modfile.ParseWork("go.work", encoded, nil)
	if err != nil {
		return "", err
	}
	common := ""
	for _, use := range work.Use {
		file := filepath.Join(folder, use.Path, "go.mod")
		encoded, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		full := modfile.ModulePath(encoded)
		path, named := strings.CutSuffix(full, strings.TrimPrefix(use.Path, "."))
		if !named || common != "" && path != common {
			return "", fmt.Errorf("%s: the module %s is not named after its folder, as the others are", file, full)
		}
		common = path
	}
	if common == "" {
		return "", errors.New("go.work uses no module")
	}
	return common, nil
}
