package vault

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

const (
	// KeptDays is how many days a store keeps what a write replaced or deleted, for reads of its history.
	KeptDays = 30
	// KeptLife is the same time. It is exact for reads.
	KeptLife = KeptDays * 24 * time.Hour
	// HistoryBytes is roughly how much Store.History reads: at most one write more.
	HistoryBytes = 256 << 10
	// LogBytes is roughly how much Store.Entries reads: at most one entry more. The log of a personal vault is never longer.
	LogBytes = 6 << 20
)

// KeptDay is the day of a write in the quota of kept tokens: days since 1970, in UTC. What an author's card keeps is counted by day, so
// that a store does not add up each token. At t, the days from FirstKeptDay on count.
func KeptDay(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// FirstKeptDay is the earliest day that counts at now. All that was kept before it has expired.
func FirstKeptDay(now time.Time) int64 { return KeptDay(now) - KeptDays }

// Keeps reports whether a store keeps the token of a record that a write deletes. Pins only go forward, and no restore reads them.
func Keeps(k chain.RecordKind) bool { return k.Sealed() && k != chain.RecordPin }

// keeps returns the quota of kept tokens for a write: twice that of records, and that of attachments. Re-sealing everything may fill half
// of it, and the rest remains for changes.
func (l Limits) keeps(ops []chain.Operation) int64 {
	quota := l.keepsAll()
	if reseals(ops) {
		return quota / 2
	}
	return quota
}

// keepsAll returns the quota of kept tokens for a part that is sent again. Without it, a thief of a key could send his writes this way, and
// replace more than the server keeps.
func (l Limits) keepsAll() int64 {
	if l.Records.Bytes == 0 {
		return 0
	}
	return 2*l.Records.Bytes + l.Attachments
}

// reseals reports whether operations only replace records by the same ones in another epoch.
func reseals(ops []chain.Operation) bool {
	if len(ops)%2 != 0 {
		return false
	}
	// Operations are in the order of their places, so the two epochs of a record follow each other.
	for i := 0; i < len(ops); i += 2 {
		a, b := ops[i], ops[i+1]
		if a.Kind != b.Kind || a.ID != b.ID || a.Version != b.Version || a.Epoch == b.Epoch || !a.Delete || b.Delete {
			return false
		}
	}
	return true
}
