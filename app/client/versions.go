package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// ItemVersion is a state of an item in the history of the vault.
type ItemVersion struct {
	Revision  int64     `json:"revision"` // of the write that made it
	Time      time.Time `json:"time"`     // by the author's clock
	Author    string    `json:"author"`   // username; empty: nobody is proven to have signed it
	Change    Changed   `json:"change"`
	Title     string    `json:"title"`     // empty if not Available
	Fields    []string  `json:"fields"`    // that the write changed, as item.Differences names them; empty if that is unknown
	Available bool      `json:"available"` // the contents are still there
}

// ItemHistory has the states of an item, the newest first.
type ItemHistory struct {
	Versions []ItemVersion `json:"versions"`
	More     bool          `json:"more"` // there may be older ones
}

// maxVersions bounds the states of an item that are opened.
const maxVersions = 100

// Versions returns the states that an item had, also one that was deleted permanently.
func (c *Client) Versions(ctx context.Context, id string) (ItemHistory, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return ItemHistory{}, err
	}
	defer op.end()
	v, err := op.loadedWith(id)
	if err != nil {
		return ItemHistory{}, err
	}
	at, err := v.ParseName(id)
	if err != nil {
		return ItemHistory{}, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	p, err := op.pastOf(v)
	if err != nil {
		return ItemHistory{}, err
	}
	h := versions{id: at, past: p, state: p.Former(at)}
	floor := max(0, v.Revision()-maxPast)
	if err := op.undo(v, p, floor, h.step); err != nil {
		return ItemHistory{}, err
	}
	out := ItemHistory{Versions: []ItemVersion{}, More: !h.begun && (floor > 0 || p.Revision() > 0)}
	if len(h.steps) == 0 {
		return out, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	tokens, err := op.tokens(v, h.missing())
	if err != nil {
		return out, err
	}
	out.Versions = h.opened(tokens)
	return out, nil
}

// versions collects the states of one item while writes are undone.
type versions struct {
	id    chain.ID
	past  *replica.Past
	state *replica.Former // at the revision of the past
	begun bool            // the write that made the item was undone

	steps []replica.Step
	after []*replica.Former // the state after each step
}

func (h *versions) step(s replica.Step) bool {
	for _, did := range s.Items() {
		if did.Item != h.id {
			continue
		}
		after := h.state
		h.state = h.past.Former(h.id)
		if did.Resealed() {
			continue
		}
		h.steps, h.after = append(h.steps, s), append(h.after, after)
		// An item that was restored after its deletion goes on with higher versions.
		h.begun = !h.state.Existed() && did.First()
	}
	return !h.begun && len(h.steps) < maxVersions
}

func (h *versions) missing() []chain.Line {
	var lines []chain.Line
	for _, f := range slices.Concat(h.after, []*replica.Former{h.state}) {
		lines = append(lines, h.past.Newest(f)...)
	}
	return lines
}

func (h *versions) opened(tokens *replica.Tokens) []ItemVersion {
	out := make([]ItemVersion, len(h.steps))
	states := slices.Concat(h.after, []*replica.Former{h.state})
	before, err := h.past.Open(h.state, tokens)
	for i := len(h.steps) - 1; i >= 0; i-- {
		s, known := h.steps[i], err == nil
		var after item.Item
		after, err = h.past.Open(states[i], tokens)
		out[i] = ItemVersion{Revision: s.Revision, Time: timeOf(s.Time), Author: authorOf(h.past, s), Change: ItemChanged, Fields: []string{},
			Available: err == nil, Title: after.Title}
		switch {
		case !states[i].Existed():
			out[i].Change = ItemDeleted
		case !states[i+1].Existed():
			out[i].Change = ItemAdded
		case known && err == nil:
			out[i].Fields = after.Differences(before)
		}
		before = after
	}
	return out
}

// DeletedItem is an item that was deleted permanently, and that the server still keeps.
type DeletedItem struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Subtitle string    `json:"subtitle"`
	Type     item.Type `json:"type"`
	Revision int64     `json:"revision"` // the last one that has the item
	Time     time.Time `json:"time"`     // of the deletion, by its author's clock
	Author   string    `json:"author"`   // of the deletion; empty: nobody is proven to have signed it
}

// Deleted returns the items that were deleted permanently and can come back, the newest deletion first.
func (c *Client) Deleted(ctx context.Context) ([]DeletedItem, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, p, err := op.past()
	if err != nil {
		return nil, err
	}
	var gone []DeletedItem
	var formers []*replica.Former
	found := map[string]bool{}
	err = op.undo(v, p, max(0, v.Revision()-maxPast), func(s replica.Step) bool {
		for _, did := range s.Items() {
			if did.Puts > 0 || found[did.ID] || v.Verified(did.ID) != nil {
				continue
			}
			found[did.ID] = true
			gone = append(gone, DeletedItem{ID: did.ID, Revision: s.Revision - 1, Time: timeOf(s.Time), Author: authorOf(p, s)})
			formers = append(formers, p.Former(did.Item))
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	out := []DeletedItem{}
	for len(gone) > 0 {
		n := min(len(gone), protocol.MaxHistoryTokens)
		named, err := op.named(v, p, gone[:n], formers[:n])
		if err != nil || len(named) == 0 { // the rest is older
			return out, err
		}
		out, gone, formers = append(out, named...), gone[n:], formers[n:]
	}
	return out, nil
}

// named returns those of the deleted items that the server still keeps.
func (op *operation) named(v *vault, p *replica.Past, gone []DeletedItem, formers []*replica.Former) ([]DeletedItem, error) {
	var ask []chain.Line
	for _, f := range formers {
		ask = append(ask, p.NewestOverview(f)...)
	}
	tokens, err := op.tokens(v, ask)
	if err != nil {
		return nil, err
	}
	var out []DeletedItem
	for i, d := range gone {
		it, err := p.Overview(formers[i], tokens)
		if err != nil {
			continue
		}
		d.Title, d.Subtitle, d.Type = it.Title, it.Username, it.Type
		out = append(out, d)
	}
	return out, nil
}
