//go:build integration

package sonarqube

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

// shadow creates a folder with a fake program, and returns a PATH that begins with it.
func shadow(t *testing.T, program, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := executables.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return "PATH=" + dir + ":" + os.Getenv("PATH")
}

// without returns a PATH with all programs of this machine except one.
func without(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.Name() != program {
				_ = os.Symlink(filepath.Join(folder, e.Name()), filepath.Join(dir, e.Name())) // as in PATH, the first one wins
			}
		}
	}
	return "PATH=" + dir
}

// readable creates a cache that a system user can read, unlike a test's temporary folder.
func readable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cache") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // it contains no secrets
		t.Fatal(err)
	}
	return dir
}

// installed creates a cache with a fake SonarQube.
func installed(t *testing.T) string {
	t.Helper()
	cache := readable(t)
	key, err := exec.CommandContext(t.Context(), "sh", "-c", "sha256sum pom.xml | cut -c 1-12").Output()
	if err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(cache, "vaultsphere", "sonarqube", strings.TrimSpace(string(key)), "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil { //nolint:gosec // a system user reads it
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "sonar-application-0.jar"), []byte("no archive"), 0o644); err != nil { //nolint:gosec // likewise
		t.Fatal(err)
	}
	return cache
}

func fails(t *testing.T, want string, env []string, arguments ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "./sonarqube.sh", arguments...)
	cmd.Env = append(os.Environ(), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, _ := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if last := lines[len(lines)-1]; cmd.ProcessState.ExitCode() != 1 || !strings.HasPrefix(last, "sonarqube.sh: error: "+want) {
		t.Errorf("exit %d, want %q: %s", cmd.ProcessState.ExitCode(), want, out)
	}
}

func TestFailedInstallNamesTheReasonAndCleansUp(t *testing.T) {
	t.Parallel()
	for want, path := range map[string]string{
		"mvn is missing: apt-get install maven":                   without(t, "mvn"),
		"unzip is missing: apt-get install unzip":                 without(t, "unzip"),
		"Maven could not fetch SonarQube":                         shadow(t, "mvn", "echo no network; exit 1"),
		"unzip could not unpack SonarQube: it is broken":          shadow(t, "unzip", "echo it is broken; exit 9"),
		"CACHE/vaultsphere/sonarqube has 12 MB of free disk, but": shadow(t, "df", "echo Avail; echo 12"),
	} {
		cache := readable(t)
		env := []string{path, "XDG_CACHE_HOME=" + cache}
		if strings.HasPrefix(want, "unzip could not") {
			// Fake the download, which would take a minute.
			fetched := shadow(t, "mvn", `for a in "$@"; do case $a in -DoutputDirectory=*) echo x >"${a#*=}/a.zip";; esac; done`)
			env[0] = path + ":" + strings.TrimPrefix(fetched, "PATH=")
		}
		fails(t, strings.Replace(want, "CACHE", cache, 1), env, "install")
		if left, _ := filepath.Glob(filepath.Join(cache, "vaultsphere", "sonarqube", "*")); len(left) > 0 {
			t.Errorf("%s: %q is left", want, left)
		}
	}
}

// withoutJVM runs the script with an empty /usr/lib/jvm.
func withoutJVM(t *testing.T, env ...string) (status int, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "--propagation", "private", "sh", "-ec",
		`[ ! -d /usr/lib/jvm ] || mount -t tmpfs none /usr/lib/jvm; exec ./sonarqube.sh install`)
	cmd.Env = append(os.Environ(), append([]string{"JAVA_HOME="}, env...)...)
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestAnySuitableJDKIsFound(t *testing.T) {
	t.Parallel()
	// A jlink image, like that of Jenkins's agents, is not in Debian's folders.
	jdk := func(version, modules string) string {
		dir := t.TempDir()
		for name, content := range map[string]string{"bin/java": "#!/bin/sh\n", "release": "JAVA_VERSION=\"" + version + "\"\nMODULES=\"" + modules + "\"\n"} {
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, "bin"), 0o755), executables.WriteFile(filepath.Join(dir, name), []byte(content), 0o755)); err != nil { //nolint:gosec // a program
				t.Fatal(err)
			}
		}
		return dir
	}
	const modules, few = "java.base jdk.jdi java.xml", "java.base java.xml"
	cache, linked := installed(t), t.TempDir()
	if err := os.Symlink(filepath.Join(jdk("25", modules), "bin", "java"), filepath.Join(linked, "java")); err != nil {
		t.Fatal(err)
	}
	path := func(dir string) string { return "PATH=" + dir + ":" + os.Getenv("PATH") }
	for name, c := range map[string]struct {
		env    string
		status int
	}{
		"JAVA_HOME":          {"JAVA_HOME=" + jdk("21.0.11", modules), 0},
		"on PATH":            {path(filepath.Join(jdk("21.0.11", modules), "bin")), 0},
		"a link on PATH":     {path(linked), 0},
		"too old":            {path(filepath.Join(jdk("17.0.9", modules), "bin")), 1},
		"only a runtime":     {path(filepath.Join(jdk("21.0.11", few), "bin")), 1},
		"no Java on PATH":    {without(t, "java"), 1},
		"JAVA_HOME is wrong": {"JAVA_HOME=/no/such", 1},
	} {
		env := []string{"XDG_CACHE_HOME=" + cache, path(filepath.Join(jdk("17.0.9", few), "bin")), c.env}
		status, said := withoutJVM(t, env...)
		if status != c.status || (status == 0) != (said == "") || status == 1 && !strings.HasPrefix(said, "sonarqube.sh: error: a JDK 21 or 25 is missing: apt-get install ") {
			t.Errorf("%s: exit %d: %s", name, status, said)
		}
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	loopback.RefusesTakenPort(t, "./sonarqube.sh", "run")
}

func TestFailedStartNamesTheReason(t *testing.T) {
	t.Parallel()
	cache := installed(t)
	temporary := readable(t)
	fails(t, "SonarQube ended: Error: Invalid or corrupt jarfile", []string{"XDG_CACHE_HOME=" + cache, "TMPDIR=" + temporary}, "run", "39017")
	if left, _ := os.ReadDir(temporary); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
