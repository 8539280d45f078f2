package replica

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Log is the history of a vault as far as a device needs it. The replica's is verified. One that Follow returned is verified against the
// state that the device remembers; without one it is only a vault that is consistent in itself, until the caller has compared it with
// the identity of its user.
type Log struct {
	State    chain.State
	Head     *chain.Write   // the newest write; nil before the first, or if it must still be asked for: see Headless
	Entries  []*chain.Entry // all, the first first
	Cards    *chain.Cards
	Envelope []byte // of this user in the newest entry
	// Joint is the write that brought the branch of this device and the history of the server together, if the last answer had one. The
	// caller shows its author and what differs: a write can claim to merge a branch and drop its changes.
	Joint *chain.Write

	cards []*chain.Card        // the same as Cards, as a list
	known map[int64]chain.Hash // writes of the history that the last answer named, by revision
}

var signedEncoding = base64.RawURLEncoding.Strict()

// encodeSigned returns a signed object as on the wire.
func encodeSigned(object []byte) protocol.Signed { return signedEncoding.EncodeToString(object) }

func encodeHash(h chain.Hash) protocol.Hash { return signedEncoding.EncodeToString(h[:]) }

// Headless reports whether the newest write must still be asked for: the state names its hash, but no answer had it. AddHead adds it.
func (l *Log) Headless() bool { return l.Head == nil && l.State.Revision > 0 }

// AddHead takes the newest write from an answer.
func (l *Log) AddHead(a *Answer) error {
	for _, text := range a.Writes {
		w, err := parseWrite(text)
		if err == nil && w.Revision == l.State.Revision && w.Hash() == l.State.Write {
			l.Head = w
			return nil
		}
	}
	return &RolledBackError{Seen: l.State.Revision, Got: l.State.Revision}
}

// Commitment returns the commitment of an epoch, and false if the log has no such epoch.
func (l *Log) Commitment(epoch uint32) (chain.Hash, bool) {
	i, found := slices.BinarySearchFunc(l.Entries, epoch, func(e *chain.Entry, epoch uint32) int { return int(e.Epoch) - int(epoch) })
	if !found {
		return chain.Hash{}, false
	}
	return l.Entries[i].Commitment, true
}

// At returns the hash of the write at a revision. It returns false if the last answer did not name it: see AtIn.
func (l *Log) At(revision int64) (chain.Hash, bool) {
	if revision == l.State.Revision {
		return l.State.Write, true
	}
	h, ok := l.known[revision]
	return h, ok
}

// AtIn is At with an answer that leads from the newest write down to the revision. It returns a *RolledBackError if it does not.
func (l *Log) AtIn(a *Answer, revision int64) (chain.Hash, error) {
	_, path, err := a.objects()
	if err != nil {
		return chain.Hash{}, err
	}
	h, err := l.State.At(revision, path)
	if err != nil {
		return chain.Hash{}, &RolledBackError{Seen: l.State.Revision, Got: a.Revision, Err: err}
	}
	return h, nil
}

// Base returns the state from which the next answer must go on: the replica's, or a newer one that another tab or process of this
// device has verified. seen is what the device remembers; the zero State if there is nothing.
func (v *Replica) Base(seen chain.State) chain.State {
	held := v.log.State
	if held.Entry == nil || seen.Entry != nil && (seen.Revision > held.Revision || seen.Entry.Sequence > held.Entry.Sequence) {
		return seen
	}
	return held
}

// After returns the sequence number of the newest entry that the replica holds, −1 for none: an answer has the entries above it.
func (v *Replica) After() int64 { return int64(len(v.log.Entries)) - 1 }

// Joined returns one answer of two, of which the second begins where the first, with VaultLog.More, ends.
func (a *Answer) Joined(next *Answer) *Answer {
	out := *next
	out.Entries, out.Cards = slices.Concat(a.Entries, next.Entries), slices.Concat(a.Cards, next.Cards)
	return &out
}

// Along returns an empty replica of the same vault that holds a log which Follow returned, so that a further answer can go on from there.
func (v *Replica) Along(log *Log) *Replica {
	next := New(v.User, v.Vault)
	next.prefix, next.log = v.prefix, log
	return next
}

