package testvault

import (
	"maps"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Vault is a vault as a member's device holds it, with its whole history.
type Vault struct {
	ID         chain.ID
	Owner      *Person              // of a personal vault; of a shared one, who signs: see By
	Members    map[chain.ID]*Person // of a shared vault, also former ones
	Known      *chain.Cards         // theirs
	Epochs     []seal.EpochKey      // of epoch 1, 2, 3 …
	Keys       vault.Keys           // what the newest account entry signs
	State      chain.State
	Live       *chain.Live
	Tokens     map[chain.Line]string // of the live records
	AllTokens  map[chain.Line]string // of all records that ever were
	Entries    []*chain.Entry
	Writes     []*chain.Write
	Operations [][]chain.Operation // of Writes
	Branches   []*vault.Branch     // that were brought together with it
	Envelope   []byte              // of the newest entry
}

// Found creates the vault of a new user.
func (p *Person) Found() (*Vault, vault.Founding) { return p.FoundAs(seal.NewID()) }

// FoundAs does what Found does, with an id that may be in use.
func (p *Person) FoundAs(id chain.ID) (*Vault, vault.Founding) {
	v := &Vault{
		ID: id, Owner: p, Known: knownCards(p.Cards), Epochs: []seal.EpochKey{seal.NewEpochKey()}, Tokens: map[chain.Line]string{}, AllTokens: map[chain.Line]string{},
	}
	v.Live = chain.NewLive(v.ID)
	envelope := must(v.Epochs[0].SealEnvelope(v.ID, 1, p.Card()))
	create := &chain.Entry{
		Vault: v.ID, Type: chain.Personal, Op: chain.OpCreate, Author: p.ID, AuthorCard: p.Card().Hash(), Time: 1, Epoch: 1,
		Commitment: v.Epochs[0].Commitment(v.ID, 1),
		Roster: []chain.Member{{
			User: p.ID, Card: p.Card().Hash(), Role: chain.Owner, Envelope: chain.HashOf(chain.HashEnvelope, envelope),
		}},
	}
	create.Sign(p.keys().Signing)
	v.State = must(chain.Begin(create, v.Known))
	v.Entries, v.Envelope = []*chain.Entry{create}, envelope
	account := v.DraftAccount(Renewal{})
	v.Follow(account)
	return v, vault.Founding{Card: p.Card(), Entries: [2]*chain.Entry{create, account.Entry}, Envelope: envelope, Head: v.Head()}
}

func knownCards(cards []*chain.Card) *chain.Cards {
	known := &chain.Cards{}
	for _, c := range cards {
		check(known.Add(c))
	}
	return known
}

// User returns the user as a store creates it.
func (v *Vault) User() vault.User {
	return vault.User{Username: vault.Username(v.Owner.Username), ID: vault.UserID(v.Owner.ID.String()), Keys: v.Keys}
}

// Head returns the head without Usage.
func (v *Vault) Head() vault.Head {
	return vault.Head{Vault: v.ID, State: v.State, Buckets: v.Live.Hashes(), Count: v.Live.Count()}
}

// epoch returns the key of the newest epoch.
func (v *Vault) epoch() seal.EpochKey { return v.Epochs[len(v.Epochs)-1] }

// Operation is an operation with the token of what it puts, if that is a sealed record.
type Operation struct {
	chain.Operation
	Token string
}

// Put seals content as a record under the key of the newest epoch.
func (v *Vault) Put(kind chain.RecordKind, item chain.ID, version uint32, content string) Operation {
	p := seal.RecordPlace{Vault: v.ID, Epoch: v.State.Entry.Epoch, Item: item, Kind: kind, Version: version}
	return v.PutToken(kind, item, version, must(v.epoch().Seal(p, seal.Record{Content: []byte(content)})))
}

// PutToken puts any text, sealed or not.
func (v *Vault) PutToken(kind chain.RecordKind, item chain.ID, version uint32, token string) Operation {
	return Operation{chain.Operation{Line: chain.Line{
		Kind: kind, ID: item, Version: version, Epoch: v.State.Entry.Epoch, Hash: chain.HashOf(chain.HashToken, []byte(token)),
	}}, token}
}

// Attach puts an attachment with these chunks.
func Attach(id chain.ID, chunks []vault.Chunk) Operation {
	var hashes []chain.Hash
	for _, c := range chunks {
		hashes = append(hashes, chain.HashOf(chain.HashChunk, []byte(c.Token)))
	}
	count := uint32(len(chunks)) // #nosec G115 -- at most protocol.MaxChunks
	return Operation{Operation: chain.Operation{Line: chain.Line{Kind: chain.Attachment, ID: id, Version: count, Hash: chain.HashAttachment(hashes)}}}
}

// Chunks seals contents as the chunks of a new attachment.
func Chunks(contents ...string) []vault.Chunk {
	key, id := seal.NewAttachmentKey(), seal.NewID()
	chunks := make([]vault.Chunk, len(contents))
	for i, content := range contents {
		place := seal.Chunk{Attachment: id, Number: uint32(i + 1), Count: uint32(len(contents))} // #nosec G115 -- at most protocol.MaxChunks
		chunks[i] = vault.Chunk{Attachment: id, Number: i + 1, Count: len(contents), Token: must(key.Seal(place, []byte(content)))}
	}
	return chunks
}

// Delete deletes what another operation put.
func Delete(o Operation) Operation {
	o.Delete, o.Token = true, ""
	return o
}

// Write is the next write of a vault, signed, and the live lines after it.
type Write struct {
	vault.WriteChange
	live   chain.Live
	branch []chain.BranchWrite
}

// Draft returns the next write. The vault stays as it is: see Apply.
func (v *Vault) Draft(ops ...Operation) Write { return v.draftWrite(chain.Hash{}, ops) }

// Fork returns a copy of the vault that goes on separately.
func (v *Vault) Fork() *Vault {
	f, owner := *v, *v.Owner
	f.Owner, f.Live, f.Tokens = &owner, v.Live.Clone(), maps.Clone(v.Tokens)
	f.Entries, f.Writes, f.Operations = slices.Clone(v.Entries), slices.Clone(v.Writes), slices.Clone(v.Operations)
	f.Branches = slices.Clone(v.Branches)
	return &f
}

// DraftJoin returns the next write, which brings the history of other together with that of v.
func (v *Vault) DraftJoin(other *Vault, ops ...Operation) Write {
	d := v.draftWrite(other.State.Write, ops)
	common := 0
	for common < len(v.Writes) && common < len(other.Writes) && v.Writes[common].Hash() == other.Writes[common].Hash() {
		common++
	}
	d.Branch = &vault.Branch{Common: int64(common), Join: d.Write.Revision, Writes: other.Writes[common:]}
	for i, w := range other.Writes[common:] {
		d.branch = append(d.branch, chain.BranchWrite{Write: w, Operations: other.Operations[common+i]})
	}
	return d
}

func (v *Vault) draftWrite(branch chain.Hash, ops []Operation) Write {
	ops = slices.Clone(ops)
	tokens := make(map[chain.Line]string, len(ops))
	d := Write{WriteChange: vault.WriteChange{Base: v.Head()}, live: *v.Live} // chain.Live replaces the maps that it changes
	for _, o := range ops {
		d.Operations = append(d.Operations, o.Operation)
		tokens[o.Line] = o.Token
	}
	chain.SortOperations(d.Operations)
	for _, o := range d.Operations {
		if !o.Delete && o.Kind.Sealed() {
			d.Tokens = append(d.Tokens, tokens[o.Line])
		}
	}
	after := d.live
	check(after.Apply(d.Operations))
	d.Write = &chain.Write{
		Vault: v.ID, Epoch: v.State.Entry.Epoch, Revision: v.State.Revision + 1, Previous: v.State.Write, Skip: v.State.SkipHash(), Branch: branch,
		Entry: v.State.Entry.Hash(), Author: v.Owner.ID, AuthorCard: v.authorCard(), Time: v.State.Revision + 1,
		Count: after.Count(), Root: after.Root(), Operations: chain.HashOperations(d.Operations),
	}
	d.Write.Sign(v.signer(d.Write.AuthorCard))
	state := must(v.State.Admit(d.Write, d.Operations, &d.live, v.Known))
	d.Next = vault.Head{Vault: v.ID, State: state, Buckets: d.live.Hashes(), Count: d.live.Count()}
	return d
}

// authorCard returns the owner's card in the roster: a shared vault may not have the newest yet.
func (v *Vault) authorCard() chain.Hash {
	if line := v.State.Entry.Member(v.Owner.ID); line != nil {
		return line.Card
	}
	return v.Owner.Card().Hash()
}

// Apply moves the vault to the state after a write that Draft returned for its present state.
func (v *Vault) Apply(w Write) {
	tokens := w.Tokens
	v.Tokens, v.AllTokens = maps.Clone(v.Tokens), maps.Clone(v.AllTokens)
	for _, o := range w.Operations {
		switch {
		case o.Delete:
			delete(v.Tokens, o.Line)
		case o.Kind.Sealed():
			v.Tokens[o.Line], v.AllTokens[o.Line], tokens = tokens[0], tokens[0], tokens[1:]
		}
	}
	v.State, v.Live = w.Next.State, &w.live
	v.Writes, v.Operations = append(v.Writes, w.Write), append(v.Operations, w.Operations)
	if b := w.Branch; b != nil {
		v.Branches = append(v.Branches, b)
	}
}
