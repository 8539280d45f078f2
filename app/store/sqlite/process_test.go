package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Tests start this binary again as another process; these variables make it a writer.
const (
	envWriterFile  = "VAULTSPHERE_TEST_WRITER_FILE"
	envWriterCount = "VAULTSPHERE_TEST_WRITER_COUNT"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envWriterFile); path != "" {
		write := writer
		if os.Getenv(envVaultOwner) != "" {
			write = vaultWriter
		}
		if err := write(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writer makes count changes, or endless ones if count is 0, and prints the revision of each acknowledged change.
func writer(ctx context.Context, path string) error {
	count, err := strconv.Atoi(os.Getenv(envWriterCount))
	if err != nil {
		return err
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for n := 0; count == 0 || n < count; { // a negative count makes no changes
		u, err := s.User(ctx, "ada")
		if err != nil {
			return err
		}
		revision, err := s.Apply(ctx, "ada", counted(u.Revision))
		if errors.Is(err, vault.ErrRevisionConflict) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println(revision)
		n++
	}
	return s.Close()
}

const countedItem = "counter"

// counted returns a recognizable change. Its overview and details contain the number of its revision, and it deletes the
// details from two revisions before.
func counted(base int64) vault.Change {
	token := fmt.Sprintf("token of %d", base+1)
	c := vault.Change{Base: base, Manifest: fmt.Sprintf("manifest %d", base+1)}
	for _, kind := range []protocol.Kind{protocol.KindOverview, protocol.KindDetails} {
		c.Puts = append(c.Puts, protocol.Put{Place: protocol.Place{ItemID: countedItem, Kind: kind, Version: base + 1}, Token: token})
	}
	if base >= 2 {
		c.Deletes = []protocol.Place{{ItemID: countedItem, Kind: protocol.KindDetails, Version: base - 1}}
	}
	return c
}

// wantCounted checks a vault that contains only changes from counted, and returns its revision.
func wantCounted(t *testing.T, s *sqlite.Store) int64 {
	t.Helper()
	r, err := vault.Collect(t.Context(), s, "ada", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := map[protocol.Place]int64{}
	if r.Revision > 0 {
		want[protocol.Place{ItemID: countedItem, Kind: protocol.KindOverview, Version: r.Revision}] = r.Revision
	}
	for v := max(1, r.Revision-1); v <= r.Revision; v++ {
		want[protocol.Place{ItemID: countedItem, Kind: protocol.KindDetails, Version: v}] = v
	}
	if r.Manifest != fmt.Sprintf("manifest %d", r.Revision) || len(r.Records) != len(want) {
		t.Fatalf("revision %d has %q and %d records, want %d", r.Revision, r.Manifest, len(r.Records), len(want))
	}
	for _, rec := range r.Records {
		if want[rec.Place] != rec.Revision || rec.Token != fmt.Sprintf("token of %d", rec.Revision) {
			t.Fatalf("revision %d has %+v", r.Revision, rec)
		}
	}
	return r.Revision
}

func newVault(t testing.TB) (path string, s *sqlite.Store) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vault.db")
	s = open(t, path)
	u := vault.User{Username: "ada", ID: "AAAAAAAAAAAAAAAAAAAAAA", Created: time.Now(), Manifest: "manifest 0"}
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return path, s
}

func startWriter(t *testing.T, path string, count int, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), append(env, envWriterFile+"="+path, envWriterCount+"="+strconv.Itoa(count))...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// revisions reads the output of a writer. An incomplete last line does not count as acknowledged.
func revisions(t *testing.T, lines *bufio.Scanner, each func(revision int64)) {
	t.Helper()
	for lines.Scan() {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		each(n)
	}
}

func TestProcessesShareTheFile(t *testing.T) {
	t.Parallel()
	path, s := newVault(t)
	const processes, each = 3, 150
	seen := map[int64]bool{}
	var writers []*exec.Cmd
	var outputs []*bufio.Scanner
	for range processes {
		cmd, out := startWriter(t, path, each)
		writers, outputs = append(writers, cmd), append(outputs, out)
	}
	for i, out := range outputs {
		revisions(t, out, func(n int64) {
			if seen[n] {
				t.Errorf("revision %d was assigned to two processes", n)
			}
			seen[n] = true
		})
		if err := writers[i].Wait(); err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if at := wantCounted(t, s); at != processes*each || len(seen) != processes*each {
		t.Errorf("the vault is at revision %d after %d changes, %d of them acknowledged", at, processes*each, len(seen))
	}
}

// If processes start together without a file, only one of them creates it.
func TestConcurrentProcessesCreateOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "vault.db")
	var writers []*exec.Cmd
	for range 4 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), envWriterFile+"="+path, envWriterCount+"=-1")
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		writers = append(writers, cmd)
	}
	for i, w := range writers {
		if err := w.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	if err := open(t, path).Probe(t.Context(), time.Now()); err != nil {
		t.Error(err)
	}
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	t.Parallel()
	path, s := newVault(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := int64(0)
	for round := range 25 {
		cmd, out := startWriter(t, path, 0)
		from, kill := acknowledged, int64(1+round*3%17)
		killed := false
		revisions(t, out, func(n int64) {
			acknowledged = n
			if !killed && n >= from+kill {
				killed = true
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		})
		if err := cmd.Wait(); err == nil || !killed {
			t.Fatalf("round %d: the writer was not killed: %v", round, err)
		}
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		at := wantCounted(t, s)
		// At most one change was made without acknowledgment.
		if at < acknowledged || at > acknowledged+1 {
			t.Fatalf("round %d: acknowledged %d, the vault is at revision %d", round, acknowledged, at)
		}
		acknowledged = at
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
