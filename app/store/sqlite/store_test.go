package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/store/storetest"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sharedFiles())
}

// sharedFiles returns a function that opens one file for all stores of a test.
func sharedFiles() func(t *testing.T) vault.Store {
	var files sync.Map
	return func(t *testing.T) vault.Store {
		path, ok := files.Load(t.Name())
		if !ok {
			path = filepath.Join(t.TempDir(), "data", "vault.db")
			files.Store(t.Name(), path)
		}
		return open(t, path.(string))
	}
}

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
