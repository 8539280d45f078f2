package sqlite

import (
	"database/sql"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// plan returns the steps of a statement.
func plan(t *testing.T, s *Store, sql string) (steps []string) {
	t.Helper()
	var args []any
	for n := 1; strings.Contains(sql, "?"+strconv.Itoa(n)); n++ {
		args = append(args, nil)
	}
	rows, err := s.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// Nothing that a save runs may read all of a vault, whatever its size.
func TestStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	few := map[**sql.Stmt]bool{
		&s.stmt.inhabited: true, &s.stmt.writerInhabited: true, // end at the first row
		&s.stmt.others:   true, // ends at the second row, of a small index
		&s.stmt.waiting:  true, // has one row at most
		&s.stmt.sessions: true, // sorts those of one user
		&s.stmt.allUsers: true, // for the operator who restores a backup
	}
	for _, p := range s.stmt.all(s.writer, s.reader) {
		if few[p.stmt] {
			continue
		}
		for _, step := range plan(t, s, p.sql) {
			scan := strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" && !strings.HasPrefix(step, "SCAN (subquery")
			if scan || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n%s", p.sql, step)
			}
		}
	}
	if got := strings.Join(plan(t, s, packedLines), "\n"); !strings.Contains(got, "COVERING INDEX lines (vault=? AND item>? AND item<?)") {
		t.Errorf("live lines are read like this:\n%s", got)
	}
}
