package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// firstVersion is the schema version of the first migration. Lower ones belong to files of format 1, which no migration reads.
const firstVersion = 10

// migrations are applied in order, each in its own transaction; PRAGMA user_version is the schema version. Never edit one that was
// released.
var migrations = []string{
	// Ids of vaults and items, and hashes, are blobs.
	//
	// A row of records is a live line (hash is set; an attachment has no token) or its tombstone. It is a rowid table in the order of
	// writing, which is the order of revisions: a sync that walks records_by_revision reads the pages of the table in sequence. The index
	// lines holds the line of each row, so a write reads the live lines of a bucket (the ids that begin with one byte) without the table.
	// In vaults, the columns that a write compares come before the large ones, which then stay on pages that are not read. The row of an attachment has the totals
	// that a list needs: adding up the lengths of its chunks would read them all.
	//
	// A personal vault has an owner, a shared one has members. The cards of a shared vault are its own, because a member's account may be
	// deleted. A row of members with role 0 is a former member, and has the number of the entry that ended the membership.
	//
	// A row of kept is the token of a record that a write deleted, and a row of kept_days counts those of one author's card and day. An
	// attachment that a write deleted is kept as long: its row has the time of that write.
	`
CREATE TABLE used_user_ids (
	id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	num INTEGER PRIMARY KEY,
	username TEXT NOT NULL UNIQUE,
	id TEXT NOT NULL UNIQUE REFERENCES used_user_ids (id),
	created INTEGER NOT NULL,
	auth_hash BLOB NOT NULL,
	recovery_auth_hash BLOB NOT NULL,
	totp_secret TEXT NOT NULL,
	totp_last_step INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	administrator INTEGER NOT NULL,
	suspended INTEGER NOT NULL,
	last_seen INTEGER NOT NULL,
	created_vaults INTEGER NOT NULL,
	document BLOB NOT NULL,
	identity TEXT NOT NULL,
	wraps TEXT NOT NULL
) STRICT;
CREATE INDEX administrators ON users (num) WHERE administrator AND NOT suspended;

CREATE TABLE server_key (
	num INTEGER PRIMARY KEY CHECK (num = 1),
	key BLOB NOT NULL
) STRICT;

CREATE TABLE waiting (
	num INTEGER PRIMARY KEY CHECK (num = 1)
) STRICT;

CREATE TABLE invitations (
	id TEXT NOT NULL PRIMARY KEY,
	proof_hash TEXT NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	administrator INTEGER NOT NULL,
	by_name TEXT NOT NULL,
	by_id TEXT NOT NULL,
	offer TEXT NOT NULL,
	joined_id TEXT NOT NULL DEFAULT '', -- of the user who registered with it, for whose answer it is kept
	joined_name TEXT NOT NULL DEFAULT '',
	answer TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_expiry ON invitations (expires);
CREATE INDEX answers ON invitations (by_id) WHERE joined_id <> '';

CREATE TABLE sessions (
	hash TEXT NOT NULL PRIMARY KEY,
	user INTEGER NOT NULL REFERENCES users (num) ON DELETE CASCADE,
	device TEXT NOT NULL,
	created INTEGER NOT NULL,
	last_seen INTEGER NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_expiry ON sessions (expires);

CREATE TABLE throttles (
	key TEXT NOT NULL PRIMARY KEY,
	attempts INTEGER NOT NULL,
	blocked_until INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX throttles_by_expiry ON throttles (expires);

CREATE TABLE cards (
	user INTEGER NOT NULL REFERENCES users (num) ON DELETE CASCADE,
	generation INTEGER NOT NULL,
	card BLOB NOT NULL,
	PRIMARY KEY (user, generation)
) STRICT;

CREATE TABLE used_vault_ids (
	id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE vaults (
	num INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE REFERENCES used_vault_ids (id),
	owner INTEGER UNIQUE REFERENCES users (num) ON DELETE CASCADE,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	items INTEGER NOT NULL,
	record_bytes INTEGER NOT NULL,
	branch_bytes INTEGER NOT NULL,
	count INTEGER NOT NULL,
	state BLOB NOT NULL,
	buckets BLOB NOT NULL
) STRICT;

CREATE TABLE entries (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	sequence INTEGER NOT NULL,
	entry BLOB NOT NULL,
	UNIQUE (vault, sequence)
) STRICT;

CREATE TABLE writes (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	revision INTEGER NOT NULL,
	write BLOB NOT NULL,
	operations BLOB NOT NULL,
	UNIQUE (vault, revision)
) STRICT;

CREATE TABLE branches (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	joined INTEGER NOT NULL,
	common INTEGER NOT NULL,
	tip INTEGER NOT NULL,
	writes BLOB NOT NULL,
	UNIQUE (vault, joined)
) STRICT;

CREATE TABLE envelopes (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	envelope BLOB NOT NULL,
	UNIQUE (vault, hash)
) STRICT;

CREATE TABLE pending_envelopes (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	user BLOB NOT NULL,
	part INTEGER NOT NULL,
	created INTEGER NOT NULL,
	envelope BLOB NOT NULL
) STRICT;
CREATE INDEX pending_envelopes_by_part ON pending_envelopes (vault, user, part);
CREATE INDEX pending_envelopes_by_age ON pending_envelopes (created);

CREATE TABLE vault_cards (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	user BLOB NOT NULL,
	generation INTEGER NOT NULL,
	card BLOB NOT NULL,
	UNIQUE (vault, user, generation)
) STRICT;

CREATE TABLE members (
	user INTEGER NOT NULL REFERENCES users (num) ON DELETE CASCADE,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	role INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	PRIMARY KEY (user, vault)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_vault ON members (vault, role);

CREATE TABLE records (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	item BLOB NOT NULL,
	kind INTEGER NOT NULL,
	version INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	deleted INTEGER,
	hash BLOB,
	token TEXT
) STRICT;
CREATE INDEX lines ON records (vault, item, kind, version, epoch, hash);
CREATE INDEX records_by_revision ON records (vault, revision);
CREATE INDEX tombstones ON records (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE kept (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	item BLOB NOT NULL,
	kind INTEGER NOT NULL,
	version INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	deleted INTEGER NOT NULL,
	token TEXT NOT NULL
) STRICT;
CREATE INDEX kept_by_hash ON kept (vault, hash);
CREATE INDEX kept_by_age ON kept (deleted);

CREATE TABLE kept_days (
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	card BLOB NOT NULL,
	day INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	PRIMARY KEY (vault, card, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE attachments (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	id BLOB NOT NULL,
	count INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	created INTEGER NOT NULL,
	live INTEGER NOT NULL,
	deleted INTEGER,
	UNIQUE (vault, id)
) STRICT;
CREATE INDEX pending_attachments ON attachments (created) WHERE NOT live AND deleted IS NULL;
CREATE INDEX kept_attachments ON attachments (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE chunks (
	num INTEGER PRIMARY KEY,
	attachment INTEGER NOT NULL REFERENCES attachments (num) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	hash BLOB NOT NULL,
	token TEXT NOT NULL,
	UNIQUE (attachment, number)
) STRICT;

CREATE TABLE events (
	id TEXT NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,
	time INTEGER NOT NULL,
	last INTEGER NOT NULL,
	count INTEGER NOT NULL,
	who TEXT NOT NULL,
	who_id TEXT NOT NULL,
	whom TEXT NOT NULL,
	whom_id TEXT NOT NULL,
	host INTEGER NOT NULL,
	address TEXT NOT NULL,
	device TEXT NOT NULL,
	request TEXT NOT NULL,
	invitation TEXT NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX events_by_expiry ON events (expires);

CREATE TABLE feed (
	num INTEGER PRIMARY KEY,
	vault BLOB,
	revision INTEGER,
	sequence INTEGER,
	members INTEGER,
	ended TEXT
) STRICT;
`,
	// A user's own events are read by these.
	`
CREATE INDEX events_by_who ON events (who_id, id);
CREATE INDEX events_by_whom ON events (whom_id, id);
`,
	// When an administrator removed the user, in milliseconds; 0: not removed.
	`
ALTER TABLE users ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
`,
}

