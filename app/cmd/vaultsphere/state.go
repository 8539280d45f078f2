package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// seenFile is separate from sessionFile because it must survive signing out. Otherwise the server could show an old vault after the
// next sign-in.
const (
	sessionFile = "session.json"
	seenFile    = "seen.json"
	devicesFile = "devices.json"
	lockFile    = "seen.lock"
	signFile    = "sign.lock"
)

// maxStateBytes limits how much of a file is read. Real files are far smaller.
const maxStateBytes = 1 << 20

// session is the server and the user of the last sign-in. The token is empty after signing out.
type session struct {
	Server   string `json:"server"`
	Username string `json:"username"`
	Token    string `json:"token,omitempty"`
}

// state is the directory for what must survive between two commands.
type state struct{ dir string }

// state finds the directory: $XDG_STATE_HOME, or its default, or the configuration directory on macOS and Windows.
func (p *program) state() (state, error) {
	// The XDG Base Directory Specification says to ignore relative paths.
	if dir := p.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return state{filepath.Join(dir, "vaultsphere")}, nil
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return state{}, fmt.Errorf("find the state directory: %w", err)
		}
		return state{filepath.Join(dir, "vaultsphere")}, nil
	}
	home := p.getenv("HOME")
	if !filepath.IsAbs(home) {
		return state{}, withHint(errors.New("find the state directory: HOME is not set"), "set HOME or XDG_STATE_HOME")
	}
	return state{filepath.Join(home, ".local", "state", "vaultsphere")}, nil
}

// session returns the zero session if there is none.
func (s state) session() (session, error) {
	var se session
	path := filepath.Join(s.dir, sessionFile)
	err := readState(path, &se, "sign in again with vaultsphere login")
	if errors.Is(err, fs.ErrNotExist) {
		return session{}, nil
	}
	if err == nil && se.Server == "" {
		err = corrupt(path, errors.New("server is missing"), "sign in again with vaultsphere login")
	}
	return se, err
}

// devices returns the device cookies of a server, by name. They survive signing out. Without them, strangers who guess passwords can
// keep this device from signing in, but nothing is lost, so an unreadable file counts as missing.
func (s state) devices(server string) map[string]string {
	return s.allDevices()[server]
}

func (s state) allDevices() map[string]map[string]string {
	var all map[string]map[string]string
	if readState(filepath.Join(s.dir, devicesFile), &all, "") != nil || all == nil {
		return map[string]map[string]string{}
	}
	return all
}

func (s state) setDevices(server string, devices map[string]string) error {
	all := s.allDevices()
	if len(devices) == 0 || maps.Equal(all[server], devices) {
		return nil
	}
	all[server] = devices
	return s.write(devicesFile, all)
}

func (s state) setSession(se session) error { return s.write(sessionFile, se) }

// readState decodes a file strictly: members that this version does not know could change the meaning of the others.
func readState(path string, v any, remedy string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	// On Windows, permission bits do not show the ACLs; the profile directory is private there.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return withHint(
			fmt.Errorf("other users can read or change %s (mode %04o)", path, info.Mode().Perm()),
			fmt.Sprintf("another user may have copied the session: run chmod 600 %s, then vaultsphere logout and vaultsphere login", path))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxStateBytes+1))
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if len(data) > maxStateBytes {
		return corrupt(path, errors.New("it is too large"), remedy)
	}
	if (strictjson.Form{}).Unmarshal(data, v) != nil { // drop the error: it may quote the name of a member, and the file contains the token
		return corrupt(path, errors.New("it is not valid"), remedy)
	}
	return nil
}

// corrupt returns the error for a damaged file. The file stays: a newer version may have written it, or someone may want to find the
// cause.
func corrupt(path string, reason error, remedy string) error {
	return withHint(fmt.Errorf("%s is damaged: %w", path, reason),
		fmt.Sprintf("move it (mv %s %s.damaged) and %s", path, path, remedy))
}

// write replaces a file of the state directory.
func (s state) write(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = writeFile(s.dir, name, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// writeFile replaces a file atomically: a reader sees the old or the new content, also after a power failure.
func writeFile(dir, name string, data []byte) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+name+".*") // O_EXCL, 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := writeSynced(f, data); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}

// writeSynced writes, syncs and closes f.
func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be synced on Windows; NTFS journals the rename
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
