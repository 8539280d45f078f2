package client

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// The history of a vault is read from the server and believed as far as the newest verified write vouches for it. Contents that were
// replaced or deleted stay on the server for 30 days.

const (
	// maxHistoryAnswer bounds an answer with writes, in bytes: each may have MaxOperationsBytes.
	maxHistoryAnswer = 48 << 20
	// maxPast is how many writes a search for an item looks through. It goes by their number, because an author chooses the time of a
	// write.
	maxPast = 5000
)

var (
	// ErrNoRevision: the vault has not had this revision.
	ErrNoRevision = errors.New("the vault has no such revision")
	// ErrHistoryAltered: what the server says about the past does not lead to the verified present, which is not affected.
	ErrHistoryAltered = errors.New("the server's history of the vault does not fit what was signed")
	// ErrUnproven: nobody is proven to have signed the write of this revision.
	ErrUnproven = errors.New("the write of this revision is not signed by a member of the vault")
)

// past begins to read the history of the vault, which was synced just now.
func (op *operation) past() (*vault, *replica.Past, error) {
	v, err := op.opened()
	if err != nil {
		return nil, nil, err
	}
	p, err := op.pastOf(v)
	return v, p, err
}

// pastOf is past for any vault.
func (op *operation) pastOf(v *vault) (*replica.Past, error) {
	if _, err := op.sync(v); err != nil {
		return nil, err
	}
	return v.Past()
}

func pastError(err error) error { return fmt.Errorf("%w: %w", ErrHistoryAltered, err) }

// fetchHistory gets the writes from one revision to another. The server may give them in several answers. take must refuse one without
// writes.
func (op *operation) fetchHistory(v *vault, from, to int64, take func(protocol.VaultHistory) error) error {
	for from <= to {
		var h protocol.VaultHistory
		path := fmt.Sprintf("%s?from=%d&to=%d", vaultPath(v, protocol.PathVaultHistory), from, to)
		if err := op.callWithin(methodGet, path, nil, &h, maxHistoryAnswer); err != nil {
			return err
		}
		if err := take(h); err != nil {
			return err
		}
		from += int64(len(h.Writes))
	}
	return nil
}

// block gets the writes from one revision to another, for a Past.
func (op *operation) block(v *vault, from, to int64) (*replica.Block, error) {
	b := &replica.Block{From: from, To: to}
	return b, op.fetchHistory(v, from, to, func(h protocol.VaultHistory) error {
		if err := b.Add(h); err != nil {
			return pastError(err)
		}
		return nil
	})
}

// undo reads the writes down to a revision, the newest first, until each returns false.
func (op *operation) undo(v *vault, p *replica.Past, to int64, each func(replica.Step) bool) error {
	more := true
	for more && p.Revision() > to {
		b, err := op.block(v, max(to+1, p.Revision()-protocol.MaxHistoryWrites+1), p.Revision())
		if err != nil {
			return err
		}
		if _, err := p.Undo(b, 0, func(s replica.Step) { more = more && each(s) }); err != nil {
			return pastError(err)
		}
	}
	return nil
}

// goBack undoes all writes above a revision, and checks what was live then against the root of its write, which its author signed. It
// returns that write; nil for revision 0.
func (op *operation) goBack(v *vault, p *replica.Past, to int64, each func(replica.Step)) (*replica.Step, error) {
	if to < 0 || to > p.Revision() {
		return nil, fmt.Errorf("%w: %d; the newest is %d", ErrNoRevision, to, p.Revision())
	}
	var last *replica.Step
	for last == nil && (to > 0 || p.Revision() > 0) {
		b, err := op.block(v, max(to, 1, p.Revision()-protocol.MaxHistoryWrites+1), p.Revision())
		if err != nil {
			return nil, err
		}
		if last, err = p.Undo(b, to, each); err != nil {
			return nil, pastError(err)
		}
	}
	if last != nil && last.Unproven != nil {
		return nil, fmt.Errorf("%w: %d: %w", ErrUnproven, to, last.Unproven)
	}
	return last, nil
}

