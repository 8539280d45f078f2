package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Synced is the result of a Sync.
type Synced struct {
	Revision   int64        `json:"revision"`
	Changed    bool         `json:"changed"`
	Count      int          `json:"count"`   // items outside the trash
	Trashed    int          `json:"trashed"` // items in the trash
	Unreadable []Unreadable `json:"unreadable"`
	Waiting                 // the outbox after the Sync
	Kept       []string     `json:"kept"` // items that were deleted here but not on the server, because another device changed them
	// CopyProblem says in English why this device has no cache, or has set an outbox aside; empty if nothing is wrong.
	CopyProblem string `json:"-"`
}

// Unreadable is an authentic item that this client cannot read.
type Unreadable struct {
	ID      string         `json:"id"`
	Finding bridge.Finding `json:"finding"`
	Message string         `json:"-"` // in English
}

// Sync downloads the vault, or its changes since the last Sync, and then sends the outbox, the oldest change first. It verifies
// the download against the sealed manifest and against what this device has seen before; if they do not match, it returns a
// *VaultAlteredError or *RolledBackError and changes nothing. Changes that the server rejects, or is too busy for, stay in the
// outbox.
func (c *Client) Sync(ctx context.Context) (Synced, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Synced{}, err
	}
	defer op.end()
	v, err := op.opened()
	if err != nil {
		return Synced{}, err
	}
	stamp := v.queueRow.stamp
	changed, err := op.sync(v)
	if err != nil {
		return Synced{}, err
	}
	if err := op.flush(v); err != nil {
		return Synced{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	stayed := v.stayed
	v.stayed = nil // only operations use it
	out := Synced{Revision: v.revision, Changed: changed || v.queueRow.stamp != stamp, Unreadable: []Unreadable{},
		Waiting: v.waiting(), Kept: append([]string{}, stayed...), CopyProblem: cmp.Or(op.outboxProblem, op.cacheProblem)}
	out.Count, out.Trashed = v.counts()
	for _, e := range v.sorted {
		if e.err != nil {
			out.Unreadable = append(out.Unreadable, Unreadable{e.id, findingOf(&UnreadableError{e.id, e.err}), e.err.Error()})
		}
	}
	return out, nil
}

// loaded returns the unlocked vault, after it was synced or opened from the cache.
func (op *operation) loaded() (*vault, error) {
	v, err := op.opened()
	if err == nil && !v.loaded {
		if _, err = op.sync(v); v.loaded && unreachable(err) {
			err = nil
		}
	}
	return v, err
}

// sync reports whether the revision changed.
func (op *operation) sync(v *vault) (bool, error) {
	if err := op.recall(v); err != nil {
		return false, err
	}
	before := v.revision
	if !v.loaded {
		// If the cache is missing or damaged, the whole vault is downloaded and verified in the same way.
		_ = op.openCopy(v)
		if op.ctx.Err() != nil {
			return false, op.ctx.Err()
		}
	}
	if err := op.loadQueue(v); err != nil {
		return false, err
	}
	if v.revision > 0 {
		err := op.pull(v, false)
		var wrong *VaultAlteredError
		if !errors.As(err, &wrong) {
			return v.revision != before, err
		}
		// A delta to an old state may not match the manifest, because the server drops old tombstones. The whole vault must match.
	}
	err := op.pull(v, true)
	return v.revision != before, err
}

// pull downloads the vault, or its changes, and verifies and applies them.
func (op *operation) pull(v *vault, full bool) error {
	since := v.revision
	if full {
		since = 0
	}
	body, err := op.exchange(methodGet, protocol.PathVault+"?since="+strconv.FormatInt(since, 10), nil, maxVault)
	if hasCode(err, protocol.CodeUnavailable) { // a server that is too busy counts as offline
		err = fmt.Errorf("%w: %w", ErrOffline, err)
	}
	if err != nil {
		return err
	}
	answer, err := parseVault(body)
	if err != nil {
		return op.answerError(methodGet, protocol.PathVault, err)
	}
	before := v.revision
	if err := op.take(v, answer, full); err != nil {
		return err
	}
	if full {
		err = op.keepWhole(v, body)
	} else {
		err = op.keepDelta(v, before, body)
	}
	if err != nil {
		return err
	}
	// Write the cache first: one that is newer than Seen raises no alarm.
	return op.remember(v)
}

// take verifies an answer and applies it.
func (op *operation) take(v *vault, answer protocol.VaultResponse, full bool) error {
	manifest, err := v.key.OpenManifest(v.user, answer.Manifest)
	if err != nil {
		return &VaultAlteredError{[]error{found(bridge.Finding{Code: bridge.ManifestUnopened}, "the sealed manifest does not open")}, err}
	}
	if err := v.checkSeen(manifest); err != nil {
		return err
	}
	if manifest.Revision != answer.Revision {
		return altered(found(bridge.Finding{Code: bridge.RevisionUnsealed, Got: answer.Revision, Want: manifest.Revision},
			"the server says revision %d, the sealed manifest says %d", answer.Revision, manifest.Revision))
	}
	n := v.begin(full)
	problems := n.fill(answer)
	if len(problems) > 0 || n.count != manifest.Count || !n.digest.Equal(manifest.Digest) {
		return n.diagnose(problems, answer, manifest)
	}
	if err := n.openChanged(op.ctx); err != nil {
		return err
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	n.commit(answer.Revision, answer.Manifest)
	return nil
}

// checkSeen compares the manifest with what this device has seen, in this run and before.
func (v *vault) checkSeen(m seal.Manifest) error {
	if m.Revision < v.revision {
		return &RolledBackError{Seen: v.revision, Got: m.Revision}
	}
	if v.seen.Digest == "" {
		return nil
	}
	if m.Revision < v.seen.Revision || m.Revision == v.seen.Revision && m.Digest.String() != v.seen.Digest {
		return &RolledBackError{Seen: v.seen.Revision, Got: m.Revision}
	}
	return nil
}

// diagnose explains why an answer does not match the manifest. It can open every record, which a successful sync never does.
func (n *next) diagnose(problems []error, answer protocol.VaultResponse, manifest seal.Manifest) error {
	v := n.v
	var cause error
	for _, r := range answer.Records {
		if r.Deleted {
			continue
		}
		if _, err := v.key.Open(v.place(r.ItemID, sealKind(r.Kind), r.Version), r.Token); err != nil {
			if cause == nil {
				cause = err
			}
			problems = append(problems, err)
		}
	}
	if n.full {
		for _, held := range v.sorted {
			if got := n.changed[held.id]; got != nil && got.meta.version != 0 && got.meta.version < held.meta.version {
				problems = append(problems, older(v.place(held.id, seal.KindAccount, got.meta.version), held.meta.version))
			}
		}
	}
	switch missing := manifest.Count - n.count; {
	case missing > 0:
		problems = append(problems, found(bridge.Finding{Code: bridge.RecordsMissing, Got: missing}, "the server left out %s", records(missing)))
	case missing < 0:
		problems = append(problems, found(bridge.Finding{Code: bridge.RecordsSurplus, Got: -missing}, "the server shows %s too many", records(-missing)))
	case len(problems) == 0:
		problems = append(problems, found(bridge.Finding{Code: bridge.RecordsReplayed},
			"the records do not add up to the sealed manifest: an older token stands in for a newer one"))
	}
	return &VaultAlteredError{Problems: problems, Err: cause}
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}
