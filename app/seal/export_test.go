package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestExportOpensWholeAndInOrderAlone(t *testing.T) {
	t.Parallel()
	master := MasterKey{sealing.Of(sealtest.Fixed("master"))}
	key := master.ExportKey()
	content := bytes.Repeat([]byte("0123456789"), ExportPieceBytes/4)
	tokens, err := key.SealExport(content)
	if err != nil || len(tokens) != 3 {
		t.Fatalf("%d tokens, %v", len(tokens), err)
	}
	if got, err := key.OpenExport(tokens); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	other := MasterKey{sealing.Of(sealtest.Fixed("other"))}.ExportKey()
	if _, err := other.OpenExport(tokens); !errors.Is(err, ErrWrongKey) {
		t.Errorf("under another key: %v", err)
	}
	for name, change := range map[string]func([]string) []string{
		"none":            func([]string) []string { return nil },
		"last changed":    func(l []string) []string { l[2] = l[2][:len(l[2])-4] + "AAA="; return l },
		"last but first":  func(l []string) []string { l[1], l[2] = l[2], l[1]; return l },
		"one of them cut": func(l []string) []string { l[1] = ""; return l },
	} {
		if got, err := key.OpenExport(change(slices.Clone(tokens))); got != nil || !errors.Is(err, ErrExportAltered) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if got, err := key.OpenExport(tokens[:2]); got != nil || err == nil {
		t.Errorf("without the last: %d bytes, %v", len(got), err)
	}
	empty, err := key.SealExport(nil)
	if got, openErr := key.OpenExport(empty); err != nil || openErr != nil || len(got) != 0 {
		t.Errorf("nothing: %v, %v", err, openErr)
	}
}
