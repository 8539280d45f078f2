package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are compiled once per connection.
type statements struct {
	// On the readers.
	user, head, records, weight, session, sessions, throttle, invitation, inhabited, chunk, attachments, probe *sql.Stmt
	// On the writer.
	lockUser, useID, insertUser, updateUser, deleteUser, moveRevision,
	putOverview, putDetails, deleteOverview, deleteDetails, purgeTombstones,
	insertSession, touchSession, deleteSession, deleteSessions, purgeSessions,
	writerInhabited, putInvitation, useInvitation, purgeInvitations,
	putThrottle, clearThrottle, purgeThrottles, writerThrottle,
	writerChunk, attachmentBytes, growAttachment, insertChunk, deleteAttachment *sql.Stmt

	vaults vaultStatements
}

// userColumns are those that scanUser reads, of users u and the vault v of each.
const userColumns = `u.username, u.id, u.created, u.kdf_salt, u.kdf_memory_kib, u.kdf_time, u.kdf_threads, u.auth_hash,
	u.recovery_auth_hash, u.wrapped_key, u.recovery_wrapped_key, u.totp_secret, u.totp_last_step, u.generation, u.revision, u.manifest,
	u.document, u.identity, u.wraps, v.id`

// packedRecords returns the next ?5 records after a position as one text (see unpackRecord), with tombstones if ?4.
const packedRecords = `SELECT count(*), coalesce(group_concat(
		concat_ws(' ', num, revision, kind, version, account_id, coalesce(token, '')), char(10)), '')
	FROM (SELECT num, revision, kind, version, account_id, token FROM records
		WHERE user = ?1 AND revision >= ?2 AND (revision > ?2 OR num > ?3) AND (?4 OR token IS NOT NULL)
		ORDER BY revision, num LIMIT ?5)`

// inhabitedSQL ignores the server's own users, whose names begin with '#'. IDs stay in the table when a user is deleted.
const inhabitedSQL = `SELECT EXISTS (SELECT 1 FROM used_user_ids WHERE id NOT IN (SELECT id FROM users WHERE username LIKE '#%'))`

const throttleSQL = `SELECT attempts, blocked_until, expires, version FROM throttles WHERE key = ?1 AND expires > ?2`

// preparation is one statement to compile.
type preparation struct {
	db   *sql.DB
	stmt **sql.Stmt
	sql  string
}

