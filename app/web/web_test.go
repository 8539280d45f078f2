//go:build system

package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/vaultsphere/vaultsphere/app/web"
)

// The memory limit of the server depends on the window, and the size of the image on having only one form.
func TestWebAssemblyIsBrotliWithASmallWindow(t *testing.T) {
	files, err := fs.Glob(web.FS(), "*.wasm*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("the page is not built: run make web")
	}
	for _, name := range files {
		base, ok := strings.CutSuffix(name, ".wasm.br")
		if !ok {
			t.Errorf("%s is not compressed", name)
			continue
		}
		packed, err := fs.ReadFile(web.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		if bits := windowBits(packed[0]); bits > 21 {
			t.Errorf("%s: the window has %d bits", name, bits)
		}
		h := sha256.New()
		if _, err := io.Copy(h, brotli.NewReader(strings.NewReader(string(packed)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if sum := hex.EncodeToString(h.Sum(nil)); !strings.HasSuffix(base, "-"+sum[:10]) {
			t.Errorf("%s decompresses to content with the hash %s", name, sum)
		}
	}
}

// later are the files that a visitor does not wait for.
var later = []string{
	"de-", "es-", "fr-", "ru-", "screens-de-", "screens-en-", "screens-es-", "screens-fr-", "screens-ru-", "later-", "licences-", "meter-", "qr-", "strength-", "transfer-", "service-worker.",
}

func TestFirstLoadIsSmall(t *testing.T) {
	const limit = 1_750_000
	files, err := fs.Glob(web.FS(), "*.br")
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range later {
		first := slices.DeleteFunc(slices.Clone(files), func(name string) bool { return strings.HasPrefix(name, prefix) })
		if len(first) != len(files)-1 {
			t.Errorf("%d files begin with %s, want one", len(files)-len(first), prefix)
		}
		files = first
	}
	total := int64(0)
	for _, name := range files {
		info, err := fs.Stat(web.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		t.Logf("%9d %s", info.Size(), name)
	}
	if total > limit {
		t.Errorf("the first load has %d bytes, %d too many: what brings them can often be loaded later (app/web/wasm.sh lists the modules)", total, total-limit)
	}
}

// windowBits reads WBITS (RFC 7932 §9.1) as far as windows above 64 KiB go.
func windowBits(first byte) int {
	if n := int(first >> 1 & 7); first&1 == 1 && n > 0 {
		return 17 + n
	}
	return 17
}
