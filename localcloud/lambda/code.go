package lambda

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// maximumUnzipped is Lambda's limit of the size of an unzipped archive.
const maximumUnzipped = 250 << 20

const bootstrapName = "bootstrap"

// code is what a version runs.
type code struct {
	// bootstrap is the path of the executable. Its folder is the working directory of
	// the process.
	bootstrap string
	// archive describes the archive that the folder was unzipped from; nil if there was
	// none.
	archive *hashed
	// source is the folder or the archive of a template, which may change, and stamp what
	// it had. It is empty for code that was uploaded or copied.
	source, stamp string
}

// hashed is the SHA-256 of a content, in base64 as AWS has it, and its size.
type hashed struct {
	sha256 string
	size   int
}

func hash(content []byte) *hashed {
	sum := sha256.Sum256(content)
	return &hashed{base64.StdEncoding.EncodeToString(sum[:]), len(content)}
}

// hash returns that of the archive, or of the executable if there is none.
func (c code) hash() (*hashed, error) {
	if c.archive != nil {
		return c.archive, nil
	}
	content, err := os.ReadFile(c.bootstrap)
	if err != nil {
		return nil, err
	}
	return hash(content), nil
}

// mustBe returns an error if the code has another hash than this one, unless that is
// empty.
func (c code) mustBe(sha256 string) error {
	if sha256 == "" {
		return nil
	}
	found, err := c.hash()
	if err == nil && sha256 != found.sha256 {
		err = invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", sha256, found.sha256)
	}
	return err
}

func (c code) equals(other code) (bool, error) {
	if c.bootstrap == other.bootstrap {
		return true, nil
	}
	a, errA := c.hash()
	b, errB := other.hash()
	if err := errors.Join(errA, errB); err != nil {
		return false, err
	}
	return *a == *b, nil
}

// codeStore keeps code in folders.
type codeStore struct {
	mu     sync.Mutex
	folder string
	closed bool
}

// load returns the code in a folder or in an archive.
func (s *codeStore) load(source string) (code, error) {
	source, err := filepath.Abs(source)
	if err != nil {
		return code{}, fmt.Errorf("find the code: %w", err)
	}
	stamp, err := stampOf(source)
	if err != nil {
		return code{}, err
	}
	loaded := code{bootstrap: filepath.Join(source, bootstrapName)}
	if archive, failed := os.ReadFile(source); failed == nil {
		if loaded, err = s.unzip(archive); err != nil {
			return code{}, err
		}
	}
	loaded.source, loaded.stamp = source, stamp
	info, err := os.Stat(loaded.bootstrap)
	if err == nil && (!info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0) {
		err = fmt.Errorf("%s is not an executable file", loaded.bootstrap)
	}
	return loaded, err
}

// refresh returns the code that the source has now. While that cannot be read, because
// it is being written, the code stays the same.
func (s *codeStore) refresh(c code) code {
	if c.source == "" {
		return c
	}
	if stamp, err := stampOf(c.source); err != nil || stamp == c.stamp {
		return c
	}
	if fresh, err := s.load(c.source); err == nil {
		return fresh
	}
	return c
}

// stampOf returns a text that changes with the files of a folder, or with an archive.
// Installed packages, and what Python makes of its sources, do not count.
func stampOf(source string) (string, error) {
	sum := sha256.New()
	folder, name := filepath.Split(source)
	err := fs.WalkDir(os.DirFS(folder), name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if slices.Contains([]string{"node_modules", "__pycache__"}, filepath.Base(path)) {
				return fs.SkipDir
			}
			return err
		}
		info, err := os.Stat(filepath.Join(folder, path))
		if err == nil {
			sum.Write(fmt.Appendln(nil, path, info.Size(), info.Mode(), info.ModTime().UnixNano())) // A hash never fails.
		}
		return err
	})
	return string(sum.Sum(nil)), err
}

// unzip unpacks an archive into a folder of its own.
func (s *codeStore) unzip(archive []byte) (code, error) {
	if len(archive) == 0 {
		return code{}, invalidParameter("Uploaded file must be a non-empty zip")
	}
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return code{}, invalidParameter("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	var size uint64
	for _, file := range reader.File {
		size += file.UncompressedSize64
	}
	if size > maximumUnzipped {
		return code{}, invalidParameter("Unzipped size must be smaller than %d bytes", maximumUnzipped)
	}
	folder, err := s.newFolder()
	if err != nil {
		return code{}, err
	}
	if err := os.CopyFS(folder, reader); err != nil {
		return code{}, invalidParameter("Could not unzip uploaded file: %s", err)
	}
	return code{bootstrap: filepath.Join(folder, bootstrapName), archive: hash(archive)}, nil
}

// snapshot copies code that is not the service's own, so that a version keeps it.
func (s *codeStore) snapshot(from code) (code, error) {
	if from.archive != nil {
		from.source = ""
		return from, nil
	}
	folder, err := s.newFolder()
	if err != nil {
		return code{}, err
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Dir(from.bootstrap))); err != nil {
		return code{}, fmt.Errorf("copying the code of a version: %w", err)
	}
	return code{bootstrap: filepath.Join(folder, bootstrapName)}, nil
}

// newFolder returns a new folder for code.
func (s *codeStore) newFolder() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errClosed
	}
	if s.folder == "" {
		folder, err := os.MkdirTemp("", "localcloud-code-")
		if err != nil {
			return "", fmt.Errorf("making a folder for code: %w", err)
		}
		s.folder = folder
	}
	return os.MkdirTemp(s.folder, "")
}

// close removes all folders.
func (s *codeStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}
