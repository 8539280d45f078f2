// Package docs_test checks the references in the documents.
package docs_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// repository is the root of the checkout.
var repository = os.DirFS("..")

// files lists the files of the checkout, except installed, built and hidden ones.
func files(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(repository, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case entry == nil || err != nil && name != "jenkins/secrets": // only its owner may read it
			return err
		case entry.Type().IsRegular():
			found = append(found, name)
		case !entry.IsDir():
		case name != "." && strings.HasPrefix(entry.Name(), "."),
			slices.Contains([]string{"node_modules", "testdata", "cdk.out", "dist"}, entry.Name()),
			slices.Contains([]string{"bin", "data", "jenkins/secrets", "reports", "state", "app/web/build"}, name):
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := fs.ReadFile(repository, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	code     = regexp.MustCompile("`[^`\n]+`")
	inline   = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	defined  = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$`)
	inHTML   = regexp.MustCompile(`(?i)\b(?:src|href|srcset)="([^"]+)"`)
	heading  = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*$`)
	linkText = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N}\p{M}_\- ]`)
	named    = regexp.MustCompile(`(?i)\b(?:id|name)="([^"]+)"`)
)

// anchors returns the fragments that GitHub gives to the headings of a document.
func anchors(document string) map[string]bool {
	found := map[string]bool{}
	document = fence.ReplaceAllString(document, "")
	for _, match := range heading.FindAllStringSubmatch(document, -1) {
		text := linkText.ReplaceAllString(match[1], "$1")
		anchor := strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
		unique := anchor
		for n := 1; found[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", anchor, n)
		}
		found[unique] = true
	}
	for _, match := range named.FindAllStringSubmatch(document, -1) {
		found[match[1]] = true
	}
	return found
}

// links returns the targets of a document's links and pictures, except those to other sites.
func links(document string) []string {
	document = code.ReplaceAllString(fence.ReplaceAllString(document, ""), "code")
	var found []string
	for _, pattern := range []*regexp.Regexp{inline, defined, inHTML} {
		for _, match := range pattern.FindAllStringSubmatch(document, -1) {
			if u, err := url.Parse(match[1]); err != nil || u.Scheme == "" {
				found = append(found, match[1])
			}
		}
	}
	return found
}

// problem says why a link of a document is broken. It is empty if the link works.
func problem(t *testing.T, from, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		return err.Error()
	}
	target := from
	if u.Path != "" {
		target = path.Join(path.Dir(from), u.Path)
	}
	if _, err := fs.Stat(repository, target); err != nil {
		return target + " does not exist"
	}
	if u.Fragment != "" && path.Ext(target) == ".md" && !anchors(read(t, target))[u.Fragment] {
		return target + " has no such heading"
	}
	return ""
}

func TestLinksInDocumentsWork(t *testing.T) {
	t.Parallel()
	documents, count := 0, 0
	for _, name := range files(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		documents++
		for _, link := range links(read(t, name)) {
			count++
			if said := problem(t, name, link); said != "" {
				t.Errorf("%s links to %s: %s", name, link, said)
			}
		}
	}
	if documents < 7 || count < 50 {
		t.Errorf("found only %d links in %d documents", count, documents)
	}
}

var mention = regexp.MustCompile(`(?:^|[^\w/]|\./)(docs/[a-z-]+\.(?:md|webp|svg)(?:#[\w-]+)?)`)

// Scripts, comments and messages mention documents too.
func TestMentionedDocumentsExist(t *testing.T) {
	t.Parallel()
	count := 0
	for _, name := range files(t) {
		if slices.Contains([]string{".png", ".webp", ".gz", ".br", ".wasm", ".sum"}, path.Ext(name)) {
			continue
		}
		for _, match := range mention.FindAllStringSubmatch(read(t, name), -1) {
			count++
			if said := problem(t, "README.md", match[1]); said != "" {
				t.Errorf("%s mentions %s: %s", name, match[1], said)
			}
		}
	}
	if count < 20 {
		t.Errorf("found only %d mentions", count)
	}
}

var place = regexp.MustCompile("`((?:\\.ci|app|bench|docs|infra|internal|jenkins|scripts)/[^`\\s…]*)`")

func TestPathsInDocumentsExist(t *testing.T) {
	t.Parallel()
	count, made := 0, read(t, ".gitignore")
	for _, name := range files(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, match := range place.FindAllStringSubmatch(fence.ReplaceAllString(read(t, name), ""), -1) {
			count++
			if strings.Contains(made, "\n/"+match[1]+"\n") {
				continue // created by hand
			}
			if found, err := fs.Glob(repository, strings.TrimSuffix(match[1], "/")); err != nil || len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", name, match[1])
			}
		}
	}
	if count < 50 {
		t.Errorf("found only %d paths", count)
	}
}

func TestAnchorsMatchGitHub(t *testing.T) {
	t.Parallel()
	found := anchors("# A `code` heading, *with* [a link](x.md#y)!\n\n## Twice\n\n## Twice\n\n```\n# none\n```\n\n<a id=\"here\"></a>\n### Rotating SESSION_SECRET ##\n")
	for _, want := range []string{"a-code-heading-with-a-link", "twice", "twice-1", "here", "rotating-session_secret"} {
		if !found[want] {
			t.Errorf("#%s is missing", want)
		}
		delete(found, want)
	}
	for surplus := range found {
		t.Errorf("#%s is not an anchor", surplus)
	}
	if found := links("[a](b.md#c \"title\") `[no](code)` ![p](<d.png>) [e](https://example.org)\n[f]: g.md\n<img src=\"h.svg\">"); !slices.Equal(found, []string{"b.md#c", "d.png", "g.md", "h.svg"}) {
		t.Errorf("links: %q", found)
	}
}

// LICENSE must equal https://www.apache.org/licenses/LICENSE-2.0.txt, to the byte.
func TestTheLicenceIsApache2(t *testing.T) {
	t.Parallel()
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, "LICENSE")))); sum != "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30" {
		t.Errorf("LICENSE has SHA-256 %s", sum)
	}
	count := 0
	for _, name := range files(t) {
		if path.Base(name) != "package.json" {
			continue
		}
		count++
		var manifest struct{ License string }
		if err := json.Unmarshal([]byte(read(t, name)), &manifest); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if manifest.License != "Apache-2.0" {
			t.Errorf("%s says license %q", name, manifest.License)
		}
	}
	if count < 3 {
		t.Errorf("found only %d package.json", count)
	}
}

func TestTheVersionIsTheSameEverywhere(t *testing.T) {
	version := strings.TrimSpace(read(t, "VERSION"))
	if !regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`).MatchString(version) {
		t.Fatalf("VERSION has %q, which is not a version number (semver.org)", version)
	}
	newest := regexp.MustCompile(`(?m)^## (\d\S*) - \d{4}-\d{2}-\d{2}$`).FindStringSubmatch(read(t, "CHANGELOG.md"))
	if newest == nil || newest[1] != version {
		t.Errorf("the newest release in CHANGELOG.md is %q, want %s", newest, version)
	}
	if want := "This is version " + version + ":"; !strings.Contains(read(t, "README.md"), want) {
		t.Errorf("README.md does not contain %q", want)
	}
}
