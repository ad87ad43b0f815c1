package artifact

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"auth-api/infra/localaws/wire"
)

type file struct {
	name, content string
	mode          fs.FileMode
}

func pack(t testing.TB, files ...file) (archive []byte, hash string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.name, "/") {
			continue // a folder has no content
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), hashOf(b.Bytes())
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func open(t testing.TB, dir string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPut(t *testing.T) {
	s := open(t, t.TempDir(), time.Now)
	archive, hash := pack(t, file{"bootstrap", "#!", 0o777}, file{"data/", "", 0o755 | fs.ModeDir}, file{"data/names.txt", "a\nb", 0o640})
	for range 2 { // the second time changes nothing
		if err := s.Put(hash, archive); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]struct {
		content string
		mode    fs.FileMode
	}{"bootstrap": {"#!", 0o755}, "data/names.txt": {"a\nb", 0o640}} {
		path := filepath.Join(s.Dir(hash), name)
		content, err := os.ReadFile(path)
		if err != nil || string(content) != want.content {
			t.Errorf("%s holds %q, %v", name, content, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want.mode {
			t.Errorf("%s has mode %v, want %v: %v", name, info.Mode(), want.mode, err)
		}
	}
	if !s.Has(hash) || s.Has(strings.Repeat("0", 64)) || s.Has("..") || s.Has("") {
		t.Error("what is there and what is not is told wrongly")
	}
}

func TestPutRefuses(t *testing.T) {
	good, goodHash := pack(t, file{"bootstrap", "#!", 0o755})
	slip := func(name string) func() ([]byte, string) {
		return func() ([]byte, string) { return pack(t, file{"bootstrap", "#!", 0o755}, file{name, "owned", 0o755}) }
	}
	given := func(b []byte, hash string) func() ([]byte, string) {
		return func() ([]byte, string) { return b, hash }
	}
	truncated := good[:len(good)-5]
	damaged := bytes.Replace(good, []byte("PK\x01\x02"), []byte("PK\x01\x09"), 1)
	for _, test := range []struct {
		name    string
		archive func() ([]byte, string)
		want    string
	}{
		{"bytes that have another hash", given(append([]byte("x"), good...), goodHash), "has the SHA-256"},
		{"a hash in capitals", given(good, strings.ToUpper(goodHash)), "has the SHA-256"},
		{"a hash that is a path", given(good, "../../etc"), "has the SHA-256"},
		{"no zip", given([]byte("hello"), hashOf([]byte("hello"))), "Could not unzip uploaded file"},
		{"a zip cut short", given(truncated, hashOf(truncated)), "Could not unzip uploaded file"},
		{"a damaged directory", given(damaged, hashOf(damaged)), "Could not unzip uploaded file"},
		{"too large an archive", func() ([]byte, string) { b := make([]byte, MaxArchive+1); return b, hashOf(b) }, "Request must be smaller"},
		{"a way up", slip("../outside"), "does not name a file inside it"},
		{"a way up half-way", slip("a/../../outside"), "does not name a file inside it"},
		{"the root", slip("/outside"), "does not name a file inside it"},
		{"Windows' way", slip(`..\outside`), "does not name a file inside it"},
		{"the folder itself", slip("."), "does not name a file inside it"},
		{"no name", slip(""), "does not name a file inside it"},
		{"a byte that ends names", slip("out\x00side"), "does not name a file inside it"},
		{"the same file twice", slip("bootstrap"), "stands there twice"},
		{"a file that is a folder", slip("bootstrap/inner"), "at once a file and a folder"},
		{"a folder that is a file", slip("bootstrap/"), "at once a file and a folder"},
		{"a symbolic link", func() ([]byte, string) { return pack(t, file{"link", "/etc/passwd", 0o777 | fs.ModeSymlink}) }, "neither a file nor a folder"},
		{"a device", func() ([]byte, string) { return pack(t, file{"tape", "", 0o600 | fs.ModeDevice}) }, "neither a file nor a folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, filepath.Join(root, "code"), time.Now)
			archive, hash := test.archive()
			err := s.Put(hash, archive)
			var refused *wire.Error
			if !errors.As(err, &refused) || !strings.Contains(refused.Message, test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if s.Has(hash) {
				t.Error("it is kept")
			}
			for _, dir := range []string{root, filepath.Join(root, "code")} {
				entries, err := os.ReadDir(dir)
				if len(entries) > 1 || err != nil || (dir != root && len(entries) > 0) {
					t.Errorf("left in %s: %v, %v", dir, entries, err)
				}
			}
		})
	}
}

func TestUnpackedSizeIsLimited(t *testing.T) {
	archive, _ := pack(t, file{"one", strings.Repeat("x", 600), 0o644}, file{"two", strings.Repeat("x", 400), 0o644})
	if err := unpack(archive, t.TempDir(), 1000); err != nil {
		t.Errorf("1000 bytes of 1000: %v", err)
	}
	dir := t.TempDir()
	if err := unpack(archive, dir, 999); err == nil || !strings.Contains(err.Error(), "Unzipped size must be smaller than 999 bytes") {
		t.Errorf("1000 bytes of 999: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "two")); err != nil || info.Size() > 400 {
		t.Errorf("it went on after the limit: %v, %v", info.Size(), err)
	}
}

// An archive may lie about the sizes of what it holds.
func TestUnpackedSizeIsMeasuredNotBelieved(t *testing.T) {
	archive, _ := pack(t, file{"bomb", strings.Repeat("\x00", 1<<20), 0o644})
	sizes := []byte{0, 0, 0x10, 0} // 1 MB, little endian
	lying := bytes.ReplaceAll(archive, sizes, []byte{1, 0, 0, 0})
	if bytes.Equal(lying, archive) {
		t.Fatal("the size is not where it was thought to be")
	}
	dir := t.TempDir()
	if err := unpack(lying, dir, 1000); err == nil {
		t.Error("it is unpacked")
	}
	if info, err := os.Stat(filepath.Join(dir, "bomb")); err == nil && info.Size() > 1001 {
		t.Errorf("%d bytes came out", info.Size())
	}
}

func TestPrune(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	dir := t.TempDir()
	s := open(t, dir, func() time.Time { return now })
	one, oneHash := pack(t, file{"bootstrap", "one", 0o755})
	two, twoHash := pack(t, file{"bootstrap", "two", 0o755})
	if err := errors.Join(s.Put(oneHash, one), s.Put(twoHash, two)); err != nil {
		t.Fatal(err)
	}
	prune := func(s *Store, used ...string) {
		t.Helper()
		if err := s.Prune(func() (map[string]bool, error) {
			m := map[string]bool{}
			for _, u := range used {
				m[u] = true
			}
			return m, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	there := func(want ...string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(want) {
			t.Errorf("%d pieces of code are there, want %d: %v", len(entries), len(want), err)
		}
		for _, w := range want {
			if _, err := os.Stat(s.Dir(w)); err != nil {
				t.Errorf("%v", err)
			}
		}
	}
	prune(s, oneHash) // two was put a moment ago: its declaration is on its way
	there(oneHash, twoHash)
	prune(s) // one was declared and is no more
	there(twoHash)
	now = now.Add(11 * time.Minute)
	prune(s) // two was never declared
	there()

	// What an earlier process left is pruned at once, and what is not ours is left alone.
	if err := s.Put(oneHash, one); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, func() time.Time { return now })
	prune(again)
	there()

	failed := errors.New("the store is closed")
	if err := s.Prune(func() (map[string]bool, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("error is %v", err)
	}
}

// The test binary is itself the process that is killed while it unpacks.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ARTIFACT_TEST_UNPACK"); dir != "" {
		s, err := Open(filepath.Join(dir, "code"), time.Now)
		if err != nil {
			panic(err)
		}
		archive, err := os.ReadFile(filepath.Join(dir, "archive.zip"))
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString("unpacking\n")
		if err := s.Put(hashOf(archive), archive); err != nil {
			panic(err)
		}
		os.Stdout.WriteString("done\n")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestKillWhileUnpacking(t *testing.T) {
	const files, size = 40, 64 << 10
	var all []file
	random := rand.New(rand.NewPCG(1, 2))
	for n := range files {
		content := make([]byte, size)
		for i := range content {
			content[i] = byte(random.Uint32())
		}
		all = append(all, file{"file" + strconv.Itoa(n), string(content), 0o644})
	}
	archive, hash := pack(t, all...)
	killed := 0
	for at := range 8 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "archive.zip"), archive, 0o600); err != nil {
			t.Fatal(err)
		}
		helper := exec.Command(os.Args[0])
		helper.Env = append(os.Environ(), "ARTIFACT_TEST_UNPACK="+dir)
		out, err := helper.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := helper.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		for { // until so many files are there
			found, _ := filepath.Glob(filepath.Join(dir, "code", "*", "*"))
			if len(found) >= at*files/8 {
				break
			}
		}
		_ = helper.Process.Kill()
		_ = helper.Wait()
		if _, err := os.Stat(filepath.Join(dir, "code", hash)); os.IsNotExist(err) {
			killed++
		}

		s := open(t, filepath.Join(dir, "code"), time.Now)
		if entries, err := os.ReadDir(filepath.Join(dir, "code")); err != nil || len(entries) > 1 || (len(entries) == 1 && entries[0].Name() != hash) {
			t.Errorf("left over after a kill at %d/8: %v, %v", at, entries, err)
		}
		if s.Has(hash) { // then it is whole
			if found, _ := os.ReadDir(s.Dir(hash)); len(found) != files {
				t.Errorf("killed at %d/8: %d of %d files under the name of the whole", at, len(found), files)
			}
		}
		if err := s.Put(hash, archive); err != nil {
			t.Errorf("once more after a kill at %d/8: %v", at, err)
		}
	}
	if killed == 0 {
		t.Error("no kill came before the end: the test shows nothing")
	}
}

func FuzzUnpack(f *testing.F) {
	for _, files := range [][]file{
		{{"bootstrap", "#!", 0o755}, {"data/x", "y", 0o644}},
		{{"../up", "x", 0o644}},
		{{"a/", "", 0o755 | fs.ModeDir}, {"a/b", strings.Repeat("z", 5000), 0o600}},
		{{"l", "/etc", 0o777 | fs.ModeSymlink}},
	} {
		archive, _ := pack(f, files...)
		f.Add(archive)
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		root := t.TempDir()
		inside := filepath.Join(root, "inside")
		if err := os.Mkdir(inside, 0o755); err != nil {
			t.Fatal(err)
		}
		err := unpack(archive, inside, 4096)
		entries, readErr := os.ReadDir(root)
		if readErr != nil || len(entries) != 1 {
			t.Errorf("outside there are %v, %v", entries, readErr)
		}
		total := int64(0)
		_ = filepath.WalkDir(inside, func(path string, d fs.DirEntry, walkErr error) error {
			if walkErr != nil {
				t.Error(walkErr)
				return nil
			}
			if !d.IsDir() && !d.Type().IsRegular() {
				t.Errorf("%s is %v", path, d.Type())
			}
			if info, err := d.Info(); err == nil && d.Type().IsRegular() {
				total += info.Size()
			}
			return nil
		})
		if limit := int64(4096 + 1); total > limit || (err == nil && total == limit) {
			t.Errorf("%d bytes came out of 4096, error %v", total, err)
		}
	})
}
