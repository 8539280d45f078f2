package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// seenVault is the newest state of a user's vault that this device has verified.
type seenVault struct {
	Server string `json:"server"`
	User   string `json:"user"`
	client.Seen
}

type seenVaults struct {
	Vaults []seenVault `json:"vaults"`
}

// memory implements client.Memory for one server. A lock guards the file, which commands share.
type memory struct {
	state  state
	server string
}

func (m memory) Load(user string) (client.Seen, error) {
	all, err := m.read()
	if err != nil {
		return client.Seen{}, err
	}
	if i := all.index(m.server, user); i >= 0 {
		return all.Vaults[i].Seen, nil
	}
	return client.Seen{}, nil
}

// Store never goes back to an older revision: of two concurrent commands, the first to sync may be the last to store.
func (m memory) Store(user string, s client.Seen) (err error) {
	if err := os.MkdirAll(m.state.dir, 0o700); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(m.state.dir, lockFile)).Lock()
	if err != nil {
		return fmt.Errorf("lock state: %w", err)
	}
	defer unlock()
	all, err := m.read()
	if err != nil {
		return err
	}
	i := all.index(m.server, user)
	switch {
	case s == client.Seen{}: // the account was deleted
		if i >= 0 {
			all.Vaults = slices.Delete(all.Vaults, i, i+1)
		}
	case i < 0:
		all.Vaults = append(all.Vaults, seenVault{m.server, user, s})
	case all.Vaults[i].Revision > s.Revision:
		return nil
	case all.Vaults[i].Revision == s.Revision && all.Vaults[i].Digest != s.Digest:
		// The server showed two concurrent commands different vaults with the same revision.
		return &client.RolledBackError{Seen: s.Revision, Got: s.Revision}
	default:
		all.Vaults[i].Seen = s
	}
	return m.state.write(seenFile, all)
}

func (m memory) read() (seenVaults, error) {
	var all seenVaults
	err := readState(filepath.Join(m.state.dir, seenFile), &all,
		"run the command again; until it succeeds, this device cannot detect an old vault")
	if errors.Is(err, fs.ErrNotExist) {
		return seenVaults{}, nil
	}
	return all, err
}

func (v seenVaults) index(server, user string) int {
	return slices.IndexFunc(v.Vaults, func(s seenVault) bool { return s.Server == server && s.User == user })
}
