package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// rememberedUser is what this device verified of a user of a server.
type rememberedUser struct {
	Server     string            `json:"server"`
	User       string            `json:"user"`
	Remembered client.Remembered `json:"remembered"`
}

type rememberedUsers struct {
	Users []rememberedUser `json:"users"`
}

// memory implements client.Memory for one server. A lock guards the file, which commands share.
type memory struct {
	state  state
	server string
}

func (m memory) Load(user string) (client.Remembered, error) {
	return m.find(func(u rememberedUser) bool { return u.User == user })
}

func (m memory) Find(username string) (client.Remembered, error) {
	return m.find(func(u rememberedUser) bool { return u.Remembered.Named(username) })
}

func (m memory) find(match func(rememberedUser) bool) (client.Remembered, error) {
	all, err := m.read()
	if err != nil {
		return client.Remembered{}, err
	}
	for _, u := range all.Users {
		if u.Server == m.server && match(u) {
			return u.Remembered, nil
		}
	}
	return client.Remembered{}, nil
}

// Store never goes back to an older state: of two concurrent commands, the first to sync may be the last to store.
func (m memory) Store(user string, r client.Remembered) (err error) {
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
	i := slices.IndexFunc(all.Users, func(u rememberedUser) bool { return u.Server == m.server && u.User == user })
	switch {
	case r.IsZero(): // the account was deleted
		if i >= 0 {
			all.Users = slices.Delete(all.Users, i, i+1)
		}
	case i < 0:
		all.Users = append(all.Users, rememberedUser{m.server, user, r})
	default:
		// Without a lock on the network, the server could show two concurrent commands different vaults: Merge refuses both.
		if all.Users[i].Remembered, err = all.Users[i].Remembered.Merge(r); err != nil {
			return err
		}
	}
	return m.state.write(seenFile, all)
}

// Lock locks a file, for all users: a device has few. The system ends the lock of a command that ends.
func (m memory) Lock(ctx context.Context, _ string) (func(), error) {
	if err := os.MkdirAll(m.state.dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock state: %w", err)
	}
	type locked struct {
		unlock func()
		err    error
	}
	done := make(chan locked, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(filepath.Join(m.state.dir, signFile)).Lock()
		done <- locked{unlock, err}
	}()
	select {
	case l := <-done:
		if l.err != nil {
			return nil, fmt.Errorf("lock state: %w", l.err)
		}
		return l.unlock, nil
	case <-ctx.Done():
		go func() {
			if l := <-done; l.err == nil {
				l.unlock()
			}
		}()
		return nil, ctx.Err()
	}
}

// read fails for a file that is there and cannot be read. It does not count as nothing: a server could then show an old vault.
func (m memory) read() (rememberedUsers, error) {
	var all rememberedUsers
	path := filepath.Join(m.state.dir, seenFile)
	const remedy = "run the command again; until it succeeds, this device cannot detect an old vault"
	err := readState(path, &all, remedy)
	if errors.Is(err, fs.ErrNotExist) {
		return rememberedUsers{}, nil
	}
	if err != nil {
		var old struct {
			Vaults []struct {
				Server   string `json:"server"`
				User     string `json:"user"`
				Revision int64  `json:"revision"`
				Digest   string `json:"digest"`
			} `json:"vaults"`
		}
		if readState(path, &old, remedy) == nil {
			return all, corrupt(path, errors.New("it is from a version before 0.1, whose vaults this version cannot open"), remedy)
		}
		return all, err
	}
	for _, u := range all.Users {
		if err := u.Remembered.Check(); err != nil {
			return rememberedUsers{}, corrupt(path, err, remedy)
		}
	}
	return all, nil
}
