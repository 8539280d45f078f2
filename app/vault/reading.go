package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// AnswerWriter receives a protocol.VaultAnswer.
type AnswerWriter interface {
	// Log receives everything but the records. It is called again if the vault changes before the records are read.
	Log(log protocol.VaultLog) error
	// Write receives a record. The rules of ChangeWriter apply.
	Write(r protocol.VaultRecord) error
}

// VaultLog returns what a member is missing of the log of a vault.
func (s *Service) VaultLog(ctx context.Context, session Session, vaultID string, after, revision int64) (protocol.VaultLog, error) {
	asked := Asked{After: after, Revision: revision}
	if err := asked.check(); err != nil {
		return protocol.VaultLog{}, err
	}
	head, member, err := s.member(ctx, session, vaultID)
	if err != nil {
		return protocol.VaultLog{}, err
	}
	return s.log(ctx, head, member.User, asked)
}

// answerTries bounds how often a vault may change between the reads of one answer.
const answerTries = 3

// errMoved stops a store that reads another state than that of the log.
var errMoved = errors.New("vault changed during the read")

// Changes writes what a member is missing of a vault to w: log and records of one state.
func (s *Service) Changes(ctx context.Context, session Session, vaultID string, asked Asked, w AnswerWriter) error {
	if err := asked.check(); err != nil {
		return err
	}
	for range answerTries {
		head, member, err := s.member(ctx, session, vaultID)
		if errors.Is(err, errNoVault) {
			return s.formerLog(ctx, session, vaultID, asked, w)
		}
		if err != nil {
			return err
		}
		log, err := s.log(ctx, head, member.User, asked)
		if err != nil {
			return err
		}
		if err := w.Log(log); err != nil || log.More {
			return err
		}
		// Another read, because a store may hold a lock while it writes the records.
		err = s.store.Changes(ctx, head.Vault, asked.Since, &answering{head, w})
		if errors.Is(err, ErrNotFound) {
			return errNoVault
		}
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrStoreUnavailable, errMoved)
}

// formerLog writes what a former member is missing of the log that ends with the membership.
func (s *Service) formerLog(ctx context.Context, session Session, vaultID string, asked Asked, w AnswerWriter) error {
	head, user, err := s.former(ctx, session, vaultID)
	if err != nil {
		return err
	}
	log, err := s.log(ctx, head, user, asked)
	if err != nil {
		return err
	}
	return w.Log(log)
}

// answering passes the records on if they are of the log's state.
type answering struct {
	head Head
	w    AnswerWriter
}

func (a *answering) Begin(h Head) error {
	if h.State.Write != a.head.State.Write || h.State.Entry.Hash() != a.head.State.Entry.Hash() {
		return errMoved
	}
	return nil
}

func (a *answering) Write(r Record) error { return a.w.Write(r.wire()) }

func (r Record) wire() protocol.VaultRecord {
	out := protocol.VaultRecord{
		ItemID: r.Line.ID.String(), Kind: r.Line.Kind.Wire(), Version: int64(r.Line.Version), Epoch: int64(r.Line.Epoch),
		Revision: r.Revision, Token: r.Token, Deleted: r.Deleted,
	}
	if r.Line.Kind == chain.Attachment && !r.Deleted {
		out.Hash = rawURL.EncodeToString(r.Line.Hash[:])
	}
	return out
}

// Small reports whether Changes would write at most limit bytes of tokens. An AnswerWriter may ask in Log: before, it is not known whether
// the caller may know of the vault.
func (s *Service) Small(ctx context.Context, vaultID string, since, limit int64) (bool, error) {
	id, err := parseVaultID(vaultID)
	if err != nil {
		return false, err
	}
	return s.store.Small(ctx, id, since, limit)
}
