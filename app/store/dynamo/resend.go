package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Resend implements vault.Store. It goes through the redo log: rows of any number become visible with the head.
func (s *Store) Resend(ctx context.Context, c vault.ResendChange) error {
	if err := s.isAt(ctx, c.Base); err != nil { // a conflict should not cost all segments
		return err
	}
	p, err := s.planResend(ctx, c)
	if err != nil {
		return err
	}
	return s.applyLarge(ctx, c.Base.Vault, p.rows, func(mark *pending) error { return s.moveTo(ctx, c, p, mark) })
}

// planResend returns the rows that c changes. As in plan, what it refuses means something only at c.Base.
func (s *Store) planResend(ctx context.Context, c vault.ResendChange) (changedRows, error) {
	p := planner{store: s, vault: c.Base.Vault.String(), now: c.Now, next: map[string]stagedRow{}}
	touched := vault.WriteChange{Write: &chain.Write{}}
	seen := map[string]bool{}
	for _, r := range c.Records {
		if id := lineID(r.Line); !seen[id] {
			seen[id] = true
			o := r.Operation
			o.Delete = true // load reads the lines of deletes
			touched.Operations = append(touched.Operations, o)
		}
	}
	err := p.load(ctx, touched)
	if err == nil {
		err = p.resend(ctx, c)
	}
	if err == nil {
		err = p.hold(ctx)
	}
	if err != nil {
		if moved := s.isAt(ctx, c.Base); moved != nil {
			return changedRows{}, moved
		}
		return changedRows{}, err
	}
	for _, row := range p.order {
		p.rows = append(p.rows, p.next[row])
	}
	return p.changedRows, nil
}

// resend notes the rows of the newest operations, and those that are kept forever.
func (p *planner) resend(ctx context.Context, c vault.ResendChange) error {
	// Deletes come first: a place of a newer epoch, or an attachment with another number of chunks, has the same row.
	kept := map[chain.Hash]int64{}
	for _, deletes := range []bool{true, false} {
		for _, r := range c.Records {
			if r.Delete != deletes {
				continue
			}
			p.kept = 0
			if err := p.resent(r, c.Next.State.Revision); err != nil {
				return err
			}
			if p.kept > 0 {
				kept[c.Card(r)] += p.kept
			}
		}
	}
	if err := p.keepDays(ctx, c, kept); err != nil {
		return err
	}
	signed := func(row string, encoded, operations []byte) error {
		staged, err := encode(signedRow{Partition: p.vault, Row: row, Encoded: encoded, Operations: operations})
		p.rows = append(p.rows, stagedRow{table: p.store.table.Vaults, row: staged})
		return err
	}
	var errs []error
	for i, w := range c.Writes {
		errs = append(errs, signed(writeID(w.Revision), w.Encode(), chain.EncodeOperations(c.Operations[i])))
	}
	for _, e := range c.Entries {
		errs = append(errs, signed(entryID(e.Sequence), e.Encode(), nil))
	}
	for hash, envelope := range c.Envelopes {
		errs = append(errs, signed(envelopeID(hash), envelope, nil))
	}
	return errors.Join(errs...)
}

// keepDays notes the rows of what each author's card keeps after the part.
func (p *planner) keepDays(ctx context.Context, c vault.ResendChange, kept map[chain.Hash]int64) error {
	var keys []item
	for card := range kept {
		keys = append(keys, vaultKey(p.vault, keptDaysID(card)))
	}
	rows, err := getAll[keptDays](ctx, p.store, p.store.table.Vaults, keys, "")
	if err != nil {
		return err
	}
	for card, bytes := range kept {
		days := keptDays{Vault: p.vault, Row: keptDaysID(card)}
		if i := slices.IndexFunc(rows, func(r keptDays) bool { return r.Row == days.Row }); i >= 0 {
			days = rows[i]
		}
		next, err := days.add(c.Now, c.Kept, bytes)
		if err != nil {
			return err
		}
		staged, err := encode(next)
		if err != nil {
			return err
		}
		p.rows = append(p.rows, stagedRow{table: p.store.table.Vaults, row: staged})
	}
	return nil
}

// resent notes the rows of the newest operation at a place.
func (p *planner) resent(r vault.ResentRecord, head int64) error {
	before := p.records
	p.revision = r.Revision
	encoded := chain.EncodeOperations([]chain.Operation{r.Operation})
	if r.Kind == chain.Attachment {
		if err := p.resentAttachment(r, encoded); err != nil {
			return err
		}
	} else if err := p.resentRecord(r, encoded); err != nil {
		return err
	}
	if r.Revision != head {
		p.records = before // the head counts the rows of its revision only
	}
	id := lineID(r.Line)
	if live, ok := p.lines[id]; ok { // once, though several places may have this row
		p.usage.Bytes -= live.Size
		p.usage.Items -= items(r.Kind)
		delete(p.lines, id)
	}
	row := lineRow{Vault: p.vault, Row: id, Operation: encoded}
	if !r.Delete {
		if r.Kind.Sealed() {
			row.Size = int64(len(r.Token)) + vault.RecordWeight
		}
		p.usage.Bytes += row.Size
		p.usage.Items += items(r.Kind)
	}
	return p.line(r.Operation, id, row)
}

