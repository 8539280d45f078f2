package sqlite

import "database/sql"

// vaultStatements are those of vaults of format 2.
type vaultStatements struct {
	// On the readers.
	head, account, lines, entries, write, operations, envelope, cards, records, weight, chunk, attachment, attachments *sql.Stmt
	// On the writer.
	lock, useID, insert, moveWrite, moveEntry, setKeys, updateAccount, insertCard, insertEntry, insertEnvelope, insertWrite,
	dropTombstone, put, liveRecord, deleteRecord, purgeTombstones, attachmentDeleted,
	writerChunk, chunkBytes, growAttachment, insertChunk, makeLive, deleteAttachment, purgePending *sql.Stmt
}

// headColumns are those that head.scan reads, of vaults v.
const headColumns = `v.num, v.id, v.items, v.record_bytes, v.count, v.state, v.buckets`

// packedLine is the part of a packed row that unpackLine reads.
const packedLine = `kind, version, epoch, hex(item), coalesce(hex(hash), '')`

const (
	// packedLines returns the live lines in a range of ids as one text.
	packedLines = `SELECT coalesce(group_concat(concat_ws(' ', ` + packedLine + `), char(10)), '') FROM vault_records
		WHERE vault = (SELECT num FROM vaults WHERE id = ?1) AND item BETWEEN ?2 AND ?3 AND hash IS NOT NULL`
	// packedVaultRecords does for vault_records what packedRecords does for records.
	packedVaultRecords = `SELECT count(*), coalesce(group_concat(
			concat_ws(' ', num, revision, ` + packedLine + `, coalesce(token, '')), char(10)), '')
		FROM (SELECT num, revision, kind, version, epoch, item, hash, token FROM vault_records
			WHERE vault = ?1 AND revision >= ?2 AND (revision > ?2 OR num > ?3) AND (?4 OR hash IS NOT NULL)
			ORDER BY revision, num LIMIT ?5)`
	attachmentsOf = `SELECT a.id, a.count, a.bytes, a.created, a.live, c.number, c.hash
		FROM vaults v JOIN vault_attachments a ON a.vault = v.num JOIN vault_chunks c ON c.attachment = a.num WHERE v.id = ?1`
	atPlace = ` WHERE vault = ?1 AND item = ?2 AND kind = ?3 AND version = ?4 AND epoch = ?5 `
)

