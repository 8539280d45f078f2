package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/item"
)

const manyItems = 10_000

// commandRows measures a command with 10,000 ids, as a script may pass them.
func commandRows(ctx context.Context, binary, dir string) ([]row, error) {
	s, err := start(ctx, binary, filepath.Join(dir, "command"))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("correct horse battery staple"), 0o600); err != nil {
		return nil, err
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(binary), "vaultsphere"), append(args, "--password-file", password)...) // #nosec G204 -- the program that make built
		cmd.Env = append(os.Environ(), "VAULTSPHERE_SERVER="+s.url, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("vaultsphere %s: %w: %s", args[0], err, out)
		}
		return nil
	}
	if err := run("register", "many", "--phrase-file", filepath.Join(dir, "phrase")); err != nil {
		return nil, err
	}
	ids, err := trashed(ctx, s.url)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := run(append([]string{"restore"}, ids...)...); err != nil {
		return nil, err
	}
	return []row{{"command line: restore of 10,000 ids", time.Since(began).Seconds(), 2, "s"}}, nil
}

// trashed fills the trash from another device and returns the ids of the items.
func trashed(ctx context.Context, url string) ([]string, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	other := client.New(transport, newMemory(), nil)
	if _, err := other.Login(ctx, "many", "correct horse battery staple", "", "bench"); err != nil {
		return nil, err
	}
	defer other.Lock()
	if _, err := other.Sync(ctx); err != nil {
		return nil, err
	}
	items := make([]item.Item, manyItems)
	for i := range items {
		items[i] = login(i)
		items[i].Trashed = time.Now()
	}
	return other.AddMany(ctx, items, nil)
}
