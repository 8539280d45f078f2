package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A write that exceeds one of these goes through the redo log. An operation changes the row of the record or the attachment, and that of the
// line. A delete moves the token besides.
const (
	maxSmallOperations = 40
	maxSmallRows       = 94        // a transaction has 100 rows: with head, write, sizes, day, branch and change of the feed
	maxSmallTokens     = 1_500_000 // bytes, of puts and of what is kept
)

// changedRows is what a write changes besides the head and its own row.
type changedRows struct {
	rows    []stagedRow
	records int         // how many of the rows have the new revision
	usage   vault.Usage // added
	chunks  int64       // bytes of chunks added: those of deleted attachments, negative
	days    *keptDays   // nil if nothing is kept
}

// ApplyWrite implements vault.Store. It does not read the head: the transaction is conditional on it.
func (s *Store) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	p, large, err := s.plan(ctx, c)
	if err != nil {
		return err
	}
	if large {
		return s.applyLarge(ctx, c.Base.Vault, p.rows, func(mark *pending) error { return s.moveHead(ctx, c, p, mark) })
	}
	return s.moveHead(ctx, c, p, nil, p.rows...)
}

// moveHead commits a write: it advances the head from c.Base to c.Next. The row of the write is part of the transaction, so the newest
// write is always readable.
func (s *Store) moveHead(ctx context.Context, c vault.WriteChange, p changedRows, mark *pending, rows ...stagedRow) error {
	id := c.Base.Vault.String()
	next := writeStateOf(c.Next)
	next.HeadRecords, next.Pending = p.records, mark
	when, room := headAt(c.Base), c.Quota.Bytes
	if c.Replaces() {
		room += c.Quota.Bytes / 16
	}
	when = stays(when, "record_items", c.Quota.Items, p.usage.Items)
	when = stays(when, "record_bytes", room, p.usage.Bytes)
	when = stays(when, "branch_bytes", c.Quota.Branches, p.usage.Branches)
	head := struct {
		entryState
		writeState
	}{entryStateOf(c.Next), next}
	writes := []write{
		update(s.table.Vaults, headKey(c.Base.Vault), head, expression.
			Add(attribute("record_items"), value(p.usage.Items)).Add(attribute("record_bytes"), value(p.usage.Bytes)).
			Add(attribute("branch_bytes"), value(p.usage.Branches)), when),
		put(s.table.Vaults, signedRow{
			Partition: id, Row: writeID(next.Revision), Encoded: c.Write.Encode(), Operations: chain.EncodeOperations(c.Operations),
		}),
	}
	chunks := -1 // the index of the row with the size of all chunks
	if p.chunks != 0 {
		chunks = len(writes)
		writes = append(writes, s.addChunks(id, p.chunks, chunkRoom(c.Attachments, p.chunks)...))
	}
	if p.days != nil {
		writes = append(writes, put(s.table.Vaults, *p.days))
	}
	if c.Branch != nil {
		writes = append(writes, s.putBranch(id, c.Branch))
	}
	for _, r := range rows {
		writes = append(writes, r.write())
	}
	writes = append(writes, appends(c.Next.Moved()))
	return headRefused(s.transact(ctx, writes...), c.Base, func(head headRow, r *refused) error {
		before := head.usage()
		after := vault.Usage{
			Items: before.Items + p.usage.Items, Bytes: before.Bytes + p.usage.Bytes, Branches: before.Branches + p.usage.Branches,
		}
		if err := c.Quota.Check(before, after, c.Replaces()); err != nil {
			return err
		}
		if _, full := r.at(chunks); full {
			return vault.ErrQuotaReached
		}
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, r)
	})
}

// chunkRoom is the condition that attachments that are put again fit their quota.
func chunkRoom(quota, added int64) []condition {
	if added <= 0 {
		return nil
	}
	return []condition{attribute("attachment_bytes").LessThanEqual(value(quota - added))}
}

// planner builds a plan. Lines, attachments and days are those that the operations need, as stored. If they are newer than the head that
// the write is based on, the write is refused anyway.
type planner struct {
	changedRows
	store       *Store
	vault       string
	revision    int64
	now         time.Time
	lines       map[string]lineRow       // by row
	attachments map[string]attachmentRow // by ID
	counted     keptDays                 // of the author's card
	kept        int64                    // bytes added
	tokens      int                      // bytes of tokens that are put or moved
	next        map[string]stagedRow     // the rows of lines: one that is deleted and put is written once
	order       []string                 // of next
}

