package storetest

import (
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// resendCountsOnEachCard replaces records by writes of three cards, one of which has kept something before.
func resendCountsOnEachCard(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	const size = 1000
	const unit = size + vault.RecordWeight
	all := items(v, 5, size)
	write(t, a, v, all...)
	writeAt(t, a, v, start.Add(-24*time.Hour), 0, nil, testvault.Delete(all[0]))

	v.Apply(v.Draft(testvault.Delete(all[1]), testvault.Delete(all[2])))
	v.Follow(accountEntry(v, 1, testvault.Renewal{Card: true}))
	v.Apply(v.Draft(testvault.Delete(all[3])))
	v.Follow(accountEntry(v, 1, testvault.Renewal{Card: true}))
	v.Apply(v.Draft(testvault.Delete(all[4]), testvault.Delete(all[5])))
	later := start.Add(10 * 24 * time.Hour)
	c := resentTo(t, b, v)
	c.Now = later
	c.Kept = 3*unit - 1
	wantError(t, "above the quota of the first card", a.Resend(t.Context(), c), vault.ErrKeptQuota)
	c.Kept = 3 * unit
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantVault(t, b, v)
	var want []string
	for _, o := range all[:6] {
		want = append(want, o.Token)
	}
	wantTokens(t, b, v.ID, later, all[:6], want...)

	// The newest card has kept two, until their day no longer counts.
	writeAt(t, b, v, later, 3*unit, vault.ErrKeptQuota, testvault.Delete(all[6]), testvault.Delete(all[7]))
	writeAt(t, b, v, later, 3*unit, nil, testvault.Delete(all[6]))
	free := later.Truncate(24 * time.Hour).Add(vault.KeptLife + 24*time.Hour)
	writeAt(t, b, v, free.Add(-time.Millisecond), 3*unit, vault.ErrKeptQuota, testvault.Delete(all[7]))
	writeAt(t, b, v, free, 3*unit, nil, testvault.Delete(all[7]), testvault.Delete(all[8]), testvault.Delete(all[9]))
	wantVault(t, a, v)
}

// resendOfKeptAttachments puts one again that a write deleted, and puts and deletes another.
func resendOfKeptAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	x, y := testvault.Chunks("put", "again"), testvault.Chunks("deleted again")
	putX, putY := testvault.Attach(x[0].Attachment, x), testvault.Attach(y[0].Attachment, y)
	size := attachmentOf(false, x...).Bytes
	both := size + attachmentOf(false, y...).Bytes
	putChunks(t, a, v, append(x, y...)...)
	write(t, a, v, putX, putY)
	write(t, b, v, testvault.Delete(putX), testvault.Delete(putY))

	v.Apply(v.Draft(putX, putY))
	v.Apply(v.Draft(testvault.Delete(putY)))
	c := resentTo(t, a, v)
	c.Now, c.Attachments = start.Add(vault.KeptLife), plenty
	wantError(t, "with chunks that were kept for too long", a.Resend(t.Context(), c), vault.ErrInvalidChange)
	c.Now, c.Attachments = start.Add(time.Hour), size-1
	wantError(t, "above the quota", a.Resend(t.Context(), c), vault.ErrQuotaReached)
	c.Attachments, c.Kept = size, both // nothing is kept that was not kept before
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantVault(t, b, v)
	wantAttachments(t, b, v, attachmentOf(true, x...))
	wantChunks(t, b, v, x...)
	wantError(t, "it counts again", b.PutChunk(t.Context(), v.ID, testvault.Chunks("more")[0], start, size), vault.ErrQuotaReached)

	// The other one goes when it would have gone without the part.
	if _, err := b.Chunk(t.Context(), v.ID, putY.ID, 1, start.Add(vault.KeptLife-time.Millisecond)); err != nil {
		t.Error(err)
	}
	_, err := b.Chunk(t.Context(), v.ID, putY.ID, 1, start.Add(vault.KeptLife))
	wantError(t, "chunk after its time", err, vault.ErrNotFound)

	later := start.Add(2 * time.Hour)
	writeAt(t, b, v, later, both+size-1, vault.ErrKeptQuota, testvault.Delete(putX))
	writeAt(t, b, v, later, both+size, nil, testvault.Delete(putX))
	if _, err := a.Chunk(t.Context(), v.ID, putX.ID, 2, later.Add(vault.KeptLife-time.Millisecond)); err != nil {
		t.Error(err)
	}
}

// resendOfAttachmentsThatExpired puts one whose chunks were kept for too long, and one of which half is pending. Both come back without
// chunks, which no longer count.
func resendOfAttachmentsThatExpired(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	x, half := testvault.Chunks("kept for too long"), testvault.Chunks("half", "of two")
	put := testvault.Attach(x[0].Attachment, x)
	putChunks(t, a, v, x...)
	write(t, a, v, put)
	write(t, a, v, testvault.Delete(put))
	putChunks(t, a, v, half[0])

	v.Apply(v.Draft(put, testvault.Attach(half[0].Attachment, half)))
	c := resentTo(t, a, v)
	c.Now = start.Add(vault.KeptLife)
	for i := range c.Records {
		c.Records[i].Lost = true
	}
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantVault(t, b, v)
	wantAttachments(t, b, v)
	for _, chunk := range []vault.Chunk{x[0], half[0]} {
		_, err := b.Chunk(t.Context(), v.ID, chunk.Attachment, 1, start)
		wantError(t, "lost chunk", err, vault.ErrNotFound)
	}
	more := testvault.Chunks("more")
	wantError(t, "the first that counts", b.PutChunk(t.Context(), v.ID, more[0], start, attachmentOf(false, more...).Bytes), nil)
}
