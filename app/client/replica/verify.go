package replica

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Seen is the newest state of a vault that a device has verified.
type Seen struct {
	Revision int64  `json:"revision"`
	Digest   string `json:"digest"` // hex; empty: no state was seen yet
}

// Verify checks an answer of the server about the whole vault (full) or its changes, against the sealed manifest and what this
// device has seen, in this run and before. It changes nothing; the caller commits the result. It returns an *AlteredError or a
// *RolledBackError if the answer is not the next state of the vault.
func (v *Replica) Verify(ctx context.Context, seen Seen, answer protocol.VaultResponse, full bool) (*Next, error) {
	manifest, err := v.Key.OpenManifest(v.User, answer.Manifest)
	if err != nil {
		return nil, &AlteredError{[]error{Found(bridge.Finding{Code: bridge.ManifestUnopened}, "the sealed manifest does not open")}, err}
	}
	if err := v.checkSeen(seen, manifest); err != nil {
		return nil, err
	}
	if manifest.Revision != answer.Revision {
		return nil, Altered(Found(bridge.Finding{Code: bridge.RevisionUnsealed, Got: answer.Revision, Want: manifest.Revision},
			"the server says revision %d, the sealed manifest says %d", answer.Revision, manifest.Revision))
	}
	n := v.begin(full)
	problems := n.fill(answer)
	if len(problems) > 0 || n.count != manifest.Count || !n.digest.Equal(manifest.Digest) {
		return nil, n.diagnose(problems, answer, manifest)
	}
	if err := n.OpenChanged(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// checkSeen compares the manifest with what this device has seen, in this run and before.
func (v *Replica) checkSeen(seen Seen, m seal.Manifest) error {
	if m.Revision < v.Revision {
		return &RolledBackError{Seen: v.Revision, Got: m.Revision}
	}
	if seen.Digest == "" {
		return nil
	}
	if m.Revision < seen.Revision || m.Revision == seen.Revision && m.Digest.String() != seen.Digest {
		return &RolledBackError{Seen: seen.Revision, Got: m.Revision}
	}
	return nil
}

// diagnose explains why an answer does not match the manifest. It can open every record, which a successful sync never does.
func (n *Next) diagnose(problems []error, answer protocol.VaultResponse, manifest seal.Manifest) error {
	v := n.v
	var cause error
	for _, r := range answer.Records {
		if r.Deleted {
			continue
		}
		if _, err := v.Key.Open(v.place(r.ItemID, sealKind(r.Kind), r.Version), r.Token); err != nil {
			if cause == nil {
				cause = err
			}
			problems = append(problems, err)
		}
	}
	if n.full {
		problems = append(problems, n.older()...)
	}
	switch missing := manifest.Count - n.count; {
	case missing > 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsMissing, Got: missing}, "the server left out %s", records(missing)))
	case missing < 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsSurplus, Got: -missing}, "the server shows %s too many", records(-missing)))
	case len(problems) == 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsReplayed},
			"the records do not add up to the sealed manifest: an older token stands in for a newer one"))
	}
	return &AlteredError{Problems: problems, Err: cause}
}

// older names the overviews that are older than those of this device.
func (n *Next) older() (problems []error) {
	for _, held := range n.v.sorted {
		if got := n.changed[held.ID]; got != nil && got.meta.version != 0 && got.meta.version < held.meta.version {
			problems = append(problems, older(n.v.place(held.ID, seal.KindAccount, got.meta.version), held.meta.version))
		}
	}
	return problems
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}
