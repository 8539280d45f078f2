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

// seenVault is what this device has verified of one user's vault at one server.
type seenVault struct {
	Server string `json:"server"`
	User   string `json:"user"`
	client.Seen
}

type seenVaults struct {
	Vaults []seenVault `json:"vaults"`
}

// memory is the client.Memory of one server. Commands that run at the same time share the file under a lock.
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

// Store never goes back: of two commands at once, the one that synced first may come to store last.
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
	case s == client.Seen{}: // the account is gone
		if i >= 0 {
			all.Vaults = slices.Delete(all.Vaults, i, i+1)
		}
	case i < 0:
		all.Vaults = append(all.Vaults, seenVault{m.server, user, s})
	case all.Vaults[i].Revision > s.Revision:
		return nil
	case all.Vaults[i].Revision == s.Revision && all.Vaults[i].Digest != s.Digest:
		// Two commands at once were shown two vaults of one revision.
		return &client.RolledBackError{Seen: s.Revision, Got: s.Revision}
	default:
		all.Vaults[i].Seen = s
	}
	return m.state.write(seenFile, all)
}

func (m memory) read() (seenVaults, error) {
	var all seenVaults
	err := readState(filepath.Join(m.state.dir, seenFile), &all,
		"run the command again; until then this device cannot tell an old vault from the newest")
	if errors.Is(err, fs.ErrNotExist) {
		return seenVaults{}, nil
	}
	return all, err
}

func (v seenVaults) index(server, user string) int {
	return slices.IndexFunc(v.Vaults, func(s seenVault) bool { return s.Server == server && s.User == user })
}