// Digest returns the hash of the write of a revision, 0 for the first entry of the log, and the newest verified revision. Two people who
// see the same digest at a revision that both have were shown the same history up to there.
func (c *Client) Digest(ctx context.Context, revision int64) (digest chain.Hash, newest int64, err error) {
	op, err := c.begin(ctx)
	if err != nil {
		return digest, 0, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return digest, 0, err
	}
	if _, err := op.sync(v); err != nil {
		return digest, 0, err
	}
	newest = v.Revision()
	if revision < 0 || revision > newest {
		return digest, newest, fmt.Errorf("%w: %d; the newest is %d", ErrNoRevision, revision, newest)
	}
	answer, _, err := op.ask(v, newest, v.After(), chain.State{Revision: revision})
	if err != nil {
		return digest, newest, err
	}
	if digest, err = v.Log().AtIn(answer, revision); err != nil {
		return digest, newest, pastError(err)
	}
	return digest, newest, nil
}

// LogLine is a write of the vault or an entry of its log.
type LogLine struct {
	Revision int64     `json:"revision"`        // of the write, or of the newest write before the entry
	Digest   string    `json:"digest"`          // hash of the write or entry, in hex
	Time     time.Time `json:"time"`            // by the author's clock
	Author   string    `json:"author"`          // username; empty: nobody is proven to have signed it
	Entry    string    `json:"entry,omitempty"` // what the entry does; empty for a write
	Items    []LogItem `json:"items"`
	// Resealed is the number of records that a write only sealed under a newer key.
	Resealed int `json:"resealed,omitempty"`
	// Branch is the digest of the newest write of another history, if this write brought it together with the vault's. What it has of it is
	// among Items.
	Branch string `json:"branch,omitempty"`
}

// LogItem says what a write did with an item.
type LogItem struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"` // as the device knows it; empty: unknown
	Change Changed `json:"change"`
}

// Changed is a kind of change of an item.
type Changed string

const (
	ItemAdded   Changed = "added"
	ItemChanged Changed = "changed"
	ItemDeleted Changed = "deleted"
)

// Log returns the newest writes of the vault with the entries of its log, the newest first, and whether there are older ones. limit counts
// writes.
func (c *Client) Log(ctx context.Context, limit int) (lines []LogLine, more bool, err error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, false, err
	}
	defer op.end()
	v, p, err := op.past()
	if err != nil {
		return nil, false, err
	}
	to := max(0, v.Revision()-int64(limit))
	entries := v.Log().Entries
	above := func(revision int64) { // the entries that were signed at this revision
		for n := len(entries); n > 0 && entries[n-1].Revision >= revision; n = len(entries) {
			lines = append(lines, entryLines(p, entries[n-1])...)
			entries = entries[:n-1]
		}
	}
	deleted := map[string]chain.Line{}
	err = op.undo(v, p, to, func(s replica.Step) bool {
		above(s.Revision)
		line := writeLine(p, s)
		for i := range line.Items {
			line.Items[i].Title = v.title(line.Items[i].ID)
		}
		for _, o := range s.Operations {
			if _, newer := deleted[v.Name(o.ID)]; o.Delete && o.Kind == chain.RecordOverview && !newer {
				deleted[v.Name(o.ID)] = o.Line
			}
		}
		lines = append(lines, line)
		return true
	})
	if err != nil {
		return nil, false, err
	}
	if to == 0 {
		above(0)
	}
	return lines, to > 0, op.nameDeleted(v, p, lines, deleted)
}

// title returns the title of an item as shown; empty if it is not there.
func (v *vault) title(id string) string {
	if e := v.Shown(id); e != nil {
		return e.Overview.Title
	}
	return ""
}