// migrate migrates the file to the latest schema version. Two processes may do this concurrently: each reads the version
// again under the write lock, so each migration runs once.
func migrate(ctx context.Context, db *sql.DB, migrations []string) error {
	for {
		done, err := migrateOne(ctx, db, migrations)
		if done || err != nil {
			return err
		}
	}
}

// querier is a file or a transaction on it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

var (
	errForeign = errors.New("the file belongs to another program")
	errFormat1 = errors.New("the file has vaults of format 1, which this release cannot read")
)

// readVersion returns the schema version, 0 for an empty file. It rejects files that this release cannot read.
func readVersion(ctx context.Context, db querier, migrations []string) (version int, err error) {
	var tables, ours int
	err = db.QueryRowContext(ctx, `SELECT user_version, (SELECT count(*) FROM sqlite_schema),
		(SELECT count(*) FROM sqlite_schema WHERE name = 'used_user_ids') FROM pragma_user_version`).Scan(&version, &tables, &ours)
	newest := firstVersion + len(migrations) - 1
	switch {
	case err != nil:
		return 0, storeError(err)
	case version == 0 && tables == 0:
		return 0, nil
	case ours == 0 || version <= 0:
		return 0, errForeign
	case version < firstVersion:
		return 0, errFormat1
	case version > newest:
		return 0, fmt.Errorf("the file has schema version %d, but this program only knows versions up to %d: a newer release wrote it", version, newest)
	}
	return version, nil
}

func migrateOne(ctx context.Context, db *sql.DB, migrations []string) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, storeError(err)
	}
	defer func() { _ = tx.Rollback() }() // no-op after Commit
	version, err := readVersion(ctx, tx, migrations)
	if err != nil {
		return false, err
	}
	next := max(version+1, firstVersion)
	if next == firstVersion+len(migrations) {
		return true, nil
	}
	if _, err := tx.ExecContext(ctx, migrations[next-firstVersion]); err != nil {
		return false, fmt.Errorf("migrate to schema version %d: %w", next, storeError(err))
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", next)); err != nil {
		return false, storeError(err)
	}
	return false, storeError(tx.Commit())
}