// Follow returns the log after an answer, which began above After and at the revision of Base. It changes nothing. It returns a
// *RolledBackError if the answer does not go on from what this device has seen, and an *AlteredError if it breaks a rule.
func (v *Replica) Follow(a *Answer, seen chain.State) (*Log, error) {
	base := v.Base(seen)
	if e := base.Entry; e != nil && a.Sequence == e.Sequence && a.Entry != encodeHash(e.Hash()) {
		// The rest of the answer need not show it: it has no entry up to the known one, and perhaps no new write.
		cause := &chain.Error{Kind: chain.KindEntry, Number: e.Sequence, Err: fmt.Errorf("%w: another entry is known", chain.ErrFork)}
		return nil, &RolledBackError{Seen: base.Revision, Got: a.Revision, Err: cause}
	}
	next, err := v.follow(a, seen)
	if err != nil {
		return nil, err
	}
	s := next.State
	if a.Revision != s.Revision || a.Head != encodeHash(s.Write) || a.Sequence != s.Entry.Sequence || a.Entry != encodeHash(s.Entry.Hash()) {
		return nil, Altered(Found(bridge.Finding{Code: bridge.LogBroken, Got: s.Revision}, "the server names another state of the vault than it shows"))
	}
	return next, nil
}

// follow is Follow without what the answer says of the newest entry.
func (v *Replica) follow(a *Answer, seen chain.State) (*Log, error) {
	entries, writes, err := a.objects()
	if err != nil {
		return nil, err
	}
	next, err := v.log.with(a)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(v.log.Entries, entries)
	if len(all) == 0 {
		return nil, Altered(Found(bridge.Finding{Code: bridge.LogBroken}, "the vault has no log"))
	}
	base, genesis := v.Base(seen), all[0].Hash()
	if a.Branch != nil && base.Entry == nil {
		return nil, Altered(Found(bridge.Finding{Code: bridge.LogBroken}, "the answer has a branch, although this device named none"))
	}
	if a.Branch != nil {
		return v.rejoin(next, a, base, all, writes)
	}
	if base.Entry == nil {
		if next.State, err = chain.Whole(genesis, nil, all, writes, next.Cards); err != nil {
			return nil, broken(err)
		}
	} else if next.State, err = goOn(base, a, all, writes, next.Cards); err != nil {
		return nil, err
	}
	if err := next.adopt(v.Vault, all, a); err != nil {
		return nil, err
	}
	next.setHead(writes)
	return next, nil
}

// goOn returns the state after an answer to a device that knows an earlier one.
func goOn(base chain.State, a *Answer, all []*chain.Entry, writes []*chain.Write, cards *chain.Cards) (chain.State, error) {
	if a.Revision < base.Revision || a.Sequence < base.Entry.Sequence || a.Revision == base.Revision && a.Head != encodeHash(base.Write) {
		return chain.State{}, &RolledBackError{Seen: base.Revision, Got: a.Revision}
	}
	next, err := chain.Whole(base.Genesis, &base, all, writes, cards)
	switch {
	case err == nil:
		return next, nil
	case errors.Is(err, chain.ErrFork), errors.Is(err, chain.ErrPredecessor), errors.Is(err, chain.ErrVault):
		return chain.State{}, &RolledBackError{Seen: base.Revision, Got: a.Revision, Err: err}
	default:
		return chain.State{}, broken(err)
	}
}

// adopt takes the entries of a log whose state is verified.
func (l *Log) adopt(vault chain.ID, all []*chain.Entry, a *Answer) (err error) {
	if l.State.Entry.Vault != vault {
		return Altered(Found(bridge.Finding{Code: bridge.OtherVault}, "the server shows another vault"))
	}
	l.Entries = all
	if len(a.Entries) > 0 {
		if l.Envelope, err = signedEncoding.DecodeString(a.Envelope); err != nil {
			return Altered(Found(bridge.Finding{Code: bridge.LogBroken}, "the envelope is malformed"))
		}
	}
	return nil
}

// rejoin is Follow for an answer to a device whose branch was brought together with the history of the server.
func (v *Replica) rejoin(next *Log, a *Answer, base chain.State, all []*chain.Entry, writes []*chain.Write) (*Log, error) {
	if n := len(a.Branch.Writes); n > protocol.MaxBranchWrites {
		return nil, &RolledBackError{Seen: base.Revision, Got: a.Revision, Err: fmt.Errorf("%w: a branch of %d writes", chain.ErrFork, n)}
	}
	b := chain.Branches{Common: a.Branch.Common, Joint: a.Branch.Join, Main: writes}
	for _, text := range a.Branch.Writes {
		w, err := parseWrite(text)
		if err != nil {
			return nil, err
		}
		b.Branch = append(b.Branch, w)
	}
	var err error
	if next.State, next.Joint, err = chain.Rejoined(all[0].Hash(), base, all, b, next.Cards); err != nil {
		return nil, &RolledBackError{Seen: base.Revision, Got: a.Revision, Err: err}
	}
	if err := next.adopt(v.Vault, all, a); err != nil {
		return nil, err
	}
	next.setHead(writes)
	return next, nil
}

