// Package artifact keeps the unpacked code of Lambda functions in a folder, one
// folder inside it for each archive, named by the archive's SHA-256.
//
// A folder appears under its name only when it is complete, so that a kill at any
// moment leaves either all of an archive or nothing that anybody would use.
package artifact

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"auth-api/infra/localaws/wire"
)

// Limits of Lambda.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	MaxArchive  = 50 << 20  // bytes of an archive that is uploaded directly
	MaxUnpacked = 250 << 20 // bytes of all files together
)

// grace is how long code that nobody declares yet is kept: the provider hands over
// the archive first and declares the function after.
const grace = 10 * time.Minute

// unfinished is the prefix of folders that are being filled.
const unfinished = "unpacking-"

// Store is the folder of unpacked code. It is safe for use by many goroutines of
// one process; no other process may use the same folder.
type Store struct {
	dir string
	now func() time.Time

	mu     sync.Mutex
	leases map[string]time.Time // code that was put, and is not known to be declared
}

// Open uses dir, which it makes when it is missing, and clears away what an earlier
// process left unfinished.
func Open(dir string, now func() time.Time) (*Store, error) {
	dir, err := filepath.Abs(dir) // processes are started in another working directory
	if err != nil {
		return nil, fmt.Errorf("opening the folder of function code: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the folder of function code: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of function code: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("clearing away half unpacked function code: %w", err)
			}
		}
	}
	return &Store{dir: dir, now: now, leases: map[string]time.Time{}}, nil
}

// Dir returns the folder of the code with this hash, whether it is there or not.
func (s *Store) Dir(hash string) string { return filepath.Join(s.dir, hash) }

// Put unpacks the archive under its hash: SHA-256, 64 hexadecimal digits in lower
// case. It does nothing when the code is there already. An archive that does not
// have this hash, is no zip, is too large, or holds a name that leads elsewhere or
// anything but files and folders is refused with a *wire.Error, and nothing of it
// is kept.
func (s *Store) Put(hash string, archive []byte) error {
	if sum := sha256.Sum256(archive); hex.EncodeToString(sum[:]) != hash {
		return wire.NewError("InvalidParameterValueException",
			fmt.Sprintf("the function's code has the SHA-256 %x, but %q was said", sum, hash))
	}
	if len(archive) > MaxArchive {
		return &wire.Error{Status: http.StatusRequestEntityTooLarge, Code: "RequestTooLargeException",
			Message: fmt.Sprintf("Request must be smaller than %d bytes for the CreateFunction operation", MaxArchive)}
	}
	if s.Has(hash) {
		return nil
	}
	dir, err := os.MkdirTemp(s.dir, unfinished)
	if err != nil {
		return notWritten(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is gone already when all went well
	if err := unpack(archive, dir, MaxUnpacked); err != nil {
		return err
	}
	if err := errors.Join(flush(dir), os.Chmod(dir, 0o755)); err != nil {
		return notWritten(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leases[hash] = s.now()
	err = os.Rename(dir, s.Dir(hash))
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil // somebody else was first with the same bytes
	}
	if err != nil {
		return notWritten(err)
	}
	return nil
}

// notWritten says that code could not be put on disk, and what helps where the disk is
// full.
func notWritten(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("unpacking function code: %w; nothing of it was kept: free space on the disk, and try again", err)
		}
	}
	return fmt.Errorf("unpacking function code: %w", err)
}

// Has reports whether the code is there, and if so keeps it from being pruned for a
// while, so that a declaration can follow.
func (s *Store) Has(hash string) bool {
	if !isHash(hash) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Stat(s.Dir(hash)); err != nil {
		return false
	}
	s.leases[hash] = s.now()
	return true
}

// Prune removes the code that used does not name and that was not put a moment ago.
// used is called while nothing can be put.
func (s *Store) Prune(used func() (map[string]bool, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep, err := used()
	if err != nil {
		return fmt.Errorf("pruning function code: %w", err)
	}
	for hash, since := range s.leases {
		if keep[hash] || s.now().Sub(since) > grace {
			delete(s.leases, hash)
		}
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("pruning function code: %w", err)
	}
	var failed error
	for _, e := range entries {
		_, leased := s.leases[e.Name()]
		if leased || keep[e.Name()] || !isHash(e.Name()) {
			continue
		}
		// Renamed first, so that a kill half-way leaves nothing that looks complete.
		doomed := filepath.Join(s.dir, unfinished+e.Name())
		if err := os.Rename(s.Dir(e.Name()), doomed); err != nil {
			failed = errors.Join(failed, fmt.Errorf("pruning function code: %w", err))
			continue
		}
		if err := os.RemoveAll(doomed); err != nil {
			failed = errors.Join(failed, fmt.Errorf("pruning function code: %w", err))
		}
	}
	return failed
}

func isHash(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && strings.ToLower(s) == s
}

// unpack writes what is in the archive into dir, up to limit bytes.
func unpack(archive []byte, dir string, limit int64) error {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return wire.NewError("InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	left := limit
	for _, f := range z.File {
		n, err := unpackFile(f, dir, left)
		if err != nil {
			return err
		}
		if left -= n; left < 0 {
			return wire.NewError("InvalidParameterValueException", fmt.Sprintf("Unzipped size must be smaller than %d bytes", limit))
		}
	}
	return nil
}

// unpackFile writes one file, no more than a byte over what is left of the limit.
func unpackFile(f *zip.File, dir string, left int64) (written int64, err error) {
	refuse := func(why string) error {
		return wire.NewError("InvalidParameterValueException", fmt.Sprintf("the function's archive holds %q, which %s", f.Name, why))
	}
	name, folder := strings.CutSuffix(f.Name, "/")
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return 0, refuse("does not name a file inside it")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if folder {
		if err := os.MkdirAll(path, 0o755); errors.Is(err, syscall.ENOTDIR) {
			return 0, refuse("is at once a file and a folder")
		} else if err != nil {
			return 0, notWritten(err)
		}
		return 0, nil
	}
	if !f.Mode().IsRegular() {
		return 0, refuse("is neither a file nor a folder")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); errors.Is(err, syscall.ENOTDIR) {
		return 0, refuse("is at once a file and a folder")
	} else if err != nil {
		return 0, notWritten(err)
	}
	content, err := f.Open()
	if err != nil {
		return 0, refuse("cannot be unpacked: " + err.Error())
	}
	defer content.Close()

	// No process may be forked while the file is open for writing: the child would
	// hold it open until it execs, and starting the file meanwhile would fail with
	// "text file busy".
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.Mode().Perm()&0o755|0o400)
	if errors.Is(err, fs.ErrExist) {
		return 0, refuse("stands there twice")
	}
	if err != nil {
		return 0, notWritten(err)
	}
	defer func() {
		if closed := out.Close(); err == nil && closed != nil {
			err = notWritten(closed)
		}
	}()
	read := &reading{Reader: io.LimitReader(content, left+1)}
	written, err = io.Copy(out, read)
	switch {
	case read.err != nil:
		return 0, refuse("cannot be unpacked: " + read.err.Error())
	case err != nil:
		return 0, notWritten(err)
	}
	return written, nil
}

// flush sees to it that a name stands for complete bytes after a power cut, too.
func flush(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// reading remembers the error of the reader, to tell it from the writer's.
type reading struct {
	io.Reader
	err error
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
