package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/evanw/esbuild/pkg/api"
)

// Bundle makes what a browser loads out of the source of a page: a folder with
// index.html, and the scripts, stylesheets and images that it names. Answered are
// index.html and assets/NAME-HASH.EXT, where the hash is of the content, so that an asset
// never changes under its name. The same folder gives the same bytes wherever it is; it
// is only read.
//
// Scripts (.ts, .js) are bundled with what they import, as one module each, for ES2022,
// and minified; stylesheets (.css) with what they import and the images that they name.
// The page names them relative to itself, and gets a base of ./, which whoever serves it
// may say better, and the digests of scripts and stylesheets. There is no source map: it
// would weigh more than the script in every archive, and the source is at hand where the
// page was built.
//
// Refused is what the page may not have: files from outside the folder, packages and
// other hosts' files, as the page runs no third party's code; images other than .svg, as
// the API passes on text and no bytes; and what its Content-Security-Policy forbids, such
// as scripts and styles within the HTML. All that is wrong is told at once, each with the
// file, the line and the column. esbuild's warnings are errors: nobody would see them.
func Bundle(folder string) (fs.FS, error) {
	folder, err := filepath.Abs(folder)
	if err == nil {
		folder, err = filepath.EvalSymlinks(folder) // esbuild knows files by where they really are
	}
	if err != nil {
		return nil, fmt.Errorf("bundling a client: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, pageFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no %s: it is the page, and names the script and the stylesheet", pageFile)
	case err != nil:
		return nil, fmt.Errorf("bundling a client: %w", err)
	}
	p, pageFault := readPage(text, func(name string) bool {
		info, err := os.Stat(filepath.Join(folder, filepath.FromSlash(name)))
		return err == nil && info.Mode().IsRegular()
	})
	assets, err := bundle(folder, p.names())
	if err := errors.Join(pageFault, err); err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	for name, content := range assets.files {
		files[name] = &fstest.MapFile{Data: content, Mode: 0o444}
	}
	files[pageFile] = &fstest.MapFile{Data: p.render(assets), Mode: 0o444}
	return files, nil
}

// assets are the bundled files by their paths, and the paths by the names in the source.
type assets struct {
	files map[string][]byte
	paths map[string]string
}

// bundle bundles the files of a folder that a page names.
func bundle(folder string, names []string) (assets, error) {
	if len(names) == 0 {
		return assets{}, nil
	}
	// It writes nothing, but names what it would have written.
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     folder,
		EntryPoints:       names,
		Outdir:            assetsFolder,
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Bundle:            true,
		Metafile:          true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformNeutral, // a browser, without what npm's packages say of browsers
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
		Loader:            map[string]api.Loader{".svg": api.LoaderCopy},
		TsconfigRaw:       "{}", // not of the folders above
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Plugins:           []api.Plugin{{Name: "own-files", Setup: ownFiles(folder)}},
	})
	if err := faults(append(result.Errors, result.Warnings...)); err != nil {
		return assets{}, err
	}
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return assets{}, fmt.Errorf("reading what esbuild says of its files: %w", err)
	}
	made := assets{map[string][]byte{}, map[string]string{}}
	for _, file := range result.OutputFiles {
		name, err := filepath.Rel(folder, file.Path)
		if err != nil {
			return assets{}, fmt.Errorf("naming an asset: %w", err)
		}
		name = filepath.ToSlash(name)
		made.files[name] = file.Contents
		if entry := meta.Outputs[name].EntryPoint; entry != "" {
			made.paths[entry] = name
		}
	}
	for _, name := range names {
		if made.paths[name] == "" {
			return assets{}, fmt.Errorf("bundling %s: esbuild made nothing of it", name)
		}
	}
	return made, nil
}

const assetsFolder = "assets"

// kinds of files that a client is made of.
var kinds = []string{".ts", ".js", ".css", ".svg"}

// kindFault tells why a file is not bundled, nil for one that is.
func kindFault(name string) error {
	ext := path.Ext(name)
	if slices.Contains(kinds, ext) {
		return nil
	}
	return fmt.Errorf("%s is not bundled: legal are files that end in %s (images are to be .svg: the API passes on text, and no bytes)", path.Base(name), strings.Join(kinds, ", "))
}

// ownFiles keeps esbuild to the files of the folder. It finds them by itself: esbuild
// would ask the package.json of the folders above, too.
func ownFiles(folder string) func(api.PluginBuild) {
	return func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			relative := strings.HasPrefix(args.Path, "./") || strings.HasPrefix(args.Path, "../")
			switch args.Kind {
			case api.ResolveCSSURLToken:
				if strings.HasPrefix(args.Path, "#") { // within the page
					return api.OnResolveResult{Path: args.Path, External: true}, nil
				}
				fallthrough
			case api.ResolveCSSImportRule, api.ResolveEntryPoint: // where a bare name is a file's
				relative = relative || !strings.Contains(args.Path, ":") && !strings.HasPrefix(args.Path, "/")
			}
			if !relative {
				return api.OnResolveResult{}, fmt.Errorf("%q is no file of the client: it has no packages and nothing of other hosts, so that it runs nobody else's code; legal are paths that begin with ./ or ../", args.Path)
			}
			file, err := find(filepath.Join(args.ResolveDir, filepath.FromSlash(args.Path)))
			if err != nil {
				return api.OnResolveResult{}, fmt.Errorf("there is no file %q", args.Path)
			}
			name, err := filepath.Rel(folder, file)
			if err != nil || !filepath.IsLocal(name) {
				return api.OnResolveResult{}, fmt.Errorf("%q is not in the client's folder: legal are its files", args.Path)
			}
			return api.OnResolveResult{Path: file}, kindFault(filepath.ToSlash(name))
		})
	}
}

// find is where the file really is that an import means: it may leave .ts out, or say
// .js as TypeScript's own compiler wants it.
func find(file string) (string, error) {
	for _, candidate := range []string{file, file + ".ts", strings.TrimSuffix(file, ".js") + ".ts"} {
		if info, err := os.Stat(candidate); err == nil && info.Mode().IsRegular() {
			return filepath.EvalSymlinks(candidate)
		}
	}
	return "", fs.ErrNotExist
}

// faults are esbuild's messages as a compiler tells them, in the order of the files.
func faults(messages []api.Message) error {
	slices.SortStableFunc(messages, func(a, b api.Message) int {
		switch {
		case a.Location == nil || b.Location == nil:
			return strings.Compare(a.Text, b.Text)
		case a.Location.File != b.Location.File:
			return strings.Compare(a.Location.File, b.Location.File)
		case a.Location.Line != b.Location.Line:
			return a.Location.Line - b.Location.Line
		}
		return a.Location.Column - b.Location.Column
	})
	var all []error
	for _, m := range messages {
		if l := m.Location; l != nil {
			all = append(all, fmt.Errorf("%s:%d:%d: %s", l.File, l.Line, l.Column+1, m.Text))
		} else {
			all = append(all, errors.New(m.Text))
		}
	}
	return errors.Join(all...)
}
