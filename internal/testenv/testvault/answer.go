package testvault

import (
	"encoding/base64"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Identity returns what the owner's devices share.
func (v *Vault) Identity() *seal.Identity {
	return must(v.Owner.AccountKey.OpenIdentity(v.Owner.ID, v.Owner.KeyGeneration, v.Keys.Identity))
}

// Author returns the owner's keys and card, which sign a write.
func (v *Vault) Author() (seal.CardKeys, chain.Hash) { return v.Owner.keys(), v.Owner.Card().Hash() }

func signed(object []byte) protocol.Signed { return base64.RawURLEncoding.EncodeToString(object) }

// Answer returns what an honest server answers to a device with these parameters.
func (v *Vault) Answer(since, after, revision int64) protocol.VaultAnswer {
	newest := v.State.Entry.Hash()
	a := protocol.VaultAnswer{VaultLog: protocol.VaultLog{
		Revision: v.State.Revision, Sequence: v.State.Entry.Sequence, Head: signed(v.State.Write[:]), Entry: signed(newest[:]),
		Entries: []protocol.Signed{}, Writes: []protocol.Signed{}, Cards: []protocol.Signed{},
	}}
	var through []int64
	for _, e := range v.Entries[min(after+1, int64(len(v.Entries))):] {
		a.Entries, a.Envelope = append(a.Entries, signed(e.Encode())), signed(v.Envelope)
		through = append(through, e.Revision)
	}
	for _, n := range chain.Path(v.State.Revision, revision, through) {
		a.Writes = append(a.Writes, signed(v.Writes[n-1].Encode()))
	}
	for _, c := range v.Owner.Cards {
		a.Cards = append(a.Cards, signed(c.Encode()))
	}
	a.Records = v.records(since)
	return a
}

// records returns the newest change of each place above a revision.
func (v *Vault) records(since int64) []protocol.VaultRecord {
	records := []protocol.VaultRecord{}
	done := map[chain.Line]bool{}
	for i, ops := range slices.Backward(v.Operations) {
		revision := int64(i) + 1
		if revision <= since {
			break
		}
		for _, o := range ops {
			place := o.Line
			place.Hash = chain.Hash{}
			if done[place] || o.Delete && since == 0 {
				done[place] = true
				continue
			}
			done[place] = true
			records = append(records, v.record(o, revision))
		}
	}
	slices.Reverse(records)
	return records
}

func (v *Vault) record(o chain.Operation, revision int64) protocol.VaultRecord {
	r := protocol.VaultRecord{
		ItemID: o.ID.String(), Kind: o.Kind.Wire(), Version: int64(o.Version), Epoch: int64(o.Epoch), Revision: revision, Deleted: o.Delete,
	}
	switch {
	case o.Delete:
	case o.Kind.Sealed():
		r.Token = v.Tokens[o.Line]
	default:
		r.Hash = signed(o.Hash[:])
	}
	return r
}

// TakeWrite stores a write as the server does: only if it may come next.
func (v *Vault) TakeWrite(w *chain.Write, ops []chain.Operation, tokens []string) error {
	live := v.Live.Clone()
	state, err := v.State.Admit(w, ops, live, v.Known)
	if err != nil {
		return err
	}
	d := Write{live: *live}
	d.Write, d.Operations, d.Tokens = w, ops, tokens
	d.Next.State = state
	v.Apply(d)
	return nil
}

// AnswerFrom returns what an honest server answers to a device that remembers a state, which may be on a branch.
func (v *Vault) AnswerFrom(since, after int64, seen chain.State) protocol.VaultAnswer {
	at := slices.IndexFunc(v.Branches, func(b *vault.Branch) bool { return b.Has(seen.Revision, seen.Write) })
	if at < 0 {
		return v.Answer(since, after, seen.Revision)
	}
	b := v.Branches[at]
	a := v.Answer(since, after, v.State.Revision)
	through := []int64{b.Common + 1, b.Join}
	for _, e := range v.Entries[min(after+1, int64(len(v.Entries))):] {
		through = append(through, e.Revision)
	}
	slices.Sort(through)
	for _, n := range slices.Concat(chain.Path(v.State.Revision, b.Common, through), chain.SkipChain(b.Common)) {
		a.Writes = append(a.Writes, signed(v.Writes[n-1].Encode()))
	}
	a.Branch = &protocol.VaultBranch{Common: b.Common, Join: b.Join}
	back := slices.Concat(chain.Path(b.Tip(), seen.Revision, nil), chain.Path(seen.Revision, b.Common, []int64{b.Common + 1}))
	for _, n := range back {
		a.Branch.Writes = append(a.Branch.Writes, signed(b.Writes[n-b.Common-1].Encode()))
	}
	return a
}

// History returns what an honest server answers about the writes from one revision to another.
func (v *Vault) History(from, to int64) protocol.VaultHistory {
	h := protocol.VaultHistory{Writes: []protocol.Signed{}, Operations: []protocol.Operations{}, Cards: []protocol.Signed{}}
	for n := from; n <= min(to, v.State.Revision); n++ {
		h.Writes = append(h.Writes, signed(v.Writes[n-1].Encode()))
		h.Operations = append(h.Operations, signed(chain.EncodeOperations(v.Operations[n-1])))
	}
	for _, c := range v.Owner.Cards {
		h.Cards = append(h.Cards, signed(c.Encode()))
	}
	return h
}

// OldTokens returns what an honest server answers to a request for tokens that are live or were replaced.
func (v *Vault) OldTokens(lines []chain.Line) protocol.TokensAnswer {
	a := protocol.TokensAnswer{Tokens: []protocol.TokenOrNone{}}
	for _, l := range lines {
		a.Tokens = append(a.Tokens, v.AllTokens[l])
	}
	return a
}
