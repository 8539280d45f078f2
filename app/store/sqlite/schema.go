package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations are applied in order, each in its own transaction; PRAGMA user_version counts them. Never edit one that was
// released.
var migrations = []string{
	// records is a rowid table in the order of writing, which is nearly the order of revisions: a sync that walks
	// records_by_revision reads the pages of the table in sequence.
	`
CREATE TABLE used_user_ids (
	id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	num INTEGER PRIMARY KEY,
	username TEXT NOT NULL UNIQUE,
	id TEXT NOT NULL UNIQUE REFERENCES used_user_ids (id),
	created INTEGER NOT NULL,
	kdf_salt TEXT NOT NULL,
	kdf_memory_kib INTEGER NOT NULL,
	kdf_time INTEGER NOT NULL,
	kdf_threads INTEGER NOT NULL,
	auth_hash BLOB NOT NULL,
	recovery_auth_hash BLOB NOT NULL,
	wrapped_key TEXT NOT NULL,
	recovery_wrapped_key TEXT NOT NULL,
	totp_secret TEXT NOT NULL,
	totp_last_step INTEGER NOT NULL,
	generation INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	manifest TEXT NOT NULL
) STRICT;

CREATE TABLE records (
	num INTEGER PRIMARY KEY,
	user INTEGER NOT NULL REFERENCES users (num) ON DELETE CASCADE,
	kind INTEGER NOT NULL,
	account_id TEXT NOT NULL,
	version INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	token TEXT
) STRICT;
CREATE UNIQUE INDEX accounts ON records (user, account_id) WHERE kind = 1;
CREATE UNIQUE INDEX passwords ON records (user, account_id, version) WHERE kind = 2;
CREATE INDEX records_by_revision ON records (user, revision);

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
`,
	// An attachment's row has the totals that a list needs: adding up the lengths of its chunks would read them all.
	`
CREATE TABLE attachments (
	num INTEGER PRIMARY KEY,
	user INTEGER NOT NULL REFERENCES users (num) ON DELETE CASCADE,
	id TEXT NOT NULL,
	count INTEGER NOT NULL,
	pieces INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	uploaded INTEGER NOT NULL,
	UNIQUE (user, id)
) STRICT;

CREATE TABLE attachment_pieces (
	num INTEGER PRIMARY KEY,
	attachment INTEGER NOT NULL REFERENCES attachments (num) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	token TEXT NOT NULL,
	UNIQUE (attachment, number)
) STRICT;
`,
	`
CREATE TABLE invitations (
	id TEXT NOT NULL PRIMARY KEY,
	hash BLOB NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_expiry ON invitations (expires);
`,
	// Triggers maintain the usage of a user's records, so no statement can forget to. A record counts its token and
	// vault.RecordWeight. A tombstone has the time of its deletion, from which its expiry follows.
	`
ALTER TABLE records ADD COLUMN deleted INTEGER;
UPDATE records SET deleted = unixepoch() * 1000 WHERE token IS NULL;
CREATE INDEX tombstones ON records (deleted) WHERE deleted IS NOT NULL;

ALTER TABLE users ADD COLUMN items INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN record_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE users SET (items, record_bytes) = (
	SELECT count(*) FILTER (WHERE kind = 1 AND token IS NOT NULL), coalesce(sum(128 + coalesce(octet_length(token), 0)), 0)
	FROM records WHERE user = users.num);

CREATE TRIGGER record_added AFTER INSERT ON records BEGIN
	UPDATE users SET items = items + (new.kind = 1 AND new.token IS NOT NULL),
		record_bytes = record_bytes + 128 + coalesce(octet_length(new.token), 0) WHERE num = new.user;
END;
CREATE TRIGGER record_changed AFTER UPDATE OF token ON records BEGIN
	UPDATE users SET items = items + (new.kind = 1 AND new.token IS NOT NULL) - (old.kind = 1 AND old.token IS NOT NULL),
		record_bytes = record_bytes + coalesce(octet_length(new.token), 0) - coalesce(octet_length(old.token), 0) WHERE num = new.user;
END;
CREATE TRIGGER record_removed AFTER DELETE ON records BEGIN
	UPDATE users SET items = items - (old.kind = 1 AND old.token IS NOT NULL),
		record_bytes = record_bytes - 128 - coalesce(octet_length(old.token), 0) WHERE num = old.user;
END;
`,
	// Vaults of format 2. Ids and hashes are blobs.
	//
	// A row of vault_records is a live line (hash is set; an attachment has no token) or its tombstone. The table is in the order of
	// writing, like records. vault_lines holds the line of each row, so it alone answers what is live in a bucket: the ids that begin with
	// one byte. In vaults, what a write compares comes before the large columns, which then stay on pages that are not read.
	`
ALTER TABLE users ADD COLUMN document BLOB NOT NULL DEFAULT x'';
ALTER TABLE users ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN wraps TEXT NOT NULL DEFAULT '';

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
	owner INTEGER NOT NULL UNIQUE REFERENCES users (num) ON DELETE CASCADE,
	revision INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	items INTEGER NOT NULL,
	record_bytes INTEGER NOT NULL,
	count INTEGER NOT NULL,
	state BLOB NOT NULL,
	buckets BLOB NOT NULL
) STRICT;

CREATE TABLE vault_entries (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	sequence INTEGER NOT NULL,
	entry BLOB NOT NULL,
	UNIQUE (vault, sequence)
) STRICT;

CREATE TABLE vault_writes (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	revision INTEGER NOT NULL,
	write BLOB NOT NULL,
	operations BLOB NOT NULL,
	UNIQUE (vault, revision)
) STRICT;

CREATE TABLE vault_envelopes (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	envelope BLOB NOT NULL,
	UNIQUE (vault, hash)
) STRICT;

CREATE TABLE vault_records (
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
CREATE INDEX vault_lines ON vault_records (vault, item, kind, version, epoch, hash);
CREATE INDEX vault_records_by_revision ON vault_records (vault, revision);
CREATE INDEX vault_tombstones ON vault_records (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE vault_attachments (
	num INTEGER PRIMARY KEY,
	vault INTEGER NOT NULL REFERENCES vaults (num) ON DELETE CASCADE,
	id BLOB NOT NULL,
	count INTEGER NOT NULL,
	stored INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	created INTEGER NOT NULL,
	live INTEGER NOT NULL,
	UNIQUE (vault, id)
) STRICT;
CREATE INDEX pending_attachments ON vault_attachments (created) WHERE NOT live;

CREATE TABLE vault_chunks (
	num INTEGER PRIMARY KEY,
	attachment INTEGER NOT NULL REFERENCES vault_attachments (num) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	hash BLOB NOT NULL,
	token TEXT NOT NULL,
	UNIQUE (attachment, number)
) STRICT;
`,
}

// kindOverview is the value of records.kind for protocol.KindOverview, also used in the indexes and statements;
// protocol.KindDetails is 2.
const kindOverview = 1

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

func knownVersion(version int, migrations []string) error {
	if version > len(migrations) {
		return fmt.Errorf("the file has schema version %d, but this program only knows versions up to %d: a newer release wrote it", version, len(migrations))
	}
	return nil
}

func migrateOne(ctx context.Context, db *sql.DB, migrations []string) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, storeError(err)
	}
	defer func() { _ = tx.Rollback() }() // no-op after Commit
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, storeError(err)
	}
	if err := knownVersion(version, migrations); err != nil {
		return false, err
	}
	switch version {
	case len(migrations):
		return true, nil
	case 0:
		var tables int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
			return false, storeError(err)
		}
		if tables > 0 {
			return false, fmt.Errorf("the file belongs to another program")
		}
	}
	if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
		return false, fmt.Errorf("migrate to schema version %d: %w", version+1, storeError(err))
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
		return false, storeError(err)
	}
	return false, storeError(tx.Commit())
}