func items(k chain.RecordKind) int64 { return map[bool]int64{true: 1}[k == chain.RecordOverview] }

// resentRecord notes the row of a sealed record, and keeps the token that it replaces.
func (p *planner) resentRecord(r vault.ResentRecord, encoded []byte) error {
	keeps, err := p.replaced(r)
	if err != nil {
		return err
	}
	row := recordRow{Vault: p.vault, RecordID: recordID(r.Line), Revision: p.revision, Token: r.Token, Operation: encoded}
	if r.Delete {
		row.Deleted, row.TTL = true, ttl(time.Now().AddDate(0, 0, vault.TombstoneDays))
	}
	return p.add(p.store.recordTable(r.Kind), row, keeps)
}

// replaced returns the row of the token that the newest operation replaces or deletes; nil if there is none to keep.
func (p *planner) replaced(r vault.ResentRecord) (*keptRow, error) {
	live, ok := p.lines[lineID(r.Line)]
	if !ok || !vault.Keeps(r.Kind) {
		return nil, nil
	}
	put, err := operationOf(live.Operation)
	if err != nil || recordID(put.Line) != recordID(r.Line) || !r.Delete && put.Hash == r.Hash {
		return nil, err
	}
	p.kept += live.Size
	return p.keep(put.Line), nil
}

// resentAttachment notes the row of an attachment, which may be live without chunks.
func (p *planner) resentAttachment(r vault.ResentRecord, encoded []byte) error {
	id := r.ID.String()
	row, ok := p.attachments[id]
	if !ok {
		row = attachmentRow{Uploaded: time.Now().UnixMilli()}
	}
	switch {
	case r.Lost && (row.live() && !row.lost() || row.keptAt(p.now)):
		return fmt.Errorf("%w: a lost attachment has chunks", vault.ErrInvalidChange)
	case r.Lost:
		if row.pending() {
			p.chunks -= row.Bytes
		}
		row.Count, row.Chunks, row.Bytes, row.Hashes, row.DeletedAt = int(r.Version), 0, 0, nil, 0
	case r.Delete && !ok:
		row.Count, row.TTL = int(r.Version), ttl(time.Now().AddDate(0, 0, vault.TombstoneDays))
	case r.Delete:
		if !row.Deleted {
			p.chunks -= row.Bytes
			p.kept += row.Bytes
			row.DeletedAt = p.now.UnixMilli() // the chunks stay for vault.KeptLife
		}
	case !ok || row.gone(p.now) || row.Chunks != row.Count || int64(row.Count) != int64(r.Version):
		return fmt.Errorf("%w: a chunk of an attachment is missing", vault.ErrInvalidChange)
	case row.Deleted:
		p.chunks += row.Bytes
		row.DeletedAt = 0
	}
	row.Vault, row.RecordID, row.ID = p.vault, attachmentPrefix+id, id
	row.Revision, row.Operation, row.Deleted = r.Revision, encoded, r.Delete
	p.attachments[id] = row
	staged, err := encode(row)
	if _, twice := p.next[row.RecordID]; !twice {
		p.order = append(p.order, row.RecordID)
		p.records++
	}
	p.next[row.RecordID] = stagedRow{table: p.store.table.Passwords, row: staged}
	return err
}

// moveTo commits a part of the history: it advances the head from c.Base to c.Next, and changes the account.
func (s *Store) moveTo(ctx context.Context, c vault.ResendChange, p changedRows, mark *pending) error {
	id := c.Base.Vault
	next := writeStateOf(c.Next)
	next.HeadRecords, next.Pending = p.records, mark
	var head any = struct {
		entryState
		writeState
	}{entryStateOf(c.Next), next}
	if len(c.Writes) == 0 { // the records of the newest revision stay
		head = struct {
			entryState
			Pending *pending `dynamodbav:"pending"`
		}{entryStateOf(c.Next), mark}
	}
	when := stays(stays(headAt(c.Base), "record_items", c.Quota.Items, p.usage.Items), "record_bytes", c.Quota.Bytes, p.usage.Bytes)
	writes := []write{update(s.table.Vaults, headKey(id), head, expression.
		Add(attribute("record_items"), value(p.usage.Items)).Add(attribute("record_bytes"), value(p.usage.Bytes)), when)}
	if c.Account != nil {
		writes = append(writes, s.replaceAccount(id, c.Account.User))
		for _, card := range c.Cards {
			writes = append(writes, s.putSigned(string(c.Account.User.ID), cardID(card.Generation), card.Encode()))
		}
	}
	chunks := -1
	if p.chunks != 0 {
		chunks = len(writes)
		writes = append(writes, s.addChunks(id.String(), p.chunks, chunkRoom(c.Attachments, p.chunks)...))
	}
	writes = append(writes, appends(c.Next.Moved()))
	return headRefused(s.transact(ctx, writes...), c.Base, func(head headRow, r *refused) error {
		before := vault.Usage{Items: head.Items, Bytes: head.Bytes}
		after := vault.Usage{Items: before.Items + p.usage.Items, Bytes: before.Bytes + p.usage.Bytes}
		if head.Vault != "" {
			if err := c.Quota.Check(before, after, false); err != nil {
				return err
			}
		}
		if _, full := r.at(chunks); full {
			return vault.ErrQuotaReached
		}
		return accountRefused(r, c.Account, id)
	})
}
