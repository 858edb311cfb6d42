package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"example.com/saga/localcloud/cloud"
)

// readyFile is the ready file that this run has written. Its lock ends with the
// process, however that ends, so a file without one is left over.
type readyFile struct {
	path string
	held *os.File
}

// clearReadyFile removes the ready file of a run that ended without doing so. An
// error is returned if that run has not ended.
func clearReadyFile(path string) error {
	left, err := os.Open(path)
	if path == "" || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the ready file: %w", err)
	}
	defer left.Close() //nolint:errcheck // It was only read.
	if err := lock(left); err != nil {
		var running cloud.Description
		if err := json.NewDecoder(left).Decode(&running); err != nil {
			return fmt.Errorf("reading the ready file of a local cloud that runs: %w", err)
		}
		return fmt.Errorf("already running at %s, with the ready file %s: end it, or choose another --ready-file", running.AWSEndpointURL, path)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing the ready file: %w", err)
	}
	return nil
}

// writeReadyFile writes the file whole or not at all, so that a program that waits
// for it never reads half of it. Only its owner can read it. Without a path it does
// nothing.
func writeReadyFile(path string, content cloud.Description) (*readyFile, error) {
	if path == "" {
		return &readyFile{}, nil
	}
	if err := clearReadyFile(path); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the ready file: %w", err)
	}
	unfinished, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("writing the ready file: %w", err)
	}
	_, err = unfinished.Write(append(text, '\n'))
	if err = errors.Join(err, lock(unfinished)); err == nil {
		err = os.Rename(unfinished.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("writing the ready file: %w", errors.Join(err, unfinished.Close(), os.Remove(unfinished.Name())))
	}
	return &readyFile{path: path, held: unfinished}, nil
}

// remove removes the file, unless another is in its place.
func (r *readyFile) remove() error {
	if r.path == "" {
		return nil
	}
	defer r.held.Close() //nolint:errcheck // It was written long ago.
	own, err := r.held.Stat()
	if err != nil {
		return fmt.Errorf("removing the ready file: %w", err)
	}
	there, err := os.Stat(r.path)
	if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(own, there) {
		return nil
	}
	if err := errors.Join(err, os.Remove(r.path)); err != nil {
		return fmt.Errorf("removing the ready file: %w", err)
	}
	return nil
}

// lock locks a file until it is closed. An error is returned if another has it.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
