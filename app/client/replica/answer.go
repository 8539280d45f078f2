package replica

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Answer returns the vault as the server would send it. The revision of each record is not stored; the last revision for all of
// them is good enough for readers of the whole vault.
func (v *Replica) Answer() protocol.VaultResponse {
	out := protocol.VaultResponse{Revision: v.Revision, Manifest: v.sealedManifest, Records: make([]protocol.Record, 0, v.count)}
	for _, e := range v.entries {
		if e.meta.version != 0 {
			out.Records = append(out.Records, protocol.Record{Place: wirePlace(e.ID, seal.KindAccount, e.meta.version), Revision: v.Revision, Token: e.meta.token})
		}
		for _, s := range e.secrets {
			out.Records = append(out.Records, protocol.Record{Place: wirePlace(e.ID, seal.KindPassword, s.version), Revision: v.Revision, Token: s.token})
		}
	}
	return out
}

// Join merges an answer about the whole vault with the deltas that follow it.
func Join(chunks [][]byte) (protocol.VaultResponse, error) {
	whole, err := parseChunk(chunks[0])
	if err != nil || len(chunks) == 1 {
		return whole, err
	}
	at := make(map[protocol.Place]int, len(whole.Records)) // indices of whole.Records
	// A new version of an overview replaces the previous one, without a tombstone.
	place := func(p protocol.Place) protocol.Place {
		if p.Kind == protocol.KindOverview {
			p.Version = 0
		}
		return p
	}
	for i, r := range whole.Records {
		at[place(r.Place)] = i
	}
	for _, chunk := range chunks[1:] {
		delta, err := parseChunk(chunk)
		if err != nil {
			return whole, err
		}
		whole.Revision, whole.Manifest = delta.Revision, delta.Manifest
		for _, r := range delta.Records {
			p := place(r.Place)
			i, known := at[p]
			switch {
			case r.Deleted && known && whole.Records[i].Version == r.Version:
				whole.Records[i] = protocol.Record{}
				delete(at, p)
			case r.Deleted:
			case known:
				whole.Records[i] = r
			default:
				at[p] = len(whole.Records)
				whole.Records = append(whole.Records, r)
			}
		}
	}
	whole.Records = slices.DeleteFunc(whole.Records, func(r protocol.Record) bool { return r == protocol.Record{} })
	return whole, nil
}
