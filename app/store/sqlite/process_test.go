package sqlite_test

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strconv"

	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// Tests start this binary again as another process; these variables make it a writer.
const (
	envWriterFile  = "VAULTSPHERE_TEST_WRITER_FILE"
	envWriterOwner = "VAULTSPHERE_TEST_WRITER_OWNER" // of a new vault
	envWriterCount = "VAULTSPHERE_TEST_WRITER_COUNT" // of changes; 0: endless
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envWriterFile); path != "" {
		if err := writer(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writer founds a vault, makes writes and log entries, and prints how many were acknowledged.
func writer(ctx context.Context, path string) error {
	count, err := strconv.Atoi(os.Getenv(envWriterCount))
	if err != nil {
		return err
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	v, founding := testvault.NewPerson(os.Getenv(envWriterOwner)).Found()
	if err := s.CreateAccount(ctx, v.User(), founding); err != nil {
		return err
	}
	var before []testvault.Operation
	for n := 1; count == 0 || n <= count; n++ {
		if n%5 == 0 {
			e := v.DraftRotate()
			if err := s.AppendEntry(ctx, e.EntryChange); err != nil {
				return err
			}
			v.Follow(e)
		} else if before, err = replace(ctx, s, v, before, 100+n); err != nil {
			return err
		}
		fmt.Println(n)
	}
	return s.Close()
}

// replace deletes records and puts twenty others.
func replace(ctx context.Context, s *sqlite.Store, v *testvault.Vault, before []testvault.Operation, size int) ([]testvault.Operation, error) {
	var ops, puts []testvault.Operation
	for _, o := range before {
		ops = append(ops, testvault.Delete(o))
	}
	for range 20 {
		puts = append(puts, v.PutToken(chain.RecordOverview, seal.NewID(), 1, strings.Repeat("x", size)))
	}
	d := v.Draft(append(ops, puts...)...)
	d.Now = time.Now()
	if err := s.ApplyWrite(ctx, d.WriteChange); err != nil {
		return nil, err
	}
	v.Apply(d)
	return puts, nil
}

type records []vault.Record

func (r *records) Begin(vault.Head) error { return nil }

func (r *records) Write(v vault.Record) error { *r = append(*r, v); return nil }

// wantWhole checks that all that a file has of a vault is of one state, and returns how many writes and entries that is.
func wantWhole(t *testing.T, s *sqlite.Store, name vault.Username) int64 {
	t.Helper()
	ctx := t.Context()
	u, head, err := s.Account(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	var buckets []byte
	for b := range 256 {
		buckets = append(buckets, byte(b))
	}
	lines, err := s.LiveLines(ctx, u.Keys.Vault, buckets)
	if err != nil {
		t.Fatal(err)
	}
	live := head.Live()
	for _, b := range buckets {
		if err := live.Load(b, lines[b]); err != nil {
			t.Errorf("revision %d: %v", head.State.Revision, err)
		}
	}
	var all records
	if err := s.Changes(ctx, u.Keys.Vault, 0, &all); err != nil {
		t.Fatal(err)
	}
	var usage vault.Usage
	for _, r := range all {
		usage.Items++
		usage.Bytes += vault.RecordWeight + int64(len(r.Token))
	}
	entries, err := s.Entries(ctx, u.Keys.Vault, -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := range head.State.Revision + 1 {
		_, err := s.Writes(ctx, u.Keys.Vault, []int64{n + 1})
		if (err == nil) != (n < head.State.Revision) {
			t.Errorf("revision %d has write %d: %v", head.State.Revision, n+1, err)
		}
	}
	if int64(len(all)) != head.Count || usage != head.Usage || int64(len(entries)) != head.State.Entry.Sequence+1 {
		t.Errorf("%d records of %d, %d entries of %d, usage %+v of %+v", len(all), head.Count, len(entries), head.State.Entry.Sequence+1, usage, head.Usage)
	}
	return head.State.Revision + head.State.Entry.Sequence - 1
}

func startWriter(t *testing.T, path string, owner string, count int) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), envWriterFile+"="+path, envWriterOwner+"="+owner, envWriterCount+"="+strconv.Itoa(count))
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

// acknowledged reads the output of a writer. An incomplete last line does not count as acknowledged.
func acknowledged(t *testing.T, lines *bufio.Scanner, each func(n int64)) {
	t.Helper()
	for lines.Scan() {
		n, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		each(n)
	}
}

// Processes that start together create one file, and then share it.
func TestProcessesShareTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "vault.db")
	const processes, each = 4, 30
	var writers []*exec.Cmd
	var outputs []*bufio.Scanner
	for i := range processes {
		cmd, out := startWriter(t, path, fmt.Sprintf("ada%d", i), each)
		writers, outputs = append(writers, cmd), append(outputs, out)
	}
	for i, out := range outputs {
		acknowledged(t, out, func(int64) {})
		if err := writers[i].Wait(); err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	s := open(t, path)
	for i := range processes {
		if at := wantWhole(t, s, vault.Username(fmt.Sprintf("ada%d", i))); at != each {
			t.Errorf("vault %d has %d changes, want %d", i, at, each)
		}
	}
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	for round := range 8 {
		name := fmt.Sprintf("ada%d", round)
		cmd, out := startWriter(t, path, name, 0)
		last, killed := int64(0), false
		acknowledged(t, out, func(n int64) {
			last = n
			if !killed && n >= int64(4+round*3%17) {
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
		// At most one change was made without acknowledgment.
		if at := wantWhole(t, s, vault.Username(name)); at < last || at > last+1 {
			t.Fatalf("round %d: acknowledged %d, the vault has %d", round, last, at)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The feed of one process has the changes of others, in the order of each.
func TestFeedSpansProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vault.db")
	s := open(t, path)
	f := s.Feed()
	if _, err := f.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	const processes, each = 2, 25
	var writers []*exec.Cmd
	var outputs []*bufio.Scanner
	for i := range processes {
		cmd, out := startWriter(t, path, fmt.Sprintf("ada%d", i), each)
		writers, outputs = append(writers, cmd), append(outputs, out)
	}
	seen := map[chain.ID]int64{} // how many changes of a vault
	read := func() {
		changes, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if seen[c.Vault]++; c.Revision+c.Sequence-1 != seen[c.Vault] {
				t.Errorf("change %d of a vault is %+v", seen[c.Vault], c)
			}
		}
	}
	for i, out := range outputs {
		acknowledged(t, out, func(int64) { read() })
		if err := writers[i].Wait(); err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	read()
	for i := range processes {
		u, err := s.User(t.Context(), vault.Username(fmt.Sprintf("ada%d", i)))
		if err != nil || seen[u.Keys.Vault] != each {
			t.Errorf("the feed has %d changes of vault %d, %v", seen[u.Keys.Vault], i, err)
		}
	}
}
