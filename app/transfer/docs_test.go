package transfer_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestDocumentationListsEveryFormat(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/import-formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range transfer.Formats() {
		if !strings.Contains(string(document), "`"+f.ID+"`") {
			t.Errorf("%s is not in docs/import-formats.md", f.ID)
		}
	}
	rows := 0
	for line := range strings.SplitSeq(string(document), "\n") {
		if strings.HasPrefix(line, "| `") {
			first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			rows += strings.Count(first, "`") / 2
		}
	}
	if n := len(transfer.Formats()); rows != n {
		t.Errorf("docs/import-formats.md lists %d formats, there are %d", rows, n)
	}
}

func TestDocumentationListsEveryMember(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/export-format.md")
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ = bytes.Cut(document, []byte("## VaultSphere JSON"))
	section, _, _ := strings.Cut(string(document), "\n## ")
	for _, path := range rowPaths() {
		name := path[strings.LastIndex(path, ".")+1:]
		if !strings.Contains(section, "`"+name+"`") && !strings.Contains(section, `"`+name+`"`) {
			t.Errorf("%s is not in the section VaultSphere JSON of docs/export-format.md", path)
		}
	}
}
