package testvault_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/format2"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A device without memory verifies and opens what the builder makes.
func TestVaultOpensAfterEveryChange(t *testing.T) {
	t.Parallel()
	p := testvault.NewPerson("ada")
	v, founding := p.Found()
	if founding.Head.State.Entry.Sequence != 1 || founding.Head.Count != 0 {
		t.Fatalf("founded at %+v", founding.Head.State)
	}
	item := format2.NewID()
	first := v.Put(chain.RecordOverview, item, 1, "first")
	v.Apply(v.Draft(first, v.Put(chain.RecordDetails, item, 1, "details")))
	chunks := testvault.Chunks("content")
	v.Apply(v.Draft(testvault.Attach(chunks[0].Attachment, chunks)))
	open(t, v)
	v.Follow(v.DraftRotate())
	second := v.Put(chain.RecordOverview, item, 1, "second")
	v.Apply(v.Draft(testvault.Delete(first), second))
	v.Follow(v.DraftAccount(testvault.Renewal{Card: true, Epoch: true, AccountKey: true}))
	open(t, v)
	place := format2.RecordPlace{Vault: v.ID, Epoch: 2, Item: item, Kind: chain.RecordOverview, Version: 1}
	record, err := v.Epochs[1].Open(place, v.Tokens[second.Line])
	if err != nil || string(record.Content) != "second" || v.Live.Count() != 3 || len(v.Tokens) != 2 {
		t.Errorf("%q, %v; %d lines", record.Content, err, v.Live.Count())
	}
}

func open(t *testing.T, v *testvault.Vault) {
	t.Helper()
	document, err := chain.ParseDocument(v.Keys.Document)
	if err != nil {
		t.Fatal(err)
	}
	key, generation, err := v.Owner.PasswordKey.WrapKey().Unwrap(v.Keys.Wraps[0], v.Owner.ID, document.KeyGeneration)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := key.OpenIdentity(v.Owner.ID, generation, v.Keys.Identity)
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := identity.Anchor(v.Owner.Card())
	if err != nil {
		t.Fatal(err)
	}
	account := v.Entries[len(v.Entries)-1]
	if account.Op != chain.OpAccount {
		account = v.Entries[1]
	}
	var path []*chain.Write
	for _, n := range chain.SkipChain(account.Revision) {
		path = append(path, v.Writes[n-1])
	}
	if _, err := anchor.Resume(account, document, v.Keys.Identity, path); err != nil {
		t.Error(err)
	}
}
