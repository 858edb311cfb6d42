// Package ownstore is a store of one's own for the participants of one process: a folder
// with a file for each record. It passes the suite for stores. A store for several
// processes needs a lock that all of them share, or a database with conditional writes.
package ownstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/participant"
)

// Store is a participant.Store in a folder, safe for concurrent use. It has no counters: a
// commit with adjustments is invalid.
type Store struct {
	folder string
	mu     sync.Mutex
}

var _ participant.Store = (*Store)(nil)

// Open makes the store of an existing folder.
func Open(folder string) *Store { return &Store{folder: folder} }

// file returns the file of a record. A subject may be longer than a name in a folder.
func (s *Store) file(subject string) string {
	digest := sha256.Sum256([]byte(subject))
	return filepath.Join(s.folder, hex.EncodeToString(digest[:]))
}

// Load implements participant.Store.
func (s *Store) Load(_ context.Context, subject string) (participant.Record, error) {
	if err := participant.CheckSubject(subject); err != nil {
		return participant.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(subject)
}

func (s *Store) read(subject string) (participant.Record, error) {
	record := participant.Record{Subject: subject}
	encoded, err := os.ReadFile(s.file(subject))
	if errors.Is(err, fs.ErrNotExist) {
		return record, nil
	}
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(encoded)).Decode(&record)
	}
	return record, err
}

// Commit implements participant.Store.
func (s *Store) Commit(_ context.Context, record participant.Record, adjustments []participant.Adjustment) error {
	if err := participant.CheckCommit(record, adjustments); err != nil {
		return err
	}
	if len(adjustments) > 0 {
		return fmt.Errorf("%w: commit %s: the store has no counters", event.ErrInvalid, record.Subject)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	standing, err := s.read(record.Subject)
	switch {
	case err != nil:
		return err
	case standing.Version == record.Version:
	case record.Version == 0:
		return &participant.ConflictError{Standing: standing}
	default:
		return participant.ErrConflict
	}
	record.Version++
	var encoded bytes.Buffer
	if err := gob.NewEncoder(&encoded).Encode(record); err != nil {
		return err
	}
	return replace(s.file(record.Subject), encoded.Bytes())
}

// replace replaces the content of a file, on the disk too, or leaves it as it was: after a
// crash there is the old or the new record, never a part of one.
func replace(file string, content []byte) error {
	next, err := os.Create(file + ".next")
	if err != nil {
		return err
	}
	_, err = next.Write(content)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), file); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close()) // Without it, the new name may be lost.
}
