package replica

import (
	"encoding/base64"
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// parted is a vault whose replica followed another history than the server has.
type parted struct {
	*owned        // as the server has it
	branch *owned // as the replica has it
	common string // id of an item that both have
	seen   chain.State
}

func newParted(t *testing.T) *parted {
	t.Helper()
	o := newOwned(t)
	common := o.add("common")
	o.add("other")
	branch := &owned{o.Fork(), o.replica, maps.Clone(o.tokens)}
	branch.tokens[common] = slices.Clone(o.tokens[common])
	branch.add("on the branch")
	branch.rename(common, "renamed on the branch")
	branch.sync(t)
	branch.shows(t, "[on the branch other renamed on the branch]")
	o.add("on the server")
	p := &parted{o, branch, common, branch.State}
	branch.add("on the branch, later") // another device on the branch did this
	return p
}

// join has another device bring both histories together.
func (p *parted) join(ops ...testvault.Operation) {
	p.Apply(p.DraftJoin(p.branch.Vault, append(ops, p.put("brought together"))...))
}

func (p *parted) put(title string) testvault.Operation {
	id := seal.NewID()
	it := item.Item{ID: id.String(), Title: title}.Normalise()
	return p.Put(chain.RecordOverview, id, 1, string(it.Overview()))
}

func (p *parted) answer() protocol.VaultAnswer { return p.AnswerFrom(0, p.replica.After(), p.seen) }

func TestReplicaFollowsItsBranchBack(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(p *parted){
		"at once":              func(*parted) {},
		"after more writes":    func(p *parted) { p.add("later"); p.add("later still") },
		"under another key":    func(p *parted) { p.Follow(p.DraftAccount(testvault.Renewal{Card: true, Epoch: true})); p.add("later") },
		"after another branch": func(p *parted) { p.Apply(p.DraftJoin(p.branch.Vault, p.put("again"))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParted(t)
			p.join()
			later(p)
			fresh := New(p.Owner.ID, p.ID) // has the memory of the device, and no cache
			for _, r := range []*Replica{p.replica, fresh} {
				a, err := Parse(encoded(t, p.AnswerFrom(0, r.After(), r.Base(p.seen))))
				if err != nil {
					t.Fatal(err)
				}
				log, err := r.Follow(a, p.seen)
				if err != nil {
					t.Fatal(err)
				}
				if log.Joint == nil || log.Joint.Branch != p.branch.State.Write || log.AuthorOf(log.Joint) != "ada" {
					t.Errorf("brought together by %+v", log.Joint)
				}
				next, err := r.Verify(t.Context(), log, p.Identity(), a.Records, true)
				if err != nil {
					t.Fatal(err)
				}
				next.Commit()
				if string(r.Log().State.Encode()) != string(p.State.Encode()) {
					t.Error("the replica is at another state")
				}
			}
			p.add("the next one")
			p.sync(t)
			if p.replica.Log().Joint != nil {
				t.Error("the branch is reported twice")
			}
		})
	}
}

// A write can claim to bring both together, and drop or delete what the branch has. The device says what differs.
func TestJoinThatDeletesIsReported(t *testing.T) {
	t.Parallel()
	p := newParted(t)
	var deletes []testvault.Operation
	for _, put := range p.tokens[p.common] {
		deletes = append(deletes, testvault.Delete(put))
	}
	p.join(deletes...)
	a, err := Parse(encoded(t, p.answer()))
	if err != nil {
		t.Fatal(err)
	}
	log, err := p.replica.Follow(a, p.seen)
	if err != nil {
		t.Fatal(err)
	}
	next, err := p.replica.Verify(t.Context(), log, p.Identity(), a.Records, true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range next.Differences() {
		got = append(got, string(d.Kind)+" "+d.Title)
	}
	want := []string{"added brought together", "added on the server", "deleted on the branch", "deleted renamed on the branch"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// forge alters a write of an answer, and signs it as somebody who has a card.
func forge(t *testing.T, text *protocol.Signed, signer chain.Signer, edit func(w *chain.Write)) *chain.Write {
	t.Helper()
	w, err := ParseWrite(*text)
	if err != nil {
		t.Fatal(err)
	}
	edit(w)
	if signer != nil {
		w.Sign(signer)
	}
	*text = encodeSigned(w.Encode())
	return w
}

func TestBranchesThatNoReplicaFollows(t *testing.T) {
	t.Parallel()
	eve := testvault.NewPerson("eve")
	stranger := eve.CardKeys[0].Signing
	for name, lie := range map[string]func(t *testing.T, p *parted, a *protocol.VaultAnswer){
		"a write that nobody signed": func(t *testing.T, _ *parted, a *protocol.VaultAnswer) {
			forge(t, &a.Writes[0], nil, func(w *chain.Write) { w.Signature = chain.Signature{} })
		},
		"a write that a stranger signed": func(t *testing.T, _ *parted, a *protocol.VaultAnswer) {
			forge(t, &a.Writes[0], stranger, func(*chain.Write) {})
		},
		"a write by a stranger": func(t *testing.T, _ *parted, a *protocol.VaultAnswer) {
			forge(t, &a.Writes[0], stranger, func(w *chain.Write) { w.Author, w.AuthorCard = eve.ID, eve.Card().Hash() })
			a.Cards = append(a.Cards, encodeSigned(eve.Card().Encode()))
		},
		"a write that names no branch": func(_ *testing.T, p *parted, a *protocol.VaultAnswer) {
			b := a.Branch
			p.add("later")
			*a = p.Answer(0, p.replica.After(), p.State.Revision)
			a.Branch = &protocol.VaultBranch{Common: b.Common, Join: p.State.Revision, Writes: b.Writes}
			for _, n := range slices.Concat(chain.Path(p.State.Revision, b.Common, []int64{b.Common + 1}), chain.SkipChain(b.Common)) {
				a.Writes = append(a.Writes, encodeSigned(p.Writes[n-1].Encode()))
			}
		},
		"a branch named by the server": func(t *testing.T, p *parted, a *protocol.VaultAnswer) {
			forge(t, &a.Writes[0], nil, func(w *chain.Write) { w.Branch = p.seen.Write })
			a.Branch.Writes = a.Branch.Writes[1:]
		},
		"a branch that ends before this device": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Writes = a.Branch.Writes[2:] },
		"a branch without its end":              func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Writes = a.Branch.Writes[1:] },
		"a branch without its beginning": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) {
			a.Branch.Writes = a.Branch.Writes[:len(a.Branch.Writes)-1]
		},
		"a branch with other writes": func(t *testing.T, p *parted, a *protocol.VaultAnswer) {
			forge(t, &a.Branch.Writes[1], stranger, func(w *chain.Write) { w.Time++ })
		},
		"a branch of the server's": func(t *testing.T, p *parted, a *protocol.VaultAnswer) {
			a.Branch.Writes = slices.Clone(a.Writes[:len(a.Branch.Writes)])
		},
		"no branch":           func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch = nil },
		"an empty branch":     func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Writes = []protocol.Signed{} },
		"no writes":           func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Writes = []protocol.Signed{} },
		"an older common one": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Common-- },
		"a newer common one":  func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Common++ },
		"a common one that was never": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) {
			a.Branch.Common = math.MaxInt64
		},
		"a negative common one":     func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Common = math.MinInt64 },
		"another write that joined": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Join-- },
		"a write that will join":    func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Join = math.MaxInt64 },
		"an endless branch": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) {
			a.Branch.Writes = slices.Repeat(a.Branch.Writes, protocol.MaxBranchWrites)
		},
		"a text for a write": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Branch.Writes[0] = "AgAA" },
		"an endless text for a write": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) {
			a.Branch.Writes[0] = base64.RawURLEncoding.EncodeToString(make([]byte, 1<<20))
		},
		"a hidden entry": func(_ *testing.T, p *parted, a *protocol.VaultAnswer) {
			p.Follow(p.DraftRotate())
			p.add("under another key")
			hidden := p.answer()
			hidden.Entries, hidden.Envelope, hidden.Sequence = []protocol.Signed{}, "", p.seen.Entry.Sequence
			*a = hidden
		},
		"an entry that only the branch has": func(_ *testing.T, p *parted, a *protocol.VaultAnswer) {
			e := p.branch.DraftRotate()
			a.Entries, a.Sequence = []protocol.Signed{encodeSigned(e.Entry.Encode())}, e.Entry.Sequence
		},
		"a record that is missing":  func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) { a.Records = a.Records[1:] },
		"the records of the branch": func(_ *testing.T, p *parted, a *protocol.VaultAnswer) { a.Records = p.branch.Answer(0, -1, 0).Records },
		"the vault of another user": func(_ *testing.T, _ *parted, a *protocol.VaultAnswer) {
			other, _ := eve.Found()
			a.VaultLog = other.Answer(0, -1, 0).VaultLog
		},
		"an older state of the vault": func(_ *testing.T, p *parted, a *protocol.VaultAnswer) { a.Writes = a.Writes[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParted(t)
			p.join()
			a := p.answer()
			lie(t, p, &a)
			before := p.titles()
			_, err := p.take(t, a, true, p.seen)
			if !isAltered(err) && !errors.Is(err, ErrRolledBack) {
				t.Errorf("%v, want a refusal", err)
			}
			if p.titles() != before || string(p.replica.Log().State.Encode()) != string(p.seen.Encode()) {
				t.Errorf("the replica moved to %s", p.titles())
			}
			if _, err := p.take(t, p.answer(), true, p.seen); err != nil {
				t.Errorf("after the lie: %v", err)
			}
		})
	}
}

// A device that is not on the branch does not go over it.
func TestBranchOfAnotherDevice(t *testing.T) {
	t.Parallel()
	p := newParted(t)
	server := New(p.Owner.ID, p.ID)
	o := &owned{p.Vault, server, nil}
	o.sync(t)
	seen := server.Log().State
	p.join()
	if _, err := o.take(t, p.answer(), true, seen); !errors.Is(err, ErrRolledBack) {
		t.Errorf("%v", err)
	}
	if _, err := o.take(t, p.AnswerFrom(0, server.After(), seen), true, seen); err != nil || server.Log().Joint != nil {
		t.Errorf("%v", err)
	}
}
