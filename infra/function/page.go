package function

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

const pageFile = "index.html"

// base is where the page's addresses begin until who serves it says better; see
// functions/web, which puts the address of the stage in its place.
const base = `<base href="./">`

// page is an index.html taken apart at the files that it names.
type page []piece

// piece is text that stays as it is, or a tag whose attribute names a file.
type piece struct {
	text []byte
	tag  html.Token
	at   int    // the attribute's index
	name string // of the file; empty for text
}

// names are the files that the page names, each once.
func (p page) names() []string {
	var names []string
	for _, piece := range p {
		if piece.name != "" && !slices.Contains(names, piece.name) {
			names = append(names, piece.name)
		}
	}
	return names
}

// render writes the page with the bundled files in the place of those of the source.
func (p page) render(from assets) []byte {
	var out bytes.Buffer
	for _, piece := range p {
		out.Write(piece.text)
		if piece.name == "" {
			continue
		}
		made := from.paths[piece.name]
		tag := piece.tag
		tag.Attr = slices.Clone(tag.Attr)
		tag.Attr[piece.at].Val = made
		// Browsers check the digests of scripts and stylesheets alone.
		if ext := path.Ext(made); ext == ".js" || ext == ".css" {
			sum := sha512.Sum384(from.files[made])
			tag.Attr = append(tag.Attr, html.Attribute{Key: "integrity", Val: "sha384-" + base64.StdEncoding.EncodeToString(sum[:])})
		}
		out.WriteString(tag.String())
	}
	return out.Bytes()
}

// readPage takes an index.html apart, and refuses what a page may not hold. Comments
// are left out.
func readPage(text []byte, exists func(string) bool) (page, error) {
	var (
		p       page
		all     []error
		heads   int
		scripts int
		offset  int
		z       = html.NewTokenizer(bytes.NewReader(text))
	)
	for {
		kind := z.Next()
		if kind == html.ErrorToken { // the end: a reader of bytes has no other
			break
		}
		raw := bytes.Clone(z.Raw())
		refuse := func(err error) {
			before := text[:offset]
			line, column := bytes.Count(before, []byte("\n"))+1, offset-bytes.LastIndexByte(before, '\n')
			all = append(all, fmt.Errorf("%s:%d:%d: %w", pageFile, line, column, err))
		}
		switch kind {
		case html.CommentToken:
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			at, err := reference(tag, exists)
			switch {
			case err != nil:
				refuse(err)
			case at >= 0:
				p = append(p, piece{tag: tag, at: at, name: path.Clean(tag.Attr[at].Val)})
			default:
				p = append(p, piece{text: raw})
			}
			switch tag.Data {
			case "script":
				scripts++
			case "head":
				heads++
				p = append(p, piece{text: []byte(base)})
			}
		default:
			p = append(p, piece{text: raw})
		}
		offset += len(raw)
	}
	if heads != 1 {
		all = append(all, fmt.Errorf("%s: it has %d tags <head>: it needs one, where the base of its addresses is put", pageFile, heads))
	}
	if scripts == 0 {
		all = append(all, fmt.Errorf(`%s: it names no script: it needs <script type="module" src="main.ts">`, pageFile))
	}
	return p, errors.Join(all...)
}

// forbidden are elements that the page may not have, and why.
var forbidden = map[string]string{
	"base":   "the function that serves the page says where its addresses begin",
	"style":  "the page's Content-Security-Policy forbids styles in the HTML: put them into the stylesheet",
	"iframe": "the page's Content-Security-Policy forbids frames",
	"frame":  "the page's Content-Security-Policy forbids frames",
	"object": "the page's Content-Security-Policy forbids plug-ins",
	"embed":  "the page's Content-Security-Policy forbids plug-ins",
}

// sources are the elements that load a file, the attributes that name it, and how its
// name may end.
var sources = map[string]struct {
	attribute string
	legal     []string
}{
	"script": {"src", []string{".ts", ".js"}},
	"link":   {"href", []string{".css", ".svg"}},
	"img":    {"src", []string{".svg"}},
}

// loading are attributes by which other elements would load a file.
var loading = []string{"src", "srcset", "imagesrcset", "poster", "background", "data"}

// reference is the index of the tag's attribute that names a file, -1 without one. The
// error says what the tag may not have.
func reference(tag html.Token, exists func(string) bool) (int, error) {
	if why := forbidden[tag.Data]; why != "" {
		return -1, fmt.Errorf("<%s>: %s", tag.Data, why)
	}
	at, types := -1, ""
	for i, a := range tag.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			return -1, fmt.Errorf("<%s %s>: the page's Content-Security-Policy forbids scripts in the HTML: add a listener in the script", tag.Data, a.Key)
		case a.Key == "style":
			return -1, fmt.Errorf("<%s style>: the page's Content-Security-Policy forbids styles in the HTML: put them into the stylesheet", tag.Data)
		case a.Key == "integrity":
			return -1, fmt.Errorf("<%s integrity>: the bundle's digest is put there", tag.Data)
		case a.Key == sources[tag.Data].attribute:
			at = i
		case slices.Contains(loading, a.Key), a.Key == "href" && (tag.Data == "use" || tag.Data == "image") && !strings.HasPrefix(a.Val, "#"):
			return -1, fmt.Errorf("<%s %s>: no file is loaded by it: legal are <script src>, <link href> and <img src>", tag.Data, a.Key)
		case a.Key == "href" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
			return -1, fmt.Errorf("<%s href>: the page's Content-Security-Policy forbids scripts in the HTML: add a listener in the script", tag.Data)
		case a.Key == "type":
			types = a.Val
		}
	}
	if tag.Data == "script" && at < 0 {
		return -1, errors.New("<script>: the page's Content-Security-Policy forbids scripts in the HTML: name a file by src")
	}
	if tag.Data == "script" && types != "module" {
		return -1, errors.New(`<script>: it is bundled as a module: write type="module"`)
	}
	if at < 0 {
		return -1, nil
	}
	name := tag.Attr[at].Val
	named := fmt.Sprintf("<%s %s=%q>", tag.Data, tag.Attr[at].Key, name)
	switch {
	case !fs.ValidPath(path.Clean(name)) || strings.Contains(name, ":"):
		return -1, fmt.Errorf("%s: it is no file of the client's folder: the page loads nothing from elsewhere", named)
	case !exists(name):
		return -1, fmt.Errorf("%s: there is no such file in the client's folder", named)
	}
	if err := kindFault(name); err != nil {
		return -1, fmt.Errorf("%s: %w", named, err)
	}
	if legal := sources[tag.Data].legal; !slices.Contains(legal, path.Ext(name)) {
		return -1, fmt.Errorf("%s: legal are files that end in %s", named, strings.Join(legal, ", "))
	}
	return at, nil
}
