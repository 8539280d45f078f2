package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Each event deletes some that have expired, so the table does not grow without end.
func TestExpiredEventsAreDeleted(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	add := func(n int, at time.Time) {
		t.Helper()
		e := vault.Event{ID: vault.EventsAt(at) + vault.EventID(fmt.Sprintf("-%016x", n)), Time: at, Last: at, Count: 1, Expires: at.Add(time.Hour)}
		if err := s.AddEvent(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 40 {
		add(n, start)
	}
	for n, want := range []int{41, 26, 11, 4} { // from the time at which they expire
		at := start.Add(time.Hour - time.Millisecond)
		if n > 0 {
			at = start.Add(time.Hour)
		}
		add(100+n, at)
		if got := rowsOf(t, s, "events"); got != want {
			t.Errorf("event %d: %d rows, want %d", n, got, want)
		}
	}
}
