package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// recovery is one Recover.
type recovery struct {
	*operation
	username, device string
	words            seal.RecoveryPhrase
	removeTOTP       bool
}

// recovered is an account that the phrase opened. Its log is verified, and signs the account.
type recovered struct {
	*vault
	log *replica.Log
}

// open opens the account with the phrase, and verifies the log of the personal vault.
func (r *recovery) open() (*recovered, error) {
	known, err := r.findRemembered(r.username)
	if err != nil {
		return nil, err
	}
	revision, _ := known.Head()
	for range 2 {
		v, opened, err := r.ask(revision)
		if err != nil {
			return nil, err
		}
		seen, err := v.seen()
		if err != nil {
			return nil, err
		}
		if seen.Revision != revision { // the user has another name by now
			revision = seen.Revision
			continue
		}
		log, err := v.Follow(&replica.Answer{VaultAnswer: protocol.VaultAnswer{VaultLog: opened.Log}}, seen)
		if err != nil {
			return nil, err
		}
		if card := log.Cards.Get(v.keys.document.Card); card != nil {
			v.account.Username = card.Username // as signed, instead of as typed
		}
		return &recovered{v, log}, accountProblem(v.keys.check(v.account, log))
	}
	return nil, &AnswerError{Path: protocol.PathRecoveryOpen, Err: errors.New("the user changed between two requests")}
}

// ask proves the phrase and opens the account. revision is that of the remembered state.
func (r *recovery) ask(revision int64) (*vault, protocol.PhraseOpened, error) {
	var opened protocol.PhraseOpened
	refuse := func(err error) (*vault, protocol.PhraseOpened, error) { return nil, opened, err }
	proof := protocol.PhraseProof{Username: r.username, RecoveryAuthKey: r.words.AuthKey().Encode(), After: -1, Revision: revision}
	err := r.callWithin(methodPost, protocol.PathRecoveryOpen, proof, &opened, maxVault)
	if hasCode(err, protocol.CodeInvalidCredentials) {
		return refuse(fmt.Errorf("%w: %w", ErrWrongPhrase, err))
	}
	if err != nil {
		return refuse(err)
	}
	a := protocol.UserAccount{Username: r.username, UserID: opened.UserID, Vault: opened.Vault, Keys: opened.Keys, TOTPEnabled: opened.TOTPEnabled}
	user, parts, err := parseAccount(a)
	if err != nil {
		return refuse(err)
	}
	remembered, err := r.rememberedOf(user)
	if err != nil {
		return refuse(err)
	}
	wrapped, err := parts.wrap(chain.MethodPhrase)
	if err != nil {
		return refuse(err)
	}
	keys, err := parts.open(user, r.words.WrapKey(), wrapped, remembered)
	if errors.Is(err, ErrWrongPassword) {
		return refuse(&VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.OtherAccountKey}, "the account key wrapped for recovery is not this user's")}, Err: seal.ErrWrongKey})
	}
	if err != nil {
		return refuse(err)
	}
	v, err := newVault(a, keys)
	if err != nil {
		return refuse(err)
	}
	v.recollect(remembered)
	return v, opened, nil
}

// finish signs and sends the account entry with the new password, and enters the session that it begins.
func (r *recovery) finish(v *recovered, fresh newPassword) (string, error) {
	unlock, err := r.memory.Lock(r.ctx, v.user.String())
	if err != nil {
		return "", fmt.Errorf("wait for another tab or process: %w", err)
	}
	defer unlock()
	if now, err := r.rememberedOf(v.user); err != nil {
		return "", err
	} else if !now.Equal(v.remembered) { // another tab was faster
		return "", errAgain
	}
	if again, err := r.resolve(v); err != nil {
		return "", err
	} else if again {
		return "", errAgain
	}
	d, err := v.draft()
	if err != nil {
		return "", err
	}
	d.setPassword(fresh)
	e, err := d.sign(v.log)
	if err != nil {
		return "", err
	}
	change := e.wire()
	change.AuthKey = fresh.auth.Encode()
	request := protocol.PhraseEntryRequest{
		Username: r.username, RecoveryAuthKey: r.words.AuthKey().Encode(), Change: change, RemoveTOTP: r.removeTOTP, Device: r.device,
		Transport: r.client.sessionTransport(),
	}
	body, err := json.Marshal(request)
	if err != nil {
		return "", fmt.Errorf("encode account entry: %w", err)
	}
	if err := r.putEntry(v.vault, &entryInFlight{Entry: change.Entry, Path: protocol.PathRecoveryFinish, Request: body}); err != nil {
		return "", err
	}
	answer, err := r.post(v, body)
	if err != nil {
		return "", err
	}
	a := answer.Account
	if a.UserID != v.account.UserID || a.Vault != v.account.Vault || !sameParts(a.Keys, e.keys) {
		return "", replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherAccount}, "the server answered the recovery with another account"))
	}
	next, err := newVault(a, e.accountKeys)
	if err != nil {
		return "", err
	}
	return a.Username, r.enter(answer, next, r.device)
}

// errAgain: the log moved on. Read it again.
var errAgain = errors.New("the log of the vault moved on")

// resolve sends an entry of an earlier recovery again, whose answer was lost. again says that the log is different now.
func (r *recovery) resolve(v *recovered) (again bool, err error) {
	sent, entry := r.inFlight(v.vault)
	if sent == nil {
		return false, nil
	}
	request := r.again(sent)
	if done, _ := decided(entry, v.log); done || request == nil {
		return false, r.dropEntry(v.vault)
	}
	_, err = r.post(v, request)
	return true, err
}

// again returns the request that sends an entry again with the phrase: its session may be gone. It returns nil for a new phrase, which
// would shut out the phrase that the user has just entered.
func (r *recovery) again(sent *entryInFlight) json.RawMessage {
	if sent.Path == protocol.PathRecoveryFinish {
		return sent.Request
	}
	var before protocol.AccountEntryRequest
	if sent.Path != protocol.PathAccountEntry || decodeStrict(sent.Request, &before) != nil || before.Change.RecoveryAuthKey != "" {
		return nil
	}
	request, err := json.Marshal(protocol.PhraseEntryRequest{
		Username: r.username, RecoveryAuthKey: r.words.AuthKey().Encode(), Change: before.Change, Device: r.device,
		Transport: r.client.sessionTransport(),
	})
	if err != nil {
		return nil
	}
	return request
}

func (r *recovery) post(v *recovered, request json.RawMessage) (protocol.UserSession, error) {
	var answer protocol.UserSession
	err := r.call(methodPost, protocol.PathRecoveryFinish, request, &answer)
	switch {
	case err == nil || refusesPermanently(err):
		return answer, errors.Join(err, r.dropEntry(v.vault))
	case !r.lost(err): // the next attempt finds out, and sends the same entry
	case r.ctx.Err() == nil:
		return answer, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return answer, err
}