// AuthorOf returns the username on the card under which a verified write was signed. It returns the id if the card is missing.
func (l *Log) AuthorOf(w *chain.Write) string { return l.nameOn(w.AuthorCard, w.Author) }

func (l *Log) nameOn(card chain.Hash, user chain.ID) string {
	if c := l.Cards.Get(card); c != nil && c.User == user {
		return c.Username
	}
	return user.String()
}

// broken is an error for a log or a write that breaks a rule.
func broken(err error) error {
	f := bridge.Finding{Code: bridge.LogBroken}
	var at *chain.Error
	if errors.As(err, &at) {
		f.Got = at.Number
	}
	return &AlteredError{Problems: []error{Found(f, "the history breaks a rule: %v", err)}, Err: err}
}

// setHead finds the newest write in a path, or keeps the present one if it still is the newest.
func (l *Log) setHead(path []*chain.Write) {
	l.known = map[int64]chain.Hash{}
	for _, w := range path {
		l.known[w.Revision], l.known[w.Revision-1], l.known[chain.SkipRevision(w.Revision)] = w.Hash(), w.Previous, w.Skip
	}
	switch {
	case len(path) > 0:
		l.Head = path[0]
	case l.Head != nil && l.Head.Hash() != l.State.Write:
		l.Head = nil
	}
}

// with returns a copy that has the cards of an answer too.
func (l *Log) with(a *Answer) (*Log, error) {
	next := &Log{Head: l.Head, Envelope: l.Envelope, Cards: l.Cards.Clone(), cards: slices.Clone(l.cards)}
	for _, text := range a.Cards {
		b, err := signedEncoding.DecodeString(text)
		if err != nil {
			return nil, malformed("card")
		}
		c, err := chain.ParseCard(b)
		if err != nil {
			return nil, broken(err)
		}
		if next.Cards.Get(c.Hash()) != nil {
			continue
		}
		if err := next.Cards.Add(c); err != nil {
			return nil, broken(err)
		}
		next.cards = append(next.cards, c)
	}
	return next, nil
}

// objects parses the entries and writes of an answer.
func (a *Answer) objects() (entries []*chain.Entry, writes []*chain.Write, err error) {
	for _, text := range a.Entries {
		b, err := signedEncoding.DecodeString(text)
		if err != nil {
			return nil, nil, malformed("log entry")
		}
		e, err := chain.ParseEntry(b)
		if err != nil {
			return nil, nil, broken(err)
		}
		entries = append(entries, e)
	}
	for _, text := range a.Writes {
		w, err := parseWrite(text)
		if err != nil {
			return nil, nil, err
		}
		writes = append(writes, w)
	}
	return entries, writes, nil
}

// ParseWrite reads a write as on the wire.
func ParseWrite(text protocol.Signed) (*chain.Write, error) { return parseWrite(text) }

func parseWrite(text protocol.Signed) (*chain.Write, error) {
	b, err := signedEncoding.DecodeString(text)
	if err != nil {
		return nil, malformed("write")
	}
	w, err := chain.ParseWrite(b)
	if err != nil {
		return nil, broken(err)
	}
	return w, nil
}

func malformed(what string) error {
	return Altered(Found(bridge.Finding{Code: bridge.LogBroken}, "a %s is malformed", what))
}

// open returns the keys of all epochs that the log carries to the user of identity.
func (l *Log) open(identity *seal.Identity, held map[uint32]seal.EpochKey) (map[uint32]seal.EpochKey, error) {
	newest := l.State.Entry
	keys := map[uint32]seal.EpochKey{}
	for epoch, key := range held {
		if want, ok := l.Commitment(epoch); ok && key.Commitment(newest.Vault, epoch) == want {
			keys[epoch] = key
		}
	}
	if _, known := keys[newest.Epoch]; !known {
		key, err := l.openEnvelope(identity)
		if err != nil {
			return nil, &AlteredError{Problems: []error{unopened(err)}, Err: err}
		}
		keys[newest.Epoch] = key
	}
	l.carry(keys)
	return keys, nil
}

// carry adds the keys that follow from keys, because log entries carry them.
func (l *Log) carry(keys map[uint32]seal.EpochKey) {
	for _, e := range slices.Backward(l.Entries) {
		key, known := keys[e.Epoch]
		if e.PreviousKeys == "" || !known {
			continue
		}
		// Keys that do not fit are left out: the records of their epoch are then unreadable, and say so.
		previous, _ := key.OpenPrevious(e.Vault, e.Epoch, e.PreviousKeys, l.Commitment)
		for _, p := range previous {
			keys[p.Epoch] = p.Key
		}
	}
}
