package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	databaseModule = "golang.org/x/vulndb"
	digestFile     = "digest" // the expected digest, in the database's directory
	maxIndex       = 64 << 20
)

// openDatabase returns the URL of the database that spec names, after checking it: with an empty database, govulncheck would
// report nothing.
func openDatabase(ctx context.Context, spec string, stderr io.Writer) (string, error) {
	if strings.HasPrefix(spec, "v") && !strings.Contains(spec, "/") {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a cache for the vulnerability database: %w", err)
		}
		dir, err := indexed(ctx, filepath.Join(cache, "vaultsphere", "vulndb"), spec, stderr)
		if err != nil {
			return "", err
		}
		spec = "file://" + filepath.ToSlash(dir)
	}
	if err := checkIndex(ctx, spec); err != nil {
		return "", fmt.Errorf("the vulnerability database %s cannot be used: %w", spec, err)
	}
	return spec, nil
}

// indexed returns the directory of the given version of the database. The first call downloads and indexes it.
func indexed(ctx context.Context, cache, version string, stderr io.Writer) (string, error) {
	dir := filepath.Join(cache, version)
	switch _, err := os.Stat(dir); {
	case err == nil:
		return dir, checkDigest(dir)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	fmt.Fprintf(stderr, "audit code: downloading and indexing %s %s, once\n", databaseModule, version)
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "unfinished-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	content, err := command(ctx, work, "go", "mod", "download", "-json", databaseModule+"@"+version)
	var module struct{ Dir, Error string }
	if e := json.Unmarshal(content, &module); e == nil && module.Error != "" {
		err = errors.New(module.Error)
	}
	if err != nil {
		return "", fmt.Errorf("cannot download %s@%s: %w", databaseModule, version, err)
	}
	made := filepath.Join(work, "database")
	if _, err := command(ctx, work, "go", "run", databaseModule+"/cmd/indexdb@"+version,
		"-vulns", filepath.Join(module.Dir, "data", "osv"), "-out", made); err != nil {
		return "", fmt.Errorf("cannot index %s@%s: %w", databaseModule, version, err)
	}
	sum, err := digest(made)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(made, digestFile), []byte(sum), 0o600); err != nil {
		return "", err
	}
	if err := os.Rename(made, dir); err != nil {
		if _, e := os.Stat(dir); e != nil {
			return "", err
		}
		return dir, checkDigest(dir) // another run was first
	}
	return dir, nil
}

// command runs a program outside any module and returns its standard output.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String())
		if at := strings.LastIndexByte(said, '\n'); at >= 0 {
			said = strings.TrimSpace(said[at:])
		}
		return stdout.Bytes(), fmt.Errorf("%s: %w: %s", name, err, said)
	}
	return stdout.Bytes(), nil
}

// digest returns the SHA-256 of the names and contents of all files in dir except the digest file.
func digest(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path == filepath.Join(dir, digestFile) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		_, err = fmt.Fprintf(h, "%x %s\n", sum, strings.TrimPrefix(path, dir))
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func checkDigest(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, digestFile))
	var have string
	if err == nil {
		have, err = digest(dir)
	}
	if err == nil && have != string(want) {
		err = errors.New("its files have changed")
	}
	if err != nil {
		return fmt.Errorf("the vulnerability database in %s is damaged: %w: remove that directory", dir, err)
	}
	return nil
}

// checkIndex rejects a database without entries for Go's standard library, which every real one has.
func checkIndex(ctx context.Context, database string) error {
	content, err := readIndex(ctx, database)
	if err != nil {
		return err
	}
	var modules []struct {
		Path  string
		Vulns []struct{ ID string }
	}
	if err := json.Unmarshal(content, &modules); err != nil {
		return fmt.Errorf("read its index of modules: %w", err)
	}
	for _, m := range modules {
		if m.Path == "stdlib" && len(m.Vulns) > 0 {
			return nil
		}
	}
	return errors.New("it has no vulnerability of Go's standard library, so it is incomplete")
}

// readIndex reads the list of modules: https://go.dev/doc/security/vuln/database#api
func readIndex(ctx context.Context, database string) ([]byte, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "file":
		return os.ReadFile(filepath.Join(filepath.FromSlash(u.Path), "index", "modules.json"))
	case "http", "https":
	default:
		return nil, errors.New("it must be a URL with file, http or https, or a version of " + databaseModule)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(database, "/")+"/index/modules.json.gz", nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", request.URL, response.Status)
	}
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read its index of modules: %w", err)
	}
	return io.ReadAll(io.LimitReader(unpacked, maxIndex))
}
