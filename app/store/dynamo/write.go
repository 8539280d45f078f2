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

// A write that exceeds one of these goes through the redo log. An operation changes two rows: that of the record or the attachment,
// and that of the line.
const (
	maxSmallOperations = 40
	maxSmallTokens     = 1_500_000 // bytes
)

// changedRows is what a write changes besides the head and its own row.
type changedRows struct {
	rows    []stagedRow
	records int         // how many of the rows have the new revision
	usage   vault.Usage // added
	chunks  int64       // bytes of chunks added: those of deleted attachments, negative
	deleted []attachmentRow
}

// ApplyWrite implements vault.Store. It does not read the head: the transaction is conditional on it.
func (s *Store) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	large := isLarge(c)
	if large { // a conflict should not cost all segments
		if err := s.isAt(ctx, c.Base); err != nil {
			return err
		}
	}
	p, err := s.plan(ctx, c)
	if err != nil {
		return err
	}
	if large {
		err = s.applyLarge(ctx, c.Base.Vault, p.rows, func(mark *pending) error { return s.moveHead(ctx, c, p, mark) })
	} else {
		err = s.moveHead(ctx, c, p, nil, p.rows...)
	}
	if err != nil {
		return err
	}
	// The chunks are deleted after the write. If this fails, the next upload does it: see clearAttachments.
	for _, a := range p.deleted {
		_ = s.clearAttachment(ctx, a)
	}
	return nil
}

func isLarge(c vault.WriteChange) bool {
	size := 0
	for _, token := range c.Tokens {
		size += len(token)
	}
	return len(c.Operations) > maxSmallOperations || size > maxSmallTokens
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
	if c.Quota.Items > 0 && p.usage.Items > 0 {
		when = when.And(attribute("record_items").LessThanEqual(value(c.Quota.Items - p.usage.Items)))
	}
	if c.Quota.Bytes > 0 && p.usage.Bytes > 0 {
		when = when.And(attribute("record_bytes").LessThanEqual(value(room - p.usage.Bytes)))
	}
	if c.Quota.Branches > 0 && p.usage.Branches > 0 {
		when = when.And(attribute("branch_bytes").LessThanEqual(value(c.Quota.Branches - p.usage.Branches)))
	}
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
	if p.chunks != 0 {
		writes = append(writes, s.addChunks(id, p.chunks))
	}
	if c.Branch != nil {
		writes = append(writes, s.putBranch(id, c.Branch))
	}
	for _, r := range rows {
		writes = append(writes, r.write())
	}
	return headRefused(s.transact(ctx, writes...), c.Base, func(head headRow, r *refused) error {
		before := head.usage()
		after := vault.Usage{
			Items: before.Items + p.usage.Items, Bytes: before.Bytes + p.usage.Bytes, Branches: before.Branches + p.usage.Branches,
		}
		if err := c.Quota.Check(before, after, c.Replaces()); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, r)
	})
}

// planner builds a plan. Lines and attachments are those that the operations need, as stored. If they are newer than the head that the
// write is based on, the write is refused anyway.
type planner struct {
	changedRows
	store       *Store
	vault       string
	revision    int64
	lines       map[string]lineRow       // by row
	attachments map[string]attachmentRow // by ID
	next        map[string]stagedRow     // the rows of lines: one that is deleted and put is written once
	order       []string                 // of next
}

// plan returns what c changes. The refusals of operations mean something only at c.Base, so otherwise it returns why the head is not.
func (s *Store) plan(ctx context.Context, c vault.WriteChange) (changedRows, error) {
	p := planner{store: s, vault: c.Base.Vault.String(), revision: c.Next.State.Revision, next: map[string]stagedRow{}}
	err := p.load(ctx, c)
	if err == nil {
		err = p.run(c)
	}
	if err == nil {
		err = p.hold(ctx, c.Now)
	}
	if err != nil {
		if moved := s.isAt(ctx, c.Base); moved != nil {
			return changedRows{}, moved
		}
		return changedRows{}, err
	}
	if c.Branch != nil {
		p.usage.Branches = c.Branch.Size()
	}
	for _, row := range p.order {
		p.rows = append(p.rows, p.next[row])
	}
	return p.changedRows, nil
}

// load reads the lines that c deletes, and the attachments that it puts or deletes.
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
	lines, err := getAll[lineRow](ctx, p.store, p.store.table.Vaults, lineKeys, "")
	if err != nil {
		return err
	}
	attachments, err := getAll[attachmentRow](ctx, p.store, p.store.table.Passwords, attachmentKeys, "")
	if err != nil {
		return err
	}
	p.lines, p.attachments = make(map[string]lineRow, len(lines)), make(map[string]attachmentRow, len(attachments))
	for _, l := range lines {
		p.lines[l.Row] = l
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
	} else if err := p.record(o, encoded, token); err != nil {
		return err
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
func (p *planner) add(table string, row any) error {
	encoded, err := encode(row)
	p.rows = append(p.rows, stagedRow{table: table, row: encoded})
	p.records++
	return err
}

// recordID is the sort key of a sealed record.
func recordID(l chain.Line) string {
	return fmt.Sprintf("%s#%02x#%08x#%08x", l.ID, byte(l.Kind), l.Version, l.Epoch)
}

func (p *planner) record(o chain.Operation, encoded []byte, token string) error {
	row := recordRow{Vault: p.vault, RecordID: recordID(o.Line), Revision: p.revision, Token: token, Operation: encoded}
	if o.Delete {
		// The real clock, as DynamoDB uses it when it deletes the row.
		row.Deleted, row.TTL = true, ttl(time.Now().AddDate(0, 0, vault.TombstoneDays))
	}
	if o.Kind == chain.RecordOverview {
		return p.add(p.store.table.Accounts, row)
	}
	return p.add(p.store.table.Passwords, row)
}

func (p *planner) attachment(o chain.Operation, encoded []byte) error {
	row, ok := p.attachments[o.ID.String()]
	switch {
	case o.Delete && (!ok || !row.live()):
		return fmt.Errorf("%w: a deleted attachment is not live", vault.ErrInvalidChange)
	case !o.Delete && (!ok || !row.pending() || row.Chunks != row.Count || int64(row.Count) != int64(o.Version)):
		return fmt.Errorf("%w: a chunk of an attachment is missing", vault.ErrInvalidChange)
	}
	row.Revision, row.Operation, row.Deleted = p.revision, encoded, o.Delete
	if o.Delete {
		p.chunks -= row.Bytes
		p.deleted = append(p.deleted, row)
	}
	return p.add(p.store.table.Passwords, row)
}

// holdBefore is how long before the end of PendingLife a write renews an attachment that it puts. A write never takes that long.
const holdBefore = time.Hour

// hold keeps others from dropping the attachments that the write puts.
func (p *planner) hold(ctx context.Context, now time.Time) error {
	for _, r := range p.attachments {
		if !r.pending() || !r.expired(now.Add(holdBefore)) {
			continue
		}
		held := expression.Set(attribute("held"), value(now.UnixMilli()))
		err := p.store.transact(ctx, update(p.store.table.Passwords, attachmentKey(p.vault, r.ID), nil, held, r.unchanged()))
		var gone *refused
		if errors.As(err, &gone) {
			return fmt.Errorf("%w: an attachment was pending for too long", vault.ErrInvalidChange)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