// plan returns what c changes, and whether it goes through the redo log. The refusals of operations mean something only at c.Base, so
// otherwise it returns why the head is not.
func (s *Store) plan(ctx context.Context, c vault.WriteChange) (_ changedRows, large bool, err error) {
	p := planner{store: s, vault: c.Base.Vault.String(), revision: c.Next.State.Revision, now: c.Now, next: map[string]stagedRow{}}
	if large, err = p.build(ctx, c); err != nil || large { // a conflict should not cost all segments
		if moved := s.isAt(ctx, c.Base); moved != nil {
			return changedRows{}, false, moved
		}
	}
	return p.changedRows, large, err
}

func (p *planner) build(ctx context.Context, c vault.WriteChange) (large bool, err error) {
	if err := p.load(ctx, c); err != nil {
		return false, err
	}
	if err := p.run(c); err != nil {
		return false, err
	}
	if p.days, err = p.counted.add(c.Now, c.Kept, p.kept); err != nil {
		return false, err
	}
	if err := p.hold(ctx); err != nil {
		return false, err
	}
	if c.Branch != nil {
		p.usage.Branches = c.Branch.Size()
	}
	for _, row := range p.order {
		p.rows = append(p.rows, p.next[row])
	}
	rows := len(p.rows)
	for _, r := range p.rows {
		if r.keeps != nil {
			rows++
		}
	}
	if len(c.Operations) > maxSmallOperations || rows > maxSmallRows || p.tokens > maxSmallTokens {
		return true, nil
	}
	p.rows, err = p.store.withTokens(ctx, p.rows)
	return false, err
}

// load reads the lines that c deletes, the attachments that it puts or deletes, and what the author's card keeps.
func (p *planner) load(ctx context.Context, c vault.WriteChange) error {
	var lineKeys, attachmentKeys []item
	seen := map[string]bool{}
	for _, o := range c.Operations {
		if o.Delete {
			lineKeys = append(lineKeys, vaultKey(p.vault, lineID(o.Line)))
		}
		if id := o.ID.String(); o.Kind == chain.Attachment && !seen[id] {
			seen[id] = true
			attachmentKeys = append(attachmentKeys, attachmentKey(p.vault, id))
		}
	}
	p.counted = keptDays{Vault: p.vault, Row: keptDaysID(c.Write.AuthorCard)}
	if len(lineKeys) > 0 {
		lineKeys = append(lineKeys, vaultKey(p.vault, p.counted.Row))
	}
	lines, err := getAll[struct {
		lineRow
		Days map[string]int64 `dynamodbav:"days"`
	}](ctx, p.store, p.store.table.Vaults, lineKeys, "")
	if err != nil {
		return err
	}
	attachments, err := getAll[attachmentRow](ctx, p.store, p.store.table.Passwords, attachmentKeys, "")
	if err != nil {
		return err
	}
	p.lines, p.attachments = make(map[string]lineRow, len(lines)), make(map[string]attachmentRow, len(attachments))
	for _, l := range lines {
		if l.Row == p.counted.Row {
			p.counted.Days = l.Days
			continue
		}
		p.lines[l.Row] = l.lineRow
	}
	for _, a := range attachments {
		p.attachments[a.ID] = a
	}
	return nil
}

func (p *planner) run(c vault.WriteChange) error {
	tokens := c.Tokens
	for _, o := range c.Operations {
		token := ""
		if !o.Delete && o.Kind.Sealed() {
			if len(tokens) == 0 {
				return fmt.Errorf("%w: a token is missing", vault.ErrInvalidChange)
			}
			token, tokens = tokens[0], tokens[1:]
			p.tokens += len(token)
		}
		if err := p.operation(o, token); err != nil {
			return err
		}
	}
	if len(tokens) > 0 {
		return fmt.Errorf("%w: %d tokens too many", vault.ErrInvalidChange, len(tokens))
	}
	return nil
}

