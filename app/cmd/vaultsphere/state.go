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

// sessionFile and seenFile are kept apart because they live apart: signing out ends the first, while the second has to
// outlive it, or the server could show an old vault after the next sign-in.
const (
	sessionFile = "session.json"
	seenFile    = "seen.json"
	devicesFile = "devices.json"
	lockFile    = "seen.lock"
)

// maxStateBytes bounds what is read back; the files are far smaller.
const maxStateBytes = 1 << 20

// session is who is signed in where. Without a token it only remembers both for the next sign-in.
type session struct {
	Server   string `json:"server"`
	Username string `json:"username"`
	Token    string `json:"token,omitempty"`
}

// state is the directory in which one user of this machine keeps what has to survive between two commands.
type state struct{ dir string }

// state finds the directory: the XDG one where that is set or customary, the system's configuration directory elsewhere.
func (p *program) state() (state, error) {
	// The XDG Base Directory Specification says that a relative path is to be ignored.
	if dir := p.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return state{filepath.Join(dir, "vaultsphere")}, nil
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return state{}, fmt.Errorf("find the directory for state: %w", err)
		}
		return state{filepath.Join(dir, "vaultsphere")}, nil
	}
	home := p.getenv("HOME")
	if !filepath.IsAbs(home) {
		return state{}, withHint(errors.New("find the directory for state: HOME is not set"), "set HOME or XDG_STATE_HOME")
	}
	return state{filepath.Join(home, ".local", "state", "vaultsphere")}, nil
}

// session returns the zero session when there is none.
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

// devices are the device cookies of a server, by name; they outlive signing out. Without them strangers who guess can keep
// this device from signing in, and nothing else is lost, so a file that cannot be read is none.
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

// readState decodes the file strictly: a file that says more than this version knows may mean something else too.
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
	// Windows keeps access in ACLs, which the permission bits do not show; the profile directory is private there.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return withHint(
			fmt.Errorf("%s can be read or changed by others (mode %04o)", path, info.Mode().Perm()),
			fmt.Sprintf("someone may have copied the session: run chmod 600 %s, then vaultsphere logout and vaultsphere login", path))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxStateBytes+1))
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if len(data) > maxStateBytes {
		return corrupt(path, errors.New("it is too large"), remedy)
	}
	if (strictjson.Form{}).Unmarshal(data, v) != nil { // its error may quote the name of a member, and the token is in this file
		return corrupt(path, errors.New("it is not the JSON that was written there"), remedy)
	}
	return nil
}

// corrupt never deletes: the file may be a newer version's, or be wanted for finding out what happened.
func corrupt(path string, reason error, remedy string) error {
	return withHint(fmt.Errorf("%s is damaged: %w", path, reason),
		fmt.Sprintf("move it away (mv %s %s.damaged) and %s", path, path, remedy))
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

// writeFile replaces a file so that a reader, and a machine that loses power, sees the old or the new one.
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

// writeSynced closes f in any case.
func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // directories cannot be flushed there; NTFS journals the rename
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
