package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are compiled once per connection.
type statements struct {
	// On the readers.
	user, account, invitations, answers, directory, session, sessions, throttle, inhabited, invitation, probe, head, lines, entries, writeAt, operationsAt, branches,
	waiting, allUsers, envelope, cards, records, weight, chunk, attachment, attachments, history, keptToken, events, userEvents, feedEnd, feedRows,
	vaultCards, memberships, left, pendingEnvelopes *sql.Stmt
	// On the writer.
	setStanding, others, seeUser, deleteInvitation, lockUser, useID, insertUser, updateUser, deleteUser, serverKey, putServerKey, insertSession, touchSession, deleteSession,
	deleteSessions, purgeSessions, writerInhabited, putInvitation, useInvitation, answerInvitation, deleteAnswer, purgeInvitations, writerThrottle,
	putThrottle, clearThrottle, purgeThrottles, lockVault, useVaultID, insertVault, moveWrite, moveEntry, setKeys, insertCard,
	wait, open, dropPending, hasAttachment, recordAt, dropRecord, insertTombstone,
	insertEntry, insertEnvelope, insertWrite, insertBranch, dropTombstone, putRecord, liveRecord, deleteRecord, purgeTombstones,
	attachmentDeleted, writerChunk, chunkBytes, growAttachment, insertChunk, makeLive, deleteAttachment, purgePending,
	keepToken, keptBytes, keepBytes, purgeKept, purgeKeptDays, purgeKeptAttachments,
	addEvent, purgeEvents, insertChange, purgeFeed,
	countVault, insertShared, insertVaultCard, setMember, dropLonely, dropEnvelopes, putEnvelope, purgeEnvelopes *sql.Stmt
}

// userColumns are those that scanUser reads, of users u and the vault v of each.
const userColumns = `u.username, u.id, u.created, u.auth_hash, u.recovery_auth_hash, u.totp_secret, u.totp_last_step, u.generation,
	u.administrator, u.suspended, u.removed, u.document, u.identity, u.wraps, v.id`

const userFrom = ` FROM users u JOIN vaults v ON v.owner = u.num WHERE u.username = ?1`

// headColumns are those of headRow, of vaults v.
const headColumns = `v.num, v.id, v.items, v.record_bytes, v.branch_bytes, v.count, v.state, v.buckets`

// packedLine is the part of a packed row that unpackLine reads.
const packedLine = `kind, version, epoch, hex(item), coalesce(hex(hash), '')`

const (
	// packedLines returns the live lines in a range of ids as one text.
	packedLines = `SELECT coalesce(group_concat(concat_ws(' ', ` + packedLine + `), char(10)), '') FROM records
		WHERE vault = (SELECT num FROM vaults WHERE id = ?1) AND item BETWEEN ?2 AND ?3 AND hash IS NOT NULL`
	// packedRecords returns the next ?5 records of vault ?1 after a position as one text, with tombstones if ?4.
	packedRecords = `SELECT count(*), coalesce(group_concat(
			concat_ws(' ', num, revision, ` + packedLine + `, coalesce(token, '')), char(10)), '')
		FROM (SELECT num, revision, kind, version, epoch, item, hash, token FROM records
			WHERE vault = ?1 AND revision >= ?2 AND (revision > ?2 OR num > ?3) AND (?4 OR hash IS NOT NULL)
			ORDER BY revision, num LIMIT ?5)`
	attachmentsOf = `SELECT a.id, a.count, a.bytes, a.created, a.live, coalesce(a.deleted, 0), c.number, c.hash
		FROM vaults v JOIN attachments a ON a.vault = v.num JOIN chunks c ON c.attachment = a.num WHERE v.id = ?1`
	atPlaceInVault = ` AND item = ?2 AND kind = ?3 AND version = ?4 AND epoch = ?5 `
	atPlace        = ` WHERE vault = ?1` + atPlaceInVault
	atPlaceOfID    = ` WHERE vault = (SELECT num FROM vaults WHERE id = ?1)` + atPlaceInVault
)

// inhabitedSQL finds a user that was deleted, too: IDs stay in the table.
const inhabitedSQL = `SELECT EXISTS (SELECT 1 FROM used_user_ids)`

