package daemon

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestLimitsComeFromTheSettings(t *testing.T) {
	t.Parallel()
	got := Config{AttachmentMiB: 1, RecordMiB: 2, MaxItems: 3, MaxSessions: 4, MaxVaults: 5}.limits()
	if want := (vault.Limits{Attachments: 1 << 20, Records: vault.Quota{Items: 3, Bytes: 2 << 20}, Sessions: 4, Vaults: 5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
