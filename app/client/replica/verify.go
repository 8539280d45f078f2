package replica

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Verify checks all records of the vault (full), or those that changed since the replica's revision, against the newest write of a
// log that Follow returned and that the caller has compared with identity. It changes nothing; the caller commits the result. It
// returns an *AlteredError if the records are not those that the author of that write signed.
func (v *Replica) Verify(ctx context.Context, log *Log, identity *seal.Identity, records []protocol.VaultRecord, full bool) (*Next, error) {
	n := v.begin(full)
	n.log = log
	keys, err := log.open(identity, v.keys)
	if err != nil {
		return nil, err
	}
	n.set(keys)
	problems := n.fill(records)
	if len(problems) > 0 || !n.confirmed() {
		return nil, n.diagnose(problems, records)
	}
	if err := n.OpenChanged(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// confirmed reports whether the newest write signs these live records.
func (n *Next) confirmed() bool {
	want := n.want()
	return n.live.Count() == want.Count && n.live.Root() == want.Root
}

// want returns the newest write, or what there is before the first.
func (n *Next) want() chain.Write {
	if n.log.Head == nil {
		return chain.Write{Root: chain.NewLive(n.v.Vault).Root()}
	}
	return *n.log.Head
}

// diagnose explains why an answer does not match the newest write. It can open every record, which a successful sync never does.
func (n *Next) diagnose(problems []error, records []protocol.VaultRecord) error {
	var cause error
	p := recordParser{n: n, since: n.v.Revision()}
	for i := range records {
		r := &records[i]
		l, err := p.line(r)
		if err != nil || r.Deleted || !l.Kind.Sealed() {
			continue // fill has named it
		}
		if _, err := n.openRecord(l.ID, l.Kind, sealed{l.Version, l.Epoch, r.Token}); err != nil {
			if cause == nil {
				cause = err
			}
			problems = append(problems, err)
		}
	}
	if n.full {
		problems = append(problems, n.older()...)
	}
	switch missing := n.want().Count - n.live.Count(); {
	case missing > 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsMissing, Got: missing}, "the server left out %s", plural(missing)))
	case missing < 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsSurplus, Got: -missing}, "the server shows %s too many", plural(-missing)))
	case len(problems) == 0:
		problems = append(problems, Found(bridge.Finding{Code: bridge.RecordsReplayed},
			"the records are not those of the newest write: an older one stands in for a newer one"))
	}
	return &AlteredError{Problems: problems, Err: cause}
}

// older names the overviews that are older than those of this device.
func (n *Next) older() (problems []error) {
	for _, held := range n.v.sorted {
		got := n.changed[held.ID]
		if got == nil {
			continue
		}
		if now, before := got.meta().version, held.meta().version; now != 0 && now < before {
			problems = append(problems, older(held, now, before))
		}
	}
	return problems
}

func plural(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}