const (
	invitationColumns = `id, proof_hash, created, expires, administrator, by_name, by_id, offer`
	// invitationHolds says that the administrator who made an invitation still is one.
	invitationHolds = `joined_id = '' AND (by_id = '' OR EXISTS (SELECT 1 FROM users u WHERE u.id = by_id AND u.administrator AND NOT u.suspended))`
)

const eventColumns = `id, kind, time, last, count, who, who_id, whom, whom_id, host, address, device, request, invitation`

const waitSQL = `INSERT INTO waiting (num) VALUES (1) ON CONFLICT DO NOTHING`

const throttleSQL = `SELECT attempts, blocked_until, expires, version FROM throttles WHERE key = ?1 AND expires > ?2`

// preparation is one statement to compile.
type preparation struct {
	db   *sql.DB
	stmt **sql.Stmt
	sql  string
}

func (s *statements) prepare(ctx context.Context, writer, reader *sql.DB) error {
	for _, p := range s.all(writer, reader) {
		stmt, err := p.db.PrepareContext(ctx, p.sql)
		if err != nil {
			return fmt.Errorf("prepare %q: %w", p.sql, err)
		}
		*p.stmt = stmt
	}
	return nil
}

func (s *statements) all(writer, reader *sql.DB) []preparation {
	return []preparation{
		{reader, &s.user, `SELECT ` + userColumns + userFrom},
		{reader, &s.account, `SELECT ` + userColumns + `, ` + headColumns + userFrom},
		{reader, &s.session, `SELECT s.hash, u.id, u.username, s.device, s.created, s.last_seen, s.expires
			FROM sessions s JOIN users u ON u.num = s.user WHERE s.hash = ?1 AND s.expires > ?2`},
		{reader, &s.sessions, `SELECT s.hash, u.id, u.username, s.device, s.created, s.last_seen, s.expires
			FROM users u JOIN sessions s ON s.user = u.num WHERE u.id = ?1 AND s.expires > ?2 ORDER BY s.created DESC, s.hash`},
		{reader, &s.throttle, throttleSQL},
		{reader, &s.inhabited, inhabitedSQL},
		{reader, &s.invitation, `SELECT ` + invitationColumns + ` FROM invitations WHERE id = ?1 AND expires > ?2 AND ` + invitationHolds},
		{reader, &s.invitations, `SELECT ` + invitationColumns + ` FROM invitations WHERE expires > ?1 AND joined_id = '' ORDER BY expires, id`},
		{reader, &s.answers, `SELECT id, by_id, joined_id, joined_name, answer FROM invitations WHERE by_id = ?1 AND joined_id <> '' AND expires > ?2`},
		{reader, &s.directory, `SELECT ` + userColumns + `, u.last_seen, v.items, v.record_bytes +
			(SELECT coalesce(sum(a.bytes), 0) FROM attachments a WHERE a.vault = v.num AND a.deleted IS NULL)
			FROM users u JOIN vaults v ON v.owner = u.num WHERE u.username > ?1 ORDER BY u.username LIMIT ?2`},
		// Reads one page of each kind that a login reads, regardless of the size of the tables.
		{reader, &s.probe, `SELECT (SELECT count(*) FROM users WHERE username = ?1) + (SELECT coalesce(max(num), 0) FROM users)
			+ (SELECT count(*) FROM sessions WHERE hash = ?1)`},

		{reader, &s.waiting, `SELECT EXISTS (SELECT 1 FROM waiting)`},
		{reader, &s.allUsers, `SELECT ` + userColumns + ` FROM users u JOIN vaults v ON v.owner = u.num ORDER BY u.username`},
		{reader, &s.head, `SELECT ` + headColumns + ` FROM vaults v WHERE id = ?1`},
		{reader, &s.lines, packedLines},
		{reader, &s.entries, `SELECT e.entry FROM vaults v JOIN entries e ON e.vault = v.num AND e.sequence > ?2
			WHERE v.id = ?1 ORDER BY e.sequence LIMIT ?3`},
		{reader, &s.vaultCards, `SELECT c.card FROM vaults v JOIN vault_cards c ON c.vault = v.num AND c.user = ?2
			WHERE v.id = ?1 ORDER BY c.generation`},
		{reader, &s.memberships, `SELECT v.id, m.role, v.revision, v.sequence FROM users u JOIN members m ON m.user = u.num AND m.role > 0
			JOIN vaults v ON v.num = m.vault WHERE u.id = ?1`},
		{reader, &s.left, `SELECT m.sequence FROM users u JOIN members m ON m.user = u.num AND m.role = 0
			JOIN vaults v ON v.num = m.vault AND v.id = ?2 WHERE u.id = ?1`},
		{reader, &s.pendingEnvelopes, `SELECT e.envelope FROM vaults v JOIN pending_envelopes e ON e.vault = v.num AND e.user = ?2
			WHERE v.id = ?1 AND e.created > ?3`},
		{reader, &s.writeAt, `SELECT w.write FROM vaults v JOIN writes w ON w.vault = v.num AND w.revision = ?2 WHERE v.id = ?1`},
		{reader, &s.operationsAt, `SELECT w.operations FROM vaults v JOIN writes w ON w.vault = v.num AND w.revision = ?2 WHERE v.id = ?1`},
		{reader, &s.branches, `SELECT b.joined, b.common, b.writes FROM vaults v
			JOIN branches b ON b.vault = v.num AND b.common < ?2 AND b.tip >= ?2 WHERE v.id = ?1 ORDER BY b.joined`},
		{reader, &s.envelope, `SELECT e.envelope FROM vaults v JOIN envelopes e ON e.vault = v.num AND e.hash = ?2 WHERE v.id = ?1`},
		{reader, &s.cards, `SELECT c.card FROM users u JOIN cards c ON c.user = u.num WHERE u.id = ?1 ORDER BY c.generation`},
		{reader, &s.records, packedRecords},
		{reader, &s.weight, `SELECT count(*), coalesce(sum(octet_length(token)), 0)
			FROM (SELECT token FROM vaults v JOIN records r ON r.vault = v.num AND r.revision > ?2 WHERE v.id = ?1 LIMIT ?3)`},
		{reader, &s.chunk, `SELECT a.count, c.token FROM vaults v JOIN attachments a ON a.vault = v.num AND a.id = ?2
			JOIN chunks c ON c.attachment = a.num AND c.number = ?3 WHERE v.id = ?1 AND (a.deleted IS NULL OR a.deleted > ?4)`},
		{reader, &s.attachment, attachmentsOf + ` AND a.id = ?2 AND (a.deleted IS NULL OR a.deleted > ?3)`},
		{reader, &s.attachments, attachmentsOf + ` AND a.deleted IS NULL ORDER BY a.id`},
		{reader, &s.history, `SELECT w.revision, w.write, w.operations FROM vaults v JOIN writes w ON w.vault = v.num
			WHERE v.id = ?1 AND w.revision BETWEEN ?2 AND ?3 ORDER BY w.revision`},
		{reader, &s.keptToken, `SELECT token FROM records` + atPlaceOfID + `AND hash = ?6
			UNION ALL SELECT token FROM kept` + atPlaceOfID + `AND hash = ?6 AND deleted > ?7 LIMIT 1`},

		{reader, &s.events, `SELECT ` + eventColumns + ` FROM events WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3`},
		{reader, &s.userEvents, `SELECT ` + eventColumns + ` FROM events WHERE who_id = ?1 AND id >= ?2 AND id < ?3
			UNION ALL SELECT ` + eventColumns + ` FROM events WHERE whom_id = ?1 AND who_id <> ?1 AND id >= ?2 AND id < ?3
			ORDER BY id DESC LIMIT ?4`},

		{reader, &s.feedEnd, `SELECT coalesce(max(num), 0) FROM feed`},
		{reader, &s.feedRows, `SELECT num, vault, revision, sequence, members, ended FROM feed WHERE num > ?1 ORDER BY num`},

		{writer, &s.lockUser, `SELECT num, id, generation, administrator, suspended, removed FROM users WHERE username = ?1`},
		{writer, &s.useID, `INSERT INTO used_user_ids (id) VALUES (?1) ON CONFLICT DO NOTHING`},
		{writer, &s.insertUser, `INSERT INTO users (username, id, created, auth_hash, recovery_auth_hash, totp_secret, totp_last_step,
			document, identity, wraps, administrator, last_seen, generation, suspended, created_vaults)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1, 0, 0)`},
		{writer, &s.updateUser, `UPDATE users SET auth_hash = ?2, recovery_auth_hash = ?3, totp_secret = ?4, totp_last_step = ?5,
			generation = generation + 1 WHERE num = ?1`},
		{writer, &s.deleteUser, `DELETE FROM users WHERE username = ?1`},
		{writer, &s.setStanding, `UPDATE users SET administrator = ?2, suspended = ?3, removed = ?4 WHERE num = ?1`},
		{writer, &s.others, `SELECT EXISTS (SELECT 1 FROM users WHERE administrator AND NOT suspended AND num <> ?1),
			EXISTS (SELECT 1 FROM users WHERE num <> ?1)`},
		{writer, &s.serverKey, `SELECT key FROM server_key WHERE num = 1`},
		{writer, &s.putServerKey, `INSERT INTO server_key (num, key) VALUES (1, ?1) ON CONFLICT DO NOTHING`},

		{writer, &s.wait, waitSQL},
		{writer, &s.open, `DELETE FROM waiting`},

		{writer, &s.insertSession, `INSERT INTO sessions (hash, user, device, created, last_seen, expires)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING`},
		{writer, &s.seeUser, `UPDATE users SET last_seen = ?2
			WHERE num = (SELECT user FROM sessions WHERE hash = ?1) AND last_seen < ?2`},
		{writer, &s.touchSession, `UPDATE sessions SET last_seen = max(last_seen, ?2), expires = max(expires, ?3)
			WHERE hash = ?1 AND expires > ?2`},
		{writer, &s.deleteSession, `DELETE FROM sessions WHERE hash = ?2 AND user = (SELECT num FROM users WHERE id = ?1)`},
		{writer, &s.deleteSessions, `DELETE FROM sessions WHERE user = (SELECT num FROM users WHERE id = ?1) AND hash <> ?2`},
		// Each insert deletes a few expired rows, so no write takes long.
		{writer, &s.purgeSessions, `DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.writerInhabited, inhabitedSQL},
		{writer, &s.putInvitation, `INSERT INTO invitations (` + invitationColumns + `) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING`},
		{writer, &s.useInvitation, `DELETE FROM invitations WHERE id = ?1 AND expires > ?2 AND offer = '' AND ` + invitationHolds},
		{writer, &s.answerInvitation, `UPDATE invitations SET joined_id = ?3, joined_name = ?4, answer = ?5, expires = ?6, offer = '', proof_hash = ''
			WHERE id = ?1 AND expires > ?2 AND offer <> '' AND ` + invitationHolds},
		{writer, &s.deleteInvitation, `DELETE FROM invitations WHERE id = ?1 AND joined_id = ''`},
		{writer, &s.deleteAnswer, `DELETE FROM invitations WHERE id = ?1 AND by_id = ?2 AND joined_id <> ''`},
		{writer, &s.purgeInvitations, `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.writerThrottle, throttleSQL},
		{writer, &s.putThrottle, `INSERT INTO throttles (key, attempts, blocked_until, expires, version) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (key) DO UPDATE SET attempts = excluded.attempts, blocked_until = excluded.blocked_until,
			expires = excluded.expires, version = excluded.version`},
		{writer, &s.clearThrottle, `DELETE FROM throttles WHERE key = ?1`},
		{writer, &s.purgeThrottles, `DELETE FROM throttles WHERE key IN (SELECT key FROM throttles WHERE expires <= ?1 LIMIT 16)`},

		{writer, &s.lockVault, `SELECT num, coalesce(owner, 0), revision, sequence, items, record_bytes, branch_bytes FROM vaults WHERE id = ?1`},
		{writer, &s.useVaultID, `INSERT INTO used_vault_ids (id) VALUES (?1) ON CONFLICT DO NOTHING`},
		{writer, &s.insertVault, `INSERT INTO vaults (id, owner, revision, sequence, items, record_bytes, branch_bytes, count, state, buckets)
			VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5, ?6, ?7)`},
		{writer, &s.countVault, `UPDATE users SET created_vaults = created_vaults + 1 WHERE num = ?1 AND created_vaults < ?2`},
		{writer, &s.insertShared, `INSERT INTO vaults (id, revision, sequence, items, record_bytes, branch_bytes, count, state, buckets)
			VALUES (?1, ?2, ?3, 0, 0, 0, ?4, ?5, ?6)`},
		{writer, &s.insertVaultCard, `INSERT INTO vault_cards (vault, user, generation, card) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING`},
		// Nothing for a user who is gone.
		{writer, &s.setMember, `INSERT INTO members (user, vault, role, sequence) SELECT num, ?2, ?3, ?4 FROM users WHERE id = ?1
			ON CONFLICT (user, vault) DO UPDATE SET role = excluded.role, sequence = excluded.sequence`},
		{writer, &s.dropLonely, `DELETE FROM vaults WHERE num IN (SELECT m.vault FROM members m WHERE m.user = ?1 AND m.role > 0 AND NOT EXISTS (
			SELECT 1 FROM members o WHERE o.vault = m.vault AND o.role > 0 AND o.user <> m.user))`},
		{writer, &s.dropEnvelopes, `DELETE FROM pending_envelopes WHERE vault = ?1 AND user = ?2 AND part = ?3`},
		{writer, &s.putEnvelope, `INSERT INTO pending_envelopes (vault, user, part, created, envelope) VALUES (?1, ?2, ?3, ?4, ?5)`},
		{writer, &s.purgeEnvelopes, `DELETE FROM pending_envelopes
			WHERE num IN (SELECT num FROM pending_envelopes WHERE created <= ?1 LIMIT ?2)`},
		{writer, &s.moveWrite, `UPDATE vaults SET revision = ?2, items = ?3, record_bytes = ?4, branch_bytes = ?5, count = ?6, state = ?7,
			buckets = ?8 WHERE num = ?1`},
		{writer, &s.moveEntry, `UPDATE vaults SET sequence = ?2, state = ?3 WHERE num = ?1`},
		{writer, &s.setKeys, `UPDATE users SET document = ?2, identity = ?3, wraps = ?4 WHERE num = ?1`},
		{writer, &s.insertCard, `INSERT INTO cards (user, generation, card) VALUES (?1, ?2, ?3)`},
		{writer, &s.insertEntry, `INSERT INTO entries (vault, sequence, entry) VALUES (?1, ?2, ?3)`},
		{writer, &s.insertEnvelope, `INSERT INTO envelopes (vault, hash, envelope) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`},
		{writer, &s.insertWrite, `INSERT INTO writes (vault, revision, write, operations) VALUES (?1, ?2, ?3, ?4)`},
		{writer, &s.insertBranch, `INSERT INTO branches (vault, joined, common, tip, writes) VALUES (?1, ?2, ?3, ?4, ?5)`},

		// A new row is at the end of the table, where its revision belongs.
		{writer, &s.dropTombstone, `DELETE FROM records` + atPlace + `AND hash IS NULL`},
		{writer, &s.putRecord, `INSERT INTO records (vault, item, kind, version, epoch, revision, hash, token)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM records` + atPlace + `)`},
		{writer, &s.liveRecord, `SELECT num, coalesce(octet_length(token), 0) FROM records` + atPlace + `AND hash = ?6`},
		{writer, &s.deleteRecord, `UPDATE records SET hash = NULL, token = NULL, revision = ?2, deleted = ?3 WHERE num = ?1`},
		{writer, &s.recordAt, `SELECT coalesce(max(num), 0), coalesce(sum(octet_length(token)), 0), count(hash) > 0, coalesce(max(hash), x'') FROM records` + atPlace},
		{writer, &s.dropRecord, `DELETE FROM records` + atPlace},
		{writer, &s.insertTombstone, `INSERT INTO records (vault, item, kind, version, epoch, revision, deleted) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`},
		{writer, &s.purgeTombstones, `DELETE FROM records WHERE num IN (SELECT num FROM records WHERE deleted <= ?1 LIMIT 16)`},
		{writer, &s.attachmentDeleted, `SELECT EXISTS (SELECT 1 FROM records WHERE vault = ?1 AND item = ?2 AND kind = ?3)`},

		{writer, &s.writerChunk, `SELECT a.count, coalesce(c.token, '') FROM attachments a
			LEFT JOIN chunks c ON c.attachment = a.num AND c.number = ?3 WHERE a.vault = ?1 AND a.id = ?2`},
		{writer, &s.chunkBytes, `SELECT coalesce(sum(bytes), 0) FROM attachments WHERE vault = ?1 AND deleted IS NULL`},
		{writer, &s.growAttachment, `INSERT INTO attachments (vault, id, count, stored, bytes, created, live) VALUES (?1, ?2, ?3, 1, ?4, ?5, 0)
			ON CONFLICT (vault, id) DO UPDATE SET stored = stored + 1, bytes = bytes + excluded.bytes`},
		{writer, &s.insertChunk, `INSERT INTO chunks (attachment, number, hash, token)
			SELECT num, ?3, ?4, ?5 FROM attachments WHERE vault = ?1 AND id = ?2`},
		{writer, &s.makeLive, `UPDATE attachments SET live = 1, deleted = NULL
			WHERE vault = ?1 AND id = ?2 AND count = ?3 AND stored = count AND (deleted IS NULL OR deleted > ?4)`},
		{writer, &s.dropPending, `DELETE FROM attachments WHERE vault = ?1 AND id = ?2 AND NOT live
			AND (deleted IS NULL OR deleted <= ?3)`},
		{writer, &s.hasAttachment, `SELECT EXISTS (SELECT 1 FROM attachments WHERE vault = ?1 AND id = ?2)`},
		{writer, &s.deleteAttachment, `UPDATE attachments SET live = 0, deleted = ?3 WHERE vault = ?1 AND id = ?2 RETURNING bytes`},
		{writer, &s.addEvent, `INSERT INTO events (` + eventColumns + `, expires)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
			ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, time = excluded.time, last = excluded.last, count = count + excluded.count,
			who = excluded.who, who_id = excluded.who_id, whom = excluded.whom, whom_id = excluded.whom_id, host = excluded.host,
			address = excluded.address, device = excluded.device, request = excluded.request, invitation = excluded.invitation,
			expires = excluded.expires`},
		{writer, &s.purgeEvents, `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE expires <= ?1 LIMIT 16)`},
		{writer, &s.insertChange, `INSERT INTO feed (vault, revision, sequence, members, ended) VALUES (?1, ?2, ?3, ?4, ?5)`},
		{writer, &s.purgeFeed, `DELETE FROM feed WHERE num <= (SELECT max(num) FROM feed) - ?1`},

		// All of this vault, so that they do not count, and one more.
		{writer, &s.purgePending, `DELETE FROM attachments WHERE NOT live AND deleted IS NULL AND created < ?1
			AND (vault = ?2 OR num = (SELECT num FROM attachments WHERE NOT live AND deleted IS NULL AND created < ?1 LIMIT 1))`},

		{writer, &s.keepToken, `INSERT INTO kept (vault, hash, item, kind, version, epoch, deleted, token)
			SELECT vault, hash, item, kind, version, epoch, ?2, token FROM records WHERE num = ?1`},
		{writer, &s.keptBytes, `SELECT coalesce(sum(bytes), 0) FROM kept_days WHERE vault = ?1 AND card = ?2 AND day >= ?3`},
		{writer, &s.keepBytes, `INSERT INTO kept_days (vault, card, day, bytes) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (vault, card, day) DO UPDATE SET bytes = bytes + excluded.bytes`},
		{writer, &s.purgeKept, `DELETE FROM kept WHERE num IN (SELECT num FROM kept WHERE deleted <= ?1 ORDER BY deleted LIMIT ?2)`},
		{writer, &s.purgeKeptDays, `DELETE FROM kept_days WHERE vault = ?1 AND day < ?2`},
		{writer, &s.purgeKeptAttachments, `DELETE FROM attachments
			WHERE deleted <= ?1 AND (vault = ?2 OR num = (SELECT num FROM attachments WHERE deleted <= ?1 LIMIT 1))`},
	}
}

// exec runs a prepared statement of the writer in tx and returns the number of affected rows.
func exec(ctx context.Context, tx *sql.Tx, stmt *sql.Stmt, args ...any) (int64, error) {
	r, err := tx.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
