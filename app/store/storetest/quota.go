package storetest

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// limited stores a write under a quota.
func limited(t *testing.T, s vault.Store, v *testvault.Vault, q vault.Quota, want error, ops ...testvault.Operation) {
	t.Helper()
	d := v.Draft(ops...)
	d.Now, d.Quota = start, q
	err := s.ApplyWrite(t.Context(), d.WriteChange)
	wantError(t, "write", err, want)
	if err == nil {
		v.Apply(d)
	}
	wantVault(t, s, v)
}

func quotaOfItems(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	two := vault.Quota{Items: 2}
	ops := items(v, 2, 10)
	limited(t, s, v, two, nil, ops...)
	limited(t, s, v, two, vault.ErrItemQuota, items(v, 1, 10)...)
	limited(t, s, v, two, vault.ErrItemQuota, items(v, 100, 10)...)
	// Only overviews count as items.
	limited(t, s, v, two, nil, v.PutToken(chain.RecordVault, seal.NewID(), 1, "name"), v.PutToken(chain.RecordDetails, ops[1].ID, 2, "more"))
	limited(t, s, v, two, nil, testvault.Delete(ops[0]), v.PutToken(chain.RecordOverview, ops[0].ID, 2, "next"))
	// One in place of another.
	limited(t, s, v, two, nil, append(items(v, 1, 10), testvault.Delete(ops[2]))...)
	// Above a lowered quota, less is possible and more is not.
	one := vault.Quota{Items: 1}
	limited(t, s, v, one, vault.ErrItemQuota, items(v, 1, 10)...)
	limited(t, s, v, one, nil, v.PutToken(chain.RecordDetails, ops[1].ID, 3, "more"))
	limited(t, s, v, vault.Quota{}, nil, items(v, 3, 10)...)
}

func quotaOfRecords(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	const size = 1000
	q := vault.Quota{Bytes: 20 * (size + vault.RecordWeight)}
	ops := items(v, 9, size)
	limited(t, s, v, q, nil, ops...)
	limited(t, s, v, q, vault.ErrRecordQuota, items(v, 1, size+1)...)
	limited(t, s, v, q, vault.ErrRecordQuota, items(v, 200, 10)...)
	full := items(v, 1, size)
	limited(t, s, v, q, nil, full...)
	limited(t, s, v, q, vault.ErrRecordQuota, v.PutToken(chain.RecordPin, seal.NewID(), 1, "1"))
	// A write that only replaces may use the reserve, up to its end.
	next := v.PutToken(chain.RecordOverview, full[0].ID, 2, text(size+size/16))
	limited(t, s, v, q, nil, testvault.Delete(full[0]), next)
	limited(t, s, v, q, vault.ErrRecordQuota, testvault.Delete(next), v.PutToken(chain.RecordOverview, full[0].ID, 3, text(3*size)))
	limited(t, s, v, q, vault.ErrRecordQuota, testvault.Delete(next), v.PutToken(chain.RecordOverview, full[0].ID, 3, text(size+size/16+1)),
		v.PutToken(chain.RecordDetails, full[0].ID, 2, text(1)))
	// Deleted records and attachments are free.
	limited(t, s, v, q, nil, testvault.Delete(ops[0]), testvault.Delete(ops[1]))
	limited(t, s, v, q, nil, items(v, 1, size-size/16)...)
	chunks := testvault.Chunks("content")
	putChunks(t, s, v, chunks...)
	limited(t, s, v, q, nil, testvault.Attach(chunks[0].Attachment, chunks))
}