// nameDeleted names items that are no longer there, as far as the server still keeps their overviews.
func (op *operation) nameDeleted(v *vault, p *replica.Past, lines []LogLine, overviews map[string]chain.Line) error {
	unnamed := map[string]bool{}
	var ask []chain.Line
	untitled(lines, func(it *LogItem) {
		if l, ok := overviews[it.ID]; ok && !unnamed[it.ID] {
			unnamed[it.ID] = true
			ask = append(ask, l)
		}
	})
	tokens, err := op.tokens(v, ask)
	if err != nil {
		return err
	}
	titles := map[string]string{}
	for _, l := range ask {
		if it, err := p.OpenOverview(l, tokens); err == nil {
			titles[it.ID] = it.Title
		}
	}
	untitled(lines, func(it *LogItem) { it.Title = titles[it.ID] })
	return nil
}

func untitled(lines []LogLine, each func(*LogItem)) {
	for i := range lines {
		for j := range lines[i].Items {
			if it := &lines[i].Items[j]; it.Title == "" {
				each(it)
			}
		}
	}
}

// tokens gets the tokens of records that were replaced or deleted.
func (op *operation) tokens(v *vault, lines []chain.Line) (*replica.Tokens, error) {
	tokens := &replica.Tokens{}
	for len(lines) > 0 {
		some := lines[:min(len(lines), protocol.MaxHistoryTokens)]
		var answer protocol.TokensAnswer
		limit := int64(len(some))*(protocol.MaxTokenBytes+8) + maxAnswer
		if err := op.callWithin(methodPost, vaultPath(v, protocol.PathVaultTokens), replica.Ask(some), &answer, limit); err != nil {
			return nil, err
		}
		if err := tokens.Add(some, answer); err != nil {
			return nil, pastError(err)
		}
		lines = lines[len(some):]
	}
	return tokens, nil
}

// opNames are the words for what a log entry does.
var opNames = map[chain.Op]string{
	chain.OpCreate: "create", chain.OpAdd: "add", chain.OpRemove: "remove", chain.OpLeave: "leave", chain.OpRole: "role",
	chain.OpRecard: "recard", chain.OpRotate: "rotate", chain.OpPolicy: "policy", chain.OpClose: "close", chain.OpAccount: "account",
}

// entryLines returns no line for the first account entry, which belongs to the creation of the vault.
func entryLines(p *replica.Past, e *chain.Entry) []LogLine {
	if e.Op == chain.OpAccount && e.Sequence == 1 {
		return nil
	}
	return []LogLine{{Revision: e.Revision, Digest: e.Hash().String(), Time: timeOf(e.Time), Author: p.Author(e.AuthorCard), Entry: opNames[e.Op], Items: []LogItem{}}}
}

func writeLine(p *replica.Past, s replica.Step) LogLine {
	line := LogLine{Revision: s.Revision, Digest: s.Hash().String(), Time: timeOf(s.Time), Author: authorOf(p, s), Items: []LogItem{}}
	if s.Branch != (chain.Hash{}) {
		line.Branch = s.Branch.String()
	}
	for _, did := range s.Items() {
		switch {
		case did.Resealed():
			line.Resealed += did.Puts
		case did.Puts == 0:
			line.Items = append(line.Items, LogItem{ID: did.ID, Change: ItemDeleted})
		case did.Deletes == 0:
			line.Items = append(line.Items, LogItem{ID: did.ID, Change: ItemAdded})
		default:
			line.Items = append(line.Items, LogItem{ID: did.ID, Change: ItemChanged})
		}
	}
	return line
}

// authorOf returns the username of a write's author, and nothing for one who is not proven.
func authorOf(p *replica.Past, s replica.Step) string {
	if s.Unproven != nil {
		return ""
	}
	return p.Author(s.AuthorCard)
}

// timeOf returns a time that an author chose, within the bounds of what can be shown.
func timeOf(millis int64) time.Time {
	t := time.UnixMilli(min(millis, math.MaxInt64/int64(time.Millisecond))).UTC()
	if t.After(item.LatestTime) {
		return item.LatestTime
	}
	return t
}
