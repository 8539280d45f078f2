package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

const importedLogins = 10_000

// loginsCSV returns the export of a browser with n logins, with additional columns for notes and tags.
func loginsCSV(n int) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"title", "url", "username", "password", "notes", "tags"}}
	for i := range n {
		it := login(i)
		rows = append(rows, []string{it.Title, it.URLs[0], it.Username, it.Password, it.Notes, it.Tags[0]})
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}

func transferRows(ctx context.Context, binary, dir string) ([]row, error) {
	s, err := start(ctx, binary, filepath.Join(dir, "transfer"))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	user, err := newUser(ctx, s.url, "import")
	if err != nil {
		return nil, err
	}
	file, err := loginsCSV(importedLogins)
	if err != nil {
		return nil, err
	}
	before, began := user.sent(), time.Now()
	moved, longest := began, time.Duration(0)
	read, err := transfer.Read(transfer.File{Name: "logins.csv", Data: file}, transfer.Options{})
	if err != nil {
		return nil, err
	}
	plan, err := user.PlanImport(ctx, read)
	if err != nil {
		return nil, err
	}
	report, err := plan.Run(ctx, imports.ImportChoice{}, func(int, int) {
		longest, moved = max(longest, time.Since(moved)), time.Now()
	})
	if err != nil || report.Added != importedLogins {
		return nil, fmt.Errorf("imported %d of %d: %w", report.Added, importedLogins, err)
	}
	imported, sent := time.Since(began), user.sent()-before
	began = time.Now()
	items, _, err := user.Export(ctx, client.ExportOptions{Trash: true}, nil)
	if err != nil {
		return nil, err
	}
	if _, err := transfer.Write("vaultsphere-json", items, transfer.WriteOptions{}); err != nil {
		return nil, err
	}
	exported := time.Since(began)
	return []row{
		{"import of 10,000 logins from CSV to stored, embedded store", imported.Seconds(), 30, "s"},
		{"the same: longest wait for its progress to move", longest.Seconds(), 2, "s"},
		{"the same: sent for a thousand", float64(sent) / 1e6 / (importedLogins / 1000), 2, "MB"},
		{"export of 10,000 logins to JSON", exported.Seconds(), 2, "s"},
	}, nil
}
