package vault_test

import (
	"strconv"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func (u *user) putChunk(c vault.Chunk) error {
	return u.PutChunk(u.t.Context(), u.session, u.ID.String(), c.Attachment.String(), strconv.Itoa(c.Number),
		protocol.Chunk{Count: c.Count, Token: c.Token})
}

func (u *user) upload(chunks ...vault.Chunk) {
	u.t.Helper()
	for _, c := range chunks {
		if err := u.putChunk(c); err != nil {
			u.t.Fatal(err)
		}
	}
}

func (u *user) attachments() []protocol.VaultAttachment {
	u.t.Helper()
	list, err := u.Attachments(u.t.Context(), u.session, u.ID.String())
	if err != nil {
		u.t.Fatal(err)
	}
	return list.Attachments
}

func TestAttachmentsLiveByWrites(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	chunks := testvault.Chunks("first", "second")
	attach := testvault.Attach(chunks[0].Attachment, chunks)
	u.upload(chunks[1])
	if list := u.attachments(); len(list) != 1 || list[0].Live || list[0].Chunks != 1 || list[0].Count != 2 || list[0].Bytes != int64(len(chunks[1].Token)) {
		t.Errorf("%+v", list)
	}
	u.upload(chunks...) // the second again
	u.save(attach)
	u.unmoved()
	if list := u.attachments(); len(list) != 1 || !list[0].Live || list[0].Chunks != 2 {
		t.Errorf("%+v", list)
	}
	got, err := u.Chunk(t.Context(), u.session, u.ID.String(), chunks[0].Attachment.String(), "2")
	if err != nil || got.Token != chunks[1].Token || got.Count != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	u.save(testvault.Delete(attach))
	if list := u.attachments(); len(list) > 0 {
		t.Errorf("%+v", list)
	}
	// It is kept, and may be put again as it was.
	got, err = u.Chunk(t.Context(), u.session, u.ID.String(), chunks[0].Attachment.String(), "2")
	if err != nil || got.Token != chunks[1].Token || got.Count != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	other := attach
	other.Hash[0]++
	bad("with other chunks").check(t, u.send(other))
	u.save(attach)
	u.save(testvault.Delete(attach))
	u.unmoved()
	u.clock.move(vault.KeptLife)
	_, err = u.Chunk(t.Context(), u.session, u.ID.String(), chunks[0].Attachment.String(), "2")
	refusal{protocol.CodeNotFound, "no such chunk"}.check(t, err)
	bad("before all of its chunks").check(t, u.send(attach))
	u.unmoved()
}

func TestWriteNamesStoredChunks(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	whole, half := testvault.Chunks("first", "second"), testvault.Chunks("first", "second")
	u.upload(whole...)
	u.upload(half[0])
	for name, c := range map[string]struct {
		put  testvault.Operation
		want refusal
	}{
		"never stored":       {testvault.Attach(seal.NewID(), whole), bad("before all of its chunks")},
		"a chunk is missing": {testvault.Attach(half[0].Attachment, half), bad("before all of its chunks")},
		"other chunks":       {testvault.Attach(whole[0].Attachment, half), bad("other chunks")},
		"fewer chunks":       {testvault.Attach(whole[0].Attachment, whole[:1]), bad("other chunks")},
		"another order":      {testvault.Attach(whole[0].Attachment, []vault.Chunk{whole[1], whole[0]}), bad("other chunks")},
	} {
		c.want.check(t, u.Write(t.Context(), u.session, u.ID.String(), writeRequest(u.Draft(c.put))))
		if t.Failed() {
			t.Fatal(name)
		}
	}
	u.unmoved()
}

func TestChunksAreBounded(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	c := testvault.Chunks("content")[0]
	for name, edit := range map[string]func(id, number *string, in *protocol.Chunk){
		"no id":           func(id, _ *string, _ *protocol.Chunk) { *id = "" },
		"the zero id":     func(id, _ *string, _ *protocol.Chunk) { *id = chain.ID{}.String() },
		"number 0":        func(_, number *string, _ *protocol.Chunk) { *number = "0" },
		"number 01":       func(_, number *string, _ *protocol.Chunk) { *number = "01" },
		"after the last":  func(_, number *string, _ *protocol.Chunk) { *number = "2" },
		"too many":        func(_, _ *string, in *protocol.Chunk) { in.Count = protocol.MaxChunks + 1 },
		"no token":        func(_, _ *string, in *protocol.Chunk) { in.Token = "" },
		"a text as token": func(_, _ *string, in *protocol.Chunk) { in.Token = "text" },
	} {
		id, number, in := c.Attachment.String(), "1", protocol.Chunk{Count: 1, Token: c.Token}
		edit(&id, &number, &in)
		bad("").check(t, u.PutChunk(t.Context(), u.session, u.ID.String(), id, number, in))
		if t.Failed() {
			t.Fatal(name)
		}
	}
	u.upload(c)
	other := c
	other.Token = testvault.Chunks("other")[0].Token
	refusal{protocol.CodeConflict, "another chunk"}.check(t, u.putChunk(other))
}
