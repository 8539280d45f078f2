// Command bench measures the server, the page and the platform's tools. It prints a table with limits and ratios.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

func main() {
	binary := flag.String("server", "bin/vaultsphered", "the server to measure")
	page := flag.String("page", "app/web/e2e/bench.mjs", "the script that measures the page; empty: skip the page")
	platform := flag.Bool("platform", true, "also measure the platform's synth")
	image := flag.Bool("image", true, "also measure the server's image, which needs Docker")
	base := flag.String("base", "", "also measure this `commit`, and print ratios instead of limits")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: error: unknown argument: %s\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *base != "" {
		err = compare(ctx, os.Stdout, *base, *page != "")
	} else {
		err = run(ctx, *binary, *page, *platform, *image)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, page string, platform, image bool) error {
	dir, err := os.MkdirTemp("", "vaultsphere-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	var rows []row
	measures := []func(context.Context, string, string) ([]row, error){serverRows, vaultRows, growthRows, commandRows, offlineRows, transferRows, attackRows, dynamoRows, wasmRows}
	if platform {
		measures = append(measures, synthRows)
	}
	if image {
		measures = append(measures, imageRows)
	}
	for _, measure := range measures {
		part, err := measure(ctx, binary, dir)
		if err != nil {
			return err
		}
		rows = append(rows, part...)
	}
	if page != "" {
		part, err := pageRows(ctx, page)
		if err != nil {
			return fmt.Errorf("page: %w", err)
		}
		rows = append(rows, part...)
	}
	return table(os.Stdout, rows)
}

const (
	startRuns    = 15
	idleRequests = 20_000
)

func serverRows(ctx context.Context, binary, dir string) ([]row, error) {
	data := filepath.Join(dir, "server")
	var starts []time.Duration
	for range startRuns {
		s, err := start(ctx, binary, data)
		if err != nil {
			return nil, err
		}
		s.stop()
		starts = append(starts, s.started)
	}
	s, err := start(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	if err := s.get(ctx, "/ready"); err != nil {
		return nil, err
	}
	time.Sleep(time.Second) // for the server to become idle
	idle, err := s.residentMB()
	if err != nil {
		return nil, err
	}
	user, err := newUser(ctx, s.url, "requests")
	if err != nil {
		return nil, err
	}
	if err := user.add(ctx, 10); err != nil {
		return nil, err
	}
	for i := range idleRequests {
		if err := user.pollVault(ctx, int64(i%2)); err != nil {
			return nil, err
		}
	}
	busy, err := s.residentMB()
	if err != nil {
		return nil, err
	}
	return []row{
		{"server: start to first answer on /health, median of 15", milliseconds(median(starts)), 100, "ms"},
		{"server: resident memory idle", idle, 20, "MB"},
		{"server: resident memory after 20,000 requests", busy, 40, "MB"},
	}, nil
}

func vaultRows(ctx context.Context, binary, dir string) ([]row, error) {
	s, err := start(ctx, binary, filepath.Join(dir, "vault"))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	user, err := newUser(ctx, s.url, "sync")
	if err != nil {
		return nil, err
	}
	if err := user.add(ctx, 500); err != nil { // two records each
		return nil, err
	}
	revision := user.revision
	nothing, err := p50(1000, func() error { return user.pollVault(ctx, revision) })
	if err != nil {
		return nil, err
	}
	full, err := p50(200, func() error { return user.pollVault(ctx, 0) })
	if err != nil {
		return nil, err
	}
	return []row{
		{"sync with nothing new, embedded store, p50", milliseconds(nothing), 1, "ms"},
		{"full sync of 1,000 records, embedded store, p50", milliseconds(full), 5, "ms"},
	}, nil
}

func growthRows(ctx context.Context, binary, dir string) ([]row, error) {
	s, err := start(ctx, binary, filepath.Join(dir, "growth"))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	small, err := newUser(ctx, s.url, "small")
	if err != nil {
		return nil, err
	}
	large, err := newUser(ctx, s.url, "large")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(small.add(ctx, 5), large.add(ctx, 5000)); err != nil {
		return nil, err
	}
	// Alternate, so that a change of the machine's speed affects both.
	var times [2][]time.Duration
	var sent int64
	for range 200 {
		for i, u := range []*user{small, large} {
			before := u.sent()
			began := time.Now()
			if err := u.saveOne(ctx); err != nil {
				return nil, err
			}
			times[i] = append(times[i], time.Since(began))
			sent = max(sent, u.sent()-before)
		}
	}
	inSmall, inLarge := median(times[0]), median(times[1])
	return []row{
		{fmt.Sprintf("saving one record in a vault of 10,000 (%.2f ms) against 10 (%.2f ms), p50", milliseconds(inLarge), milliseconds(inSmall)),
			float64(inLarge) / float64(inSmall), 1.5, "times"},
		{"saving one record: sent at most", float64(sent) / 1024, 4, "KB"},
	}, nil
}

// pageFigures is the JSON object that the page's script prints.
type pageFigures struct {
	DeriveMS       float64 `json:"derive_ms"`               // Argon2id in WebAssembly, median
	SyncToListMS   float64 `json:"sync_to_list_ms"`         // 10,000 records, which are 5,000 items
	ResealMS       float64 `json:"reseal_ms"`               // of 5,000 items, after a rotation
	EntriesMS      float64 `json:"entries_sync_to_list_ms"` // 10,000 items
	TagMS          float64 `json:"tag_ms"`                  // of 10,000 items
	HealthMS       float64 `json:"health_ms"`               // of 10,000 items, including the start of the strength meter
	PageMB         float64 `json:"page_mb"`                 // with 10,000 items, after a search and a health check
	KeystrokeMS    float64 `json:"keystroke_ms"`            // from a key press to the changed list, median
	FirstLoadBytes float64 `json:"first_load_bytes"`        // over the wire
	FormMS         float64 `json:"form_ms"`                 // from navigation to a field that takes input, median
}

func pageRows(ctx context.Context, script string) ([]row, error) {
	derive := func() error {
		_, err := seal.DeriveMasterKey("correct horse battery staple", seal.NewSalt(), seal.DefaultParams)
		return err
	}
	native, err := p50(5, derive)
	if err != nil {
		return nil, err
	}
	// WebAssembly has one thread, but native Argon2id runs its four lanes on all cores.
	all := runtime.GOMAXPROCS(1)
	oneCore, err := p50(5, derive)
	runtime.GOMAXPROCS(all)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", script) //nolint:gosec // the script to measure with
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", script, err, complaints.String())
	}
	var f pageFigures
	if err := json.Unmarshal(out, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", script, err)
	}
	return []row{
		{fmt.Sprintf("browser: Argon2id in WebAssembly (%.0f ms) against native on %d cores (%.0f ms)", f.DeriveMS, all, milliseconds(native)),
			f.DeriveMS / milliseconds(native), 4, "times"},
		{fmt.Sprintf("browser: the same against native on one core (%.0f ms)", milliseconds(oneCore)), f.DeriveMS / milliseconds(oneCore), 4, "times"},
		{"browser: 10,000 records from sync to a searchable list", f.SyncToListMS, 1000, "ms"},
		{"browser: the same with 10,000 entries (20,000 records)", f.EntriesMS, 600, "ms"},
		{"browser: one keystroke in the search at 10,000 entries, median", f.KeystrokeMS, 8, "ms"},
		{"browser: seal 5,000 items again after a rotation", f.ResealMS, 10_000, "ms"},
		{"browser: one tag for 10,000 items", f.TagMS / 1000, 10, "s"},
		{"browser: health of 10,000 entries, the first time", f.HealthMS, 1000, "ms"},
		{"browser: memory of the page with 10,000 entries", f.PageMB, 200, "MB"},
		{"first load of the page, brotli", f.FirstLoadBytes / 1e6, 1.75, "MB"},
		{"first load: sign-in form usable on slow 4G with a processor four times slower", f.FormMS / 1000, 3, "s"},
	}, nil
}
