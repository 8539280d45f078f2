package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// maxAttempts bounds how often a change is retried after other devices were faster. Of several concurrent writers one always
// succeeds, so this many failures in a row mean a lying server or a very busy vault.
const maxAttempts = 32

// change is one step of the vault, from its revision to the next.
type change struct {
	*next
	puts    []protocol.Put
	deletes []protocol.Place
}

func (v *vault) change() *change { return &change{next: v.begin(false)} }

// write seals content as the given version of a record.
func (c *change) write(account string, kind seal.Kind, version int64, content []byte) error {
	token, err := c.v.key.Seal(c.v.place(account, kind, version), content)
	if err != nil {
		return fmt.Errorf("seal record: %w", err)
	}
	if err := c.put(account, kind, sealed{version, token}); err != nil {
		return err
	}
	c.v.plain.add(c.v.place(account, kind, version), token, content)
	c.puts = append(c.puts, protocol.Put{Place: wirePlace(account, kind, version), Token: token})
	return nil
}

func (c *change) erase(account string, kind seal.Kind, version int64) error {
	c.deletes = append(c.deletes, wirePlace(account, kind, version))
	return c.drop(account, kind, version)
}

// wireKind and sealKind translate between format 1 and the wire, which use different words for the two kinds of records.
func wireKind(k seal.Kind) protocol.Kind {
	if k == seal.KindAccount {
		return protocol.KindOverview
	}
	return protocol.KindDetails
}

// sealKind returns "" for an unknown kind.
func sealKind(k protocol.Kind) seal.Kind {
	switch k {
	case protocol.KindOverview:
		return seal.KindAccount
	case protocol.KindDetails:
		return seal.KindPassword
	}
	return ""
}

func wirePlace(account string, kind seal.Kind, version int64) protocol.Place {
	return protocol.Place{ItemID: account, Kind: wireKind(kind), Version: version}
}

// apply builds a change of the current vault and sends it, and repeats that on the newer vault while other devices are faster.
// build may be called many times; a change without puts and deletes is not sent.
func (op *operation) apply(v *vault, build func(*change) error) error {
	defer v.plain.keep()()
	for range maxAttempts {
		ch := v.change()
		if err := build(ch); err != nil {
			return err
		}
		if len(ch.puts) == 0 && len(ch.deletes) == 0 {
			return nil
		}
		err := op.send(v, ch)
		if !hasCode(err, protocol.CodeRevisionConflict) {
			return err
		}
		if _, err := op.sync(v); err != nil {
			return err
		}
	}
	return ErrBusy
}

func (op *operation) send(v *vault, ch *change) error {
	target := v.revision + 1
	manifest, err := v.key.SealManifest(seal.Manifest{User: v.user, Revision: target, Count: ch.count, Digest: ch.digest})
	if err != nil {
		return fmt.Errorf("seal manifest: %w", err)
	}
	if err := ch.openChanged(op.ctx); err != nil {
		return err
	}
	request := protocol.ChangeRequest{BaseRevision: v.revision, Manifest: manifest, Puts: ch.puts, Deletes: ch.deletes}
	if request.Puts == nil {
		request.Puts = []protocol.Put{}
	}
	if request.Deletes == nil {
		request.Deletes = []protocol.Place{}
	}
	var answer protocol.ChangeResponse
	if err := op.call(methodPost, protocol.PathVaultChanges, request, &answer); err != nil {
		return op.settle(v, ch, target, err)
	}
	if answer.Revision != target {
		return altered(found(bridge.Finding{Code: bridge.RevisionSkipped, Got: answer.Revision, Want: v.revision},
			"the server says that revision %d follows on %d", answer.Revision, v.revision))
	}
	before := v.revision
	op.client.mu.Lock()
	ch.commit(target, manifest)
	op.client.mu.Unlock()
	piece, err := json.Marshal(ch.answer(target, manifest))
	if err != nil {
		return fmt.Errorf("encode the change for the cache: %w", err)
	}
	if err := op.keepDelta(v, before, piece); err != nil {
		return err
	}
	return op.remember(v)
}

// answer returns the change as the server reports it to other devices.
func (c *change) answer(revision int64, manifest string) protocol.VaultResponse {
	out := protocol.VaultResponse{Revision: revision, Manifest: manifest, Records: []protocol.Record{}}
	for _, p := range c.puts {
		out.Records = append(out.Records, protocol.Record{Place: p.Place, Revision: revision, Token: p.Token})
	}
	for _, p := range c.deletes {
		out.Records = append(out.Records, protocol.Record{Place: p, Revision: revision, Deleted: true})
	}
	return out
}

// settle finds out whether the server made a change after its request failed with err.
func (op *operation) settle(v *vault, ch *change, target int64, err error) error {
	var answer *AnswerError
	var server *ServerError
	lost := errors.Is(err, ErrOffline) || errors.As(err, &answer) || op.ctx.Err() != nil
	if errors.As(err, &server) {
		// Without a request id, this is the answer of a proxy that lost the server's.
		lost = server.Code == protocol.CodeStorageUnavailable || server.Code == protocol.CodeInternal ||
			server.Code == protocol.CodeUnavailable && server.RequestID == ""
	}
	if !lost {
		return err
	}
	if op.ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	if _, syncErr := op.sync(v); syncErr != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	if v.revision >= target && v.holds(ch) {
		return nil
	}
	return err
}

// holds reports whether the server made ch, perhaps partly superseded by later changes. No two tokens are equal.
func (v *vault) holds(ch *change) bool {
	for _, p := range ch.puts {
		e := v.entries[p.ItemID]
		if e == nil {
			continue
		}
		for _, r := range append([]sealed{e.meta}, e.secrets...) {
			if r.version == p.Version && r.token == p.Token {
				return true
			}
		}
	}
	if len(ch.puts) > 0 {
		return false
	}
	for _, p := range ch.deletes {
		if e := v.entries[p.ItemID]; e != nil && e.meta.version == p.Version {
			return false
		}
	}
	return true
}