func (p *planner) operation(o chain.Operation, token string) error {
	encoded := chain.EncodeOperations([]chain.Operation{o})
	size := int64(len(token)) + vault.RecordWeight
	line := lineID(o.Line)
	if o.Delete {
		live, ok := p.lines[line]
		if put, err := operationOf(live.Operation); !ok || err != nil || put.Line != o.Line {
			return fmt.Errorf("%w: a deleted line is not live", vault.ErrInvalidChange)
		}
		size = -live.Size
	}
	if o.Kind == chain.Attachment {
		size = 0
		if err := p.attachment(o, encoded); err != nil {
			return err
		}
	} else {
		if o.Delete && vault.Keeps(o.Kind) {
			p.kept -= size
			p.tokens -= int(size)
		}
		if err := p.record(o, encoded, token); err != nil {
			return err
		}
	}
	p.usage.Bytes += size
	if o.Kind == chain.RecordOverview {
		p.usage.Items += map[bool]int64{true: -1, false: 1}[o.Delete]
	}
	return p.line(o, line, lineRow{Vault: p.vault, Row: line, Operation: encoded, Size: size})
}

// line notes the row of a line. Operations are in order, so the delete of a place comes before a put in a newer epoch.
func (p *planner) line(o chain.Operation, id string, row lineRow) error {
	if _, ok := p.next[id]; !ok {
		p.order = append(p.order, id)
	}
	if o.Delete {
		p.next[id] = stagedRow{table: p.store.table.Vaults, row: vaultKey(p.vault, id), gone: true}
		return nil
	}
	encoded, err := encode(row)
	p.next[id] = stagedRow{table: p.store.table.Vaults, row: encoded}
	return err
}

// add notes a row with the new revision.
func (p *planner) add(table string, row any, keeps *keptRow) error {
	encoded, err := encode(row)
	p.rows = append(p.rows, stagedRow{table: table, row: encoded, keeps: keeps})
	p.records++
	return err
}

// recordID is the sort key of a sealed record.
func recordID(l chain.Line) string {
	return fmt.Sprintf("%s#%02x#%08x#%08x", l.ID, byte(l.Kind), l.Version, l.Epoch)
}

func (p *planner) record(o chain.Operation, encoded []byte, token string) error {
	row := recordRow{Vault: p.vault, RecordID: recordID(o.Line), Revision: p.revision, Token: token, Operation: encoded}
	var keeps *keptRow
	if o.Delete {
		// The real clock, as DynamoDB uses it when it deletes the row.
		row.Deleted, row.TTL = true, ttl(time.Now().AddDate(0, 0, vault.TombstoneDays))
		if vault.Keeps(o.Kind) {
			keeps = p.keep(o.Line)
		}
	}
	return p.add(p.store.recordTable(o.Kind), row, keeps)
}

func (p *planner) attachment(o chain.Operation, encoded []byte) error {
	row, ok := p.attachments[o.ID.String()]
	whole := row.Chunks == row.Count && int64(row.Count) == int64(o.Version)
	switch {
	case o.Delete && (!ok || !row.live()):
		return fmt.Errorf("%w: a deleted attachment is not live", vault.ErrInvalidChange)
	case !o.Delete && (!ok || !whole || !row.pending() && !row.keptAt(p.now)):
		return fmt.Errorf("%w: a chunk of an attachment is missing", vault.ErrInvalidChange)
	case o.Delete:
		p.chunks -= row.Bytes
		p.kept += row.Bytes
		row.DeletedAt = p.now.UnixMilli()
	case row.Deleted:
		p.chunks += row.Bytes
		row.DeletedAt = 0
	}
	row.Revision, row.Operation, row.Deleted = p.revision, encoded, o.Delete
	return p.add(p.store.table.Passwords, row, nil)
}

// holdBefore is how long before the end of PendingLife or KeptLife a write renews an attachment that it puts. A write never takes that long.
const holdBefore = time.Hour

// hold keeps others from dropping the attachments that the write puts.
func (p *planner) hold(ctx context.Context) error {
	for _, r := range p.attachments {
		if r.live() || !r.expired(p.now.Add(holdBefore)) {
			continue
		}
		held := expression.Set(attribute("held"), value(p.now.UnixMilli()))
		err := p.store.transact(ctx, update(p.store.table.Passwords, attachmentKey(p.vault, r.ID), nil, held, r.unchanged()))
		var gone *refused
		if errors.As(err, &gone) {
			return fmt.Errorf("%w: an attachment was pending or kept for too long", vault.ErrInvalidChange)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stays adds the condition that an attribute of the head, which grows by so much, stays below a quota. One that does not grow may stay above.
func stays(when condition, name string, quota, grows int64) condition {
	if quota <= 0 || grows <= 0 {
		return when
	}
	return when.And(attribute(name).LessThanEqual(value(quota - grows)))
}
