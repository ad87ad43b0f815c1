package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// bundleClients bundles the pages of the functions that have one, into work. It answers
// the flags by which the go command finds them in the functions' folders dist, without
// a file being written there: none where there are no pages. What is wrong with a page
// is put at its function's place in faults.
func (args BuildArgs) bundleClients(work string, faults []error) ([]string, error) {
	// By the go command's rules names are relative to where it runs, which is the root; an
	// empty replacement is a file that is not there.
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for i, name := range args.Names {
		folder := "functions/" + name
		source := filepath.Join(args.Root, "functions", name, "client")
		if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		bundled, err := Bundle(source)
		if err != nil {
			faults[i] = fmt.Errorf("building function %s: bundling %s/client:\n%w", name, folder, err)
			continue
		}
		// What is in the sources' dist is not part of the page.
		dist := os.DirFS(filepath.Join(args.Root, "functions", name, "dist"))
		err = fs.WalkDir(dist, ".", func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				overlay.Replace[path.Join(folder, "dist", file)] = ""
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("listing dist of %s: %w", name, err)
		}
		to := filepath.Join(work, "client-"+name)
		if err := os.CopyFS(to, bundled); err != nil {
			return nil, fmt.Errorf("writing the client of %s: %w", name, err)
		}
		err = fs.WalkDir(bundled, ".", func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				overlay.Replace[path.Join(folder, "dist", file)] = filepath.Join(to, filepath.FromSlash(file))
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listing the client of %s: %w", name, err)
		}
	}
	if len(overlay.Replace) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return nil, fmt.Errorf("noting where the clients are: %w", err)
	}
	file := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return nil, fmt.Errorf("noting where the clients are: %w", err)
	}
	return []string{"-overlay", file}, nil
}
