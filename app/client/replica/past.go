package replica

import (
	"bytes"
	"errors"
	"slices"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Step is a write of the history, with what it did.
type Step struct {
	*chain.Write
	Operations []chain.Operation
	// Unproven says why nobody may be named as the author; nil: the author signed the write, and was allowed to.
	Unproven error

	prefix string // of the names of the items
}

// Block collects the writes from one revision to another. The server may give them in several answers. Nothing of it is verified: see
// Past.
type Block struct {
	From, To int64
	steps    []Step // ascending
	cards    []*chain.Card
}

// Next returns the first revision that is missing, and false if none is.
func (b *Block) Next() (int64, bool) {
	next := b.From + int64(len(b.steps))
	return next, next <= b.To
}

var errHistory = errors.New("an answer about the history is malformed")

// maxHistoryCards bounds the cards of an answer: each takes a trial encapsulation to parse.
const maxHistoryCards = 2000

// Add takes an answer that begins at Next.
func (b *Block) Add(h protocol.VaultHistory) error {
	next, _ := b.Next()
	if len(h.Writes) == 0 {
		return Altered(Found(bridge.Finding{Code: bridge.LogBroken, Got: next}, "write %d is missing from the history", next))
	}
	if len(h.Operations) != len(h.Writes) || int64(len(h.Writes)) > b.To-next+1 || len(h.Cards) > maxHistoryCards {
		return broken(errHistory)
	}
	for i, text := range h.Writes {
		w, err := parseWrite(text)
		if err != nil {
			return err
		}
		encoded, err := signedEncoding.DecodeString(h.Operations[i])
		if err != nil {
			return malformed("list of operations")
		}
		ops, err := chain.ParseOperations(encoded)
		if err != nil {
			return broken(err)
		}
		b.steps = append(b.steps, Step{Write: w, Operations: ops})
	}
	for _, text := range h.Cards {
		encoded, err := signedEncoding.DecodeString(text)
		if err != nil {
			return malformed("card")
		}
		c, err := chain.ParseCard(encoded)
		if err != nil {
			return broken(err)
		}
		b.cards = append(b.cards, c)
	}
	return nil
}

// Past reads the verified history of a replica backwards. The replica must not change meanwhile.
type Past struct {
	v     *Replica
	past  *chain.Past
	cards *chain.Cards          // of members, by the rosters of the log
	known map[chain.Hash]bool   // hashes of the cards in the rosters
	seen  map[chain.Line]uint32 // the highest version of the writes undone; the line has only kind and id
}

// Past begins at the newest verified write.
func (v *Replica) Past() (*Past, error) {
	p := &Past{v: v, past: v.log.State.Past(v.log.Entries, v.live), cards: &chain.Cards{}, known: map[chain.Hash]bool{}, seen: map[chain.Line]uint32{}}
	for _, e := range v.log.Entries {
		for _, m := range e.Roster {
			p.known[m.Card] = true
		}
	}
	return p, p.learn(v.log.cards)
}

// learn takes the cards that are in a roster of the verified log. No other counts.
func (p *Past) learn(cards []*chain.Card) error {
	for _, c := range cards {
		if p.known[c.Hash()] && p.cards.Get(c.Hash()) == nil {
			if err := p.cards.Add(c); err != nil {
				return broken(err)
			}
		}
	}
	return nil
}

// Revision returns the revision down to which writes were undone.
func (p *Past) Revision() int64 { return p.past.Revision() }

// Undo undoes the writes of a complete block that ends at Revision, down to a revision. It calls each for every write, the newest first.
// If the block has the write of that revision too, that confirms what was live then, and Undo returns it; otherwise it returns nil.
func (p *Past) Undo(b *Block, to int64, each func(Step)) (*Step, error) {
	if err := p.learn(b.cards); err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(b.steps) {
		if s.Revision == to {
			return p.confirm(s)
		}
		var err error
		if s.Unproven, err = p.past.Undo(s.Write, s.Operations, p.cards); err != nil {
			return nil, broken(err)
		}
		for _, o := range s.Operations {
			at := chain.Line{Kind: o.Kind, ID: o.ID}
			p.seen[at] = max(p.seen[at], o.Version)
		}
		s.prefix = p.v.prefix
		each(s)
	}
	return nil, nil
}

func (p *Past) confirm(s Step) (*Step, error) {
	var err error
	if s.Unproven, err = p.past.Check(s.Write, s.Operations, p.cards); err != nil {
		return nil, broken(err)
	}
	s.prefix = p.v.prefix
	return &s, nil
}

// Author returns the username in the card of the author of a write or log entry; empty if the card is not known.
func (p *Past) Author(card chain.Hash) string {
	if c := p.cards.Get(card); c != nil {
		return c.Username
	}
	return ""
}

// Did is what a write did with an item.
type Did struct {
	ID            string // the item's name: see Replica.Name
	Item          chain.ID
	Puts, Deletes int // of overviews and details
	same          int // puts of a version that the write deletes
	first         bool
}

// First reports whether the write put the first version of the item's overview.
func (d Did) First() bool { return d.first }

// Resealed reports whether the item only got new seals.
func (d Did) Resealed() bool { return d.same > 0 && d.same == d.Puts && d.same == d.Deletes }

// Items returns what the write did with each item, in the order of their ids.
func (s Step) Items() []Did {
	at := map[chain.ID]*Did{}
	deleted := map[chain.Line]bool{}
	var ids []chain.ID
	for _, o := range s.Operations { // of one place, the older epoch comes first: a delete
		if o.Kind != chain.RecordOverview && o.Kind != chain.RecordDetails {
			continue
		}
		if at[o.ID] == nil {
			at[o.ID] = &Did{ID: s.prefix + o.ID.String(), Item: o.ID}
			ids = append(ids, o.ID)
		}
		place := chain.Line{Kind: o.Kind, ID: o.ID, Version: o.Version}
		switch {
		case o.Delete:
			at[o.ID].Deletes++
			deleted[place] = true
		default:
			at[o.ID].Puts++
			at[o.ID].first = at[o.ID].first || o.Kind == chain.RecordOverview && o.Version == 1
			if deleted[place] {
				at[o.ID].same++
			}
		}
	}
	sort.Slice(ids, func(i, j int) bool { return bytes.Compare(ids[i][:], ids[j][:]) < 0 })
	out := make([]Did, len(ids))
	for i, id := range ids {
		out[i] = *at[id]
	}
	return out
}

// OpenOverview opens an overview that was replaced or deleted.
func (p *Past) OpenOverview(l chain.Line, tokens *Tokens) (item.Item, error) {
	plaintext, err := p.open(l, tokens)
	if err != nil {
		return item.Item{}, err
	}
	it, err := item.ParseOverview(plaintext)
	it.ID = p.v.Name(l.ID)
	return it, err
}