func (s *vaultStatements) all(writer, reader *sql.DB) []preparation {
	return []preparation{
		{reader, &s.head, `SELECT ` + headColumns + ` FROM vaults v WHERE id = ?1`},
		{reader, &s.account, `SELECT ` + userColumns + `, ` + headColumns + ` FROM users u JOIN vaults v ON v.owner = u.num WHERE u.username = ?1`},
		{reader, &s.lines, packedLines},
		{reader, &s.entries, `SELECT e.entry FROM vaults v JOIN vault_entries e ON e.vault = v.num AND e.sequence > ?2
			WHERE v.id = ?1 ORDER BY e.sequence`},
		{reader, &s.write, `SELECT w.write FROM vaults v JOIN vault_writes w ON w.vault = v.num AND w.revision = ?2 WHERE v.id = ?1`},
		{reader, &s.operations, `SELECT w.operations FROM vaults v JOIN vault_writes w ON w.vault = v.num AND w.revision = ?2 WHERE v.id = ?1`},
		{reader, &s.envelope, `SELECT e.envelope FROM vaults v JOIN vault_envelopes e ON e.vault = v.num AND e.hash = ?2 WHERE v.id = ?1`},
		{reader, &s.cards, `SELECT c.card FROM users u JOIN cards c ON c.user = u.num WHERE u.id = ?1 ORDER BY c.generation`},
		{reader, &s.records, packedVaultRecords},
		{reader, &s.weight, `SELECT count(*), coalesce(sum(octet_length(token)), 0)
			FROM (SELECT token FROM vaults v JOIN vault_records r ON r.vault = v.num AND r.revision > ?2 WHERE v.id = ?1 LIMIT ?3)`},
		{reader, &s.chunk, `SELECT a.count, c.token FROM vaults v JOIN vault_attachments a ON a.vault = v.num AND a.id = ?2
			JOIN vault_chunks c ON c.attachment = a.num AND c.number = ?3 WHERE v.id = ?1`},
		{reader, &s.attachment, attachmentsOf + ` AND a.id = ?2`},
		{reader, &s.attachments, attachmentsOf + ` ORDER BY a.id`},

		{writer, &s.lock, `SELECT num, owner, revision, sequence, items, record_bytes FROM vaults WHERE id = ?1`},
		{writer, &s.useID, `INSERT INTO used_vault_ids (id) VALUES (?1) ON CONFLICT DO NOTHING`},
		{writer, &s.insert, `INSERT INTO vaults (id, owner, revision, sequence, items, record_bytes, count, state, buckets)
			VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?6, ?7)`},
		{writer, &s.moveWrite, `UPDATE vaults SET revision = ?2, items = ?3, record_bytes = ?4, count = ?5, state = ?6, buckets = ?7 WHERE num = ?1`},
		{writer, &s.moveEntry, `UPDATE vaults SET sequence = ?2, state = ?3 WHERE num = ?1`},
		{writer, &s.setKeys, `UPDATE users SET document = ?2, identity = ?3, wraps = ?4 WHERE num = ?1`},
		{writer, &s.updateAccount, `UPDATE users SET auth_hash = ?2, recovery_auth_hash = ?3, totp_secret = ?4, totp_last_step = ?5,
			generation = generation + 1 WHERE num = ?1`},
		{writer, &s.insertCard, `INSERT INTO cards (user, generation, card) VALUES (?1, ?2, ?3)`},
		{writer, &s.insertEntry, `INSERT INTO vault_entries (vault, sequence, entry) VALUES (?1, ?2, ?3)`},
		{writer, &s.insertEnvelope, `INSERT INTO vault_envelopes (vault, hash, envelope) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING`},
		{writer, &s.insertWrite, `INSERT INTO vault_writes (vault, revision, write, operations) VALUES (?1, ?2, ?3, ?4)`},

		// A new row is at the end of the table, where its revision belongs.
		{writer, &s.dropTombstone, `DELETE FROM vault_records` + atPlace + `AND hash IS NULL`},
		{writer, &s.put, `INSERT INTO vault_records (vault, item, kind, version, epoch, revision, hash, token)
			SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM vault_records` + atPlace + `)`},
		{writer, &s.liveRecord, `SELECT num, coalesce(octet_length(token), 0) FROM vault_records` + atPlace + `AND hash = ?6`},
		{writer, &s.deleteRecord, `UPDATE vault_records SET hash = NULL, token = NULL, revision = ?2, deleted = ?3 WHERE num = ?1`},
		{writer, &s.purgeTombstones, `DELETE FROM vault_records WHERE num IN (SELECT num FROM vault_records WHERE deleted <= ?1 LIMIT 16)`},
		{writer, &s.attachmentDeleted, `SELECT EXISTS (SELECT 1 FROM vault_records WHERE vault = ?1 AND item = ?2 AND kind = ?3)`},

		{writer, &s.writerChunk, `SELECT a.count, coalesce(c.token, '') FROM vault_attachments a
			LEFT JOIN vault_chunks c ON c.attachment = a.num AND c.number = ?3 WHERE a.vault = ?1 AND a.id = ?2`},
		{writer, &s.chunkBytes, `SELECT coalesce(sum(bytes), 0) FROM vault_attachments WHERE vault = ?1`},
		{writer, &s.growAttachment, `INSERT INTO vault_attachments (vault, id, count, stored, bytes, created, live) VALUES (?1, ?2, ?3, 1, ?4, ?5, 0)
			ON CONFLICT (vault, id) DO UPDATE SET stored = stored + 1, bytes = bytes + excluded.bytes`},
		{writer, &s.insertChunk, `INSERT INTO vault_chunks (attachment, number, hash, token)
			SELECT num, ?3, ?4, ?5 FROM vault_attachments WHERE vault = ?1 AND id = ?2`},
		{writer, &s.makeLive, `UPDATE vault_attachments SET live = 1 WHERE vault = ?1 AND id = ?2 AND count = ?3 AND stored = count`},
		{writer, &s.deleteAttachment, `DELETE FROM vault_attachments WHERE vault = ?1 AND id = ?2`},
		// All of this vault, so that they do not count, and one more.
		{writer, &s.purgePending, `DELETE FROM vault_attachments WHERE NOT live AND created < ?1
			AND (vault = ?2 OR num = (SELECT num FROM vault_attachments WHERE NOT live AND created < ?1 LIMIT 1))`},
	}
}