func (s *statements) prepare(ctx context.Context, writer, reader *sql.DB) error {
	for _, p := range append(s.vaults.all(writer, reader), []preparation{
		{reader, &s.user, `SELECT ` + userColumns + ` FROM users u LEFT JOIN vaults v ON v.owner = u.num WHERE u.username = ?1`},
		{reader, &s.head, `SELECT num, revision, manifest FROM users WHERE username = ?1`},
		{reader, &s.records, packedRecords},
		// SQLite stores the length of a token in front of it, so the pages of the token are not read.
		{reader, &s.weight, `SELECT count(*), coalesce(sum(octet_length(token)), 0)
			FROM (SELECT token FROM users u JOIN records r ON r.user = u.num AND r.revision > ?2 WHERE u.username = ?1 LIMIT ?3)`},
		{reader, &s.session, `SELECT s.hash, u.id, u.username, s.device, s.created, s.last_seen, s.expires
			FROM sessions s JOIN users u ON u.num = s.user WHERE s.hash = ?1 AND s.expires > ?2`},
		{reader, &s.sessions, `SELECT s.hash, u.id, u.username, s.device, s.created, s.last_seen, s.expires
			FROM users u JOIN sessions s ON s.user = u.num WHERE u.id = ?1 AND s.expires > ?2 ORDER BY s.created DESC, s.hash`},
		{reader, &s.throttle, throttleSQL},
		{reader, &s.inhabited, inhabitedSQL},
		{reader, &s.invitation, `SELECT id, hash, created, expires FROM invitations WHERE id = ?1 AND expires > ?2`},
		{reader, &s.chunk, `SELECT a.count, p.token FROM users u JOIN attachments a ON a.user = u.num AND a.id = ?2
			JOIN attachment_pieces p ON p.attachment = a.num AND p.number = ?3 WHERE u.id = ?1`},
		{reader, &s.attachments, `SELECT a.id, a.count, a.pieces, a.bytes, a.uploaded
			FROM users u JOIN attachments a ON a.user = u.num WHERE u.id = ?1 ORDER BY a.id`},
		// Reads one page of each kind that a login reads, regardless of the size of the tables.
		{reader, &s.probe, `SELECT (SELECT count(*) FROM users WHERE username = ?1) + (SELECT coalesce(max(num), 0) FROM users)
			+ (SELECT count(*) FROM sessions WHERE hash = ?1)`},

		{writer, &s.lockUser, `SELECT num, id, generation, revision, items, record_bytes FROM users WHERE username = ?1`},
		{writer, &s.useID, `INSERT INTO used_user_ids (id) VALUES (?1) ON CONFLICT DO NOTHING`},
		{writer, &s.insertUser, `INSERT INTO users (username, id, created, kdf_salt, kdf_memory_kib, kdf_time, kdf_threads,
			auth_hash, recovery_auth_hash, wrapped_key, recovery_wrapped_key, totp_secret, totp_last_step, generation, revision, manifest)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1, 0, ?14)`},
		{writer, &s.updateUser, `UPDATE users SET kdf_salt = ?2, kdf_memory_kib = ?3, kdf_time = ?4, kdf_threads = ?5, auth_hash = ?6,
			recovery_auth_hash = ?7, wrapped_key = ?8, recovery_wrapped_key = ?9, totp_secret = ?10, totp_last_step = ?11,
			generation = generation + 1 WHERE num = ?1`},
		{writer, &s.deleteUser, `DELETE FROM users WHERE username = ?1`},
		{writer, &s.moveRevision, `UPDATE users SET revision = ?2, manifest = ?3 WHERE num = ?1`},

		{writer, &s.putOverview, `INSERT INTO records (user, kind, account_id, version, revision, token) VALUES (?1, 1, ?2, ?3, ?4, ?5)
			ON CONFLICT (user, account_id) WHERE kind = 1 DO UPDATE SET version = excluded.version, revision = excluded.revision, token = excluded.token,
			deleted = NULL`},
		{writer, &s.putDetails, `INSERT INTO records (user, kind, account_id, version, revision, token) VALUES (?1, 2, ?2, ?3, ?4, ?5)
			ON CONFLICT (user, account_id, version) WHERE kind = 2 DO NOTHING`},
		{writer, &s.deleteOverview, `UPDATE records SET token = NULL, revision = ?4, deleted = ?5
			WHERE user = ?1 AND kind = 1 AND account_id = ?2 AND version = ?3 AND token IS NOT NULL`},
		{writer, &s.deleteDetails, `UPDATE records SET token = NULL, revision = ?4, deleted = ?5
			WHERE user = ?1 AND kind = 2 AND account_id = ?2 AND version = ?3 AND token IS NOT NULL`},

		{writer, &s.purgeTombstones, `DELETE FROM records WHERE num IN (SELECT num FROM records WHERE deleted <= ?1 LIMIT 16)`},

		{writer, &s.insertSession, `INSERT INTO sessions (hash, user, device, created, last_seen, expires)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`},
		{writer, &s.touchSession, `UPDATE sessions SET last_seen = max(last_seen, ?2), expires = max(expires, ?3)
			WHERE hash = ?1 AND expires > ?2`},
		{writer, &s.deleteSession, `DELETE FROM sessions WHERE hash = ?2 AND user = (SELECT num FROM users WHERE id = ?1)`},
		{writer, &s.deleteSessions, `DELETE FROM sessions WHERE user = (SELECT num FROM users WHERE id = ?1) AND hash <> ?2`},
		// Each insert deletes a few expired rows, so no write takes long.
		{writer, &s.purgeSessions, `DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.writerInhabited, inhabitedSQL},
		{writer, &s.putInvitation, `INSERT INTO invitations (id, hash, created, expires) VALUES (?1, ?2, ?3, ?4)`},
		{writer, &s.useInvitation, `DELETE FROM invitations WHERE id = ?1 AND expires > ?2`},
		{writer, &s.purgeInvitations, `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.writerThrottle, throttleSQL},
		{writer, &s.putThrottle, `INSERT INTO throttles (key, attempts, blocked_until, expires, version) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (key) DO UPDATE SET attempts = excluded.attempts, blocked_until = excluded.blocked_until,
			expires = excluded.expires, version = excluded.version`},
		{writer, &s.clearThrottle, `DELETE FROM throttles WHERE key = ?1`},
		{writer, &s.purgeThrottles, `DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.writerChunk, `SELECT a.count, coalesce(p.token, '') FROM attachments a
			LEFT JOIN attachment_pieces p ON p.attachment = a.num AND p.number = ?3 WHERE a.user = ?1 AND a.id = ?2`},
		{writer, &s.attachmentBytes, `SELECT coalesce(sum(bytes), 0) FROM attachments WHERE user = ?1`},
		{writer, &s.growAttachment, `INSERT INTO attachments (user, id, count, pieces, bytes, uploaded) VALUES (?1, ?2, ?3, 1, ?4, ?5)
			ON CONFLICT (user, id) DO UPDATE SET pieces = pieces + 1, bytes = bytes + excluded.bytes, uploaded = excluded.uploaded`},
		{writer, &s.insertChunk, `INSERT INTO attachment_pieces (attachment, number, token)
			SELECT num, ?3, ?4 FROM attachments WHERE user = ?1 AND id = ?2`},
		{writer, &s.deleteAttachment, `DELETE FROM attachments WHERE user = ?1 AND id = ?2`},
	}...) {
		stmt, err := p.db.PrepareContext(ctx, p.sql)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", p.sql, err)
		}
		*p.stmt = stmt
	}
	return nil
}

// exec runs a prepared statement of the writer in tx and returns the number of affected rows.
func exec(ctx context.Context, tx *sql.Tx, stmt *sql.Stmt, args ...any) (int64, error) {
	r, err := tx.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
