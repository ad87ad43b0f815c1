package stress

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A disk of its own, and it is full; for it to be made one must be root.
func TestFullTmpfs(t *testing.T) {
	if testing.Short() {
		t.Skip("it signs up users until the disk is full")
	}
	dir := t.TempDir()
	if err := syscall.Mount("stress", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(dir, "filler")
	fullDisk(t, dir, "no space left on device", func() []string {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(info.Size() - 64<<10); err != nil { // room for the first few users
			t.Fatal(err)
		}
		return nil
	}, func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	})
}
