package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// accountKeys are the secrets of an account, and the document that names their sealed forms.
type accountKeys struct {
	key        seal.AccountKey
	generation int64 // of key
	identity   *seal.Identity
	document   *chain.Document
	proof      accountProof // of the last checkAt that succeeded
}

// accountProof says for which entry of which log an account was checked.
type accountProof struct {
	genesis, entry            chain.Hash
	vault, username, identity string
}

func (k *accountKeys) wipe() {
	k.key.Wipe()
	if k.identity != nil {
		k.identity.Wipe()
	}
}

// parseKDF accepts only the steps of the cost that this release knows. Nothing is derived before.
func parseKDF(k protocol.PasswordKDF) (seal.KDF, error) {
	salt, err := chain.ParseID(k.Salt)
	if err != nil || salt == (chain.ID{}) {
		return seal.KDF{}, fmt.Errorf("salt from the server: %w", seal.ErrBadID)
	}
	if k.Cost < 1 || k.Cost > chain.MaxCost {
		return seal.KDF{}, fmt.Errorf("%w: step %d", seal.ErrUnknownCost, k.Cost)
	}
	return seal.KDF{Salt: salt, Cost: byte(k.Cost)}, nil
}

// refuseCheaper refuses a cost below what this device remembers: the key would be easier to guess.
func (r Remembered) refuseCheaper(k seal.KDF) error {
	if known, ok := r.kdf(); ok && k.Cost < known.Cost {
		return fmt.Errorf("%w: step %d, but this device has seen step %d", ErrCostLowered, k.Cost, known.Cost)
	}
	return nil
}

// prelogin asks for the key derivation of a user, and names the newest log entry that this device remembers.
func (r Remembered) prelogin(username string) protocol.PreloginRequest {
	out := protocol.PreloginRequest{Username: username}
	if s, ok, err := r.state(r.Vault); ok && err == nil {
		out.Known = &protocol.KnownEntry{Vault: r.Vault, Entry: encodeHash(s.Entry.Hash()), Revision: s.Revision}
	}
	return out
}

// acceptKDF refuses a key derivation that is neither the remembered one nor signed by a log that continues the remembered one. The server
// would get an auth key that it can guess against with what it prepared for its salt.
func (r Remembered) acceptKDF(k seal.KDF, change *protocol.KDFChange) error {
	if err := r.refuseCheaper(k); err != nil {
		return err
	}
	known, ok := r.kdf()
	if !ok || known == k {
		return nil
	}
	seen, ok, err := r.state(r.Vault)
	if err != nil || !ok {
		return err
	}
	unsigned := fmt.Errorf("%w: this device knows another salt or cost", seal.ErrKDFMismatch)
	if change == nil {
		return unsigned
	}
	log, err := replica.New(seen.Entry.Author, seen.Entry.Vault).Follow(&replica.Answer{VaultAnswer: protocol.VaultAnswer{VaultLog: change.Log}}, seen)
	if err != nil {
		return err
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(change.Document)
	if err != nil {
		return otherDocument(chain.ErrEncoding)
	}
	d, err := chain.ParseDocument(b)
	if err == nil {
		err = d.Annexed(log.State.Entry)
	}
	if err != nil {
		return otherDocument(err)
	}
	if d.Salt != k.Salt || d.Cost != k.Cost {
		return unsigned
	}
	return nil
}

// signedParts is what a document names: the sealed identity and the wraps. The server cannot replace any of it.
type signedParts struct {
	document *chain.Document
	keys     protocol.AccountKeys
}

// parseKeys reads the document of an account and compares everything beside it with the hashes that it names.
func parseKeys(k protocol.AccountKeys) (signedParts, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(k.Document)
	if err != nil {
		return signedParts{}, otherDocument(chain.ErrEncoding)
	}
	d, err := chain.ParseDocument(b)
	if err != nil {
		return signedParts{}, otherDocument(err)
	}
	if d.Identity != chain.HashOf(chain.HashIdentity, []byte(k.Identity)) {
		return signedParts{}, replica.Altered(replica.Found(bridge.Finding{Code: bridge.AccountUnsigned}, "the sealed identity is not the one in the account document"))
	}
	fits := len(k.Wraps) == len(d.Wraps)
	for i := 0; fits && i < len(d.Wraps); i++ {
		fits = d.Wraps[i].Hash == chain.HashOf(chain.HashWrap, []byte(k.Wraps[i]))
	}
	if !fits {
		return signedParts{}, replica.Altered(replica.Found(bridge.Finding{Code: bridge.AccountUnsigned}, "a wrapped account key is not the one in the account document"))
	}
	return signedParts{d, k}, nil
}

func otherDocument(cause error) error {
	return &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.AccountUnsigned}, "the account document is not the signed one")}, Err: cause}
}

// wrap returns the wrapped account key of a method.
func (p signedParts) wrap(m chain.Method) (string, error) {
	i := slices.IndexFunc(p.document.Wraps, func(w chain.Wrap) bool { return w.Method == m })
	if i < 0 {
		return "", otherDocument(fmt.Errorf("no wrap of method %d", m))
	}
	return p.keys.Wraps[i], nil
}

// open unwraps the account key with k and opens the identity. It refuses keys of a generation below remembered. ErrWrongPassword: k
// does not open the wrap.
func (p signedParts) open(user chain.ID, k seal.WrapKey, wrapped string, remembered Remembered) (accountKeys, error) {
	key, generation, err := k.Unwrap(wrapped, user, remembered.KeyGeneration)
	if errors.Is(err, seal.ErrWrongKey) {
		return accountKeys{}, fmt.Errorf("%w: %w", ErrWrongPassword, err)
	}
	if err != nil {
		return accountKeys{}, fmt.Errorf("open account key: %w", err)
	}
	return p.openIdentity(user, key, generation)
}

func (p signedParts) openIdentity(user chain.ID, key seal.AccountKey, generation int64) (accountKeys, error) {
	if generation != p.document.KeyGeneration {
		return accountKeys{}, otherDocument(seal.ErrOldKey)
	}
	identity, err := key.OpenIdentity(user, generation, p.keys.Identity)
	if err != nil {
		return accountKeys{}, fmt.Errorf("open identity: %w", err)
	}
	return accountKeys{key: key, generation: generation, identity: identity, document: p.document}, nil
}

// openWith derives the password's key as the account says, and opens the account with it. The caller wipes the password's key.
func openWith(a protocol.UserAccount, password string, remembered Remembered) (*vault, seal.PasswordKey, error) {
	user, parts, err := parseAccount(a)
	if err != nil {
		return nil, seal.PasswordKey{}, err
	}
	kdf := seal.KDF{Salt: parts.document.Salt, Cost: parts.document.Cost}
	if err := remembered.refuseCheaper(kdf); err != nil {
		return nil, seal.PasswordKey{}, err
	}
	key, err := derivePassword(password, kdf)
	if err != nil {
		return nil, key, err
	}
	v, err := parts.vault(a, user, key.WrapKey(), remembered)
	return v, key, err
}

// parseAccount reads the ids of an account and what its document names.
func parseAccount(a protocol.UserAccount) (chain.ID, signedParts, error) {
	user, err := chain.ParseID(a.UserID)
	if err != nil || user == (chain.ID{}) {
		return user, signedParts{}, &AnswerError{Path: protocol.PathAccount, Err: seal.ErrBadID}
	}
	parts, err := parseKeys(a.Keys)
	return user, parts, err
}

// vault opens the account with the key of the master password.
func (p signedParts) vault(a protocol.UserAccount, user chain.ID, k seal.WrapKey, remembered Remembered) (*vault, error) {
	wrapped, err := p.wrap(chain.MethodPassword)
	if err != nil {
		return nil, err
	}
	keys, err := p.open(user, k, wrapped, remembered)
	if err != nil {
		return nil, err
	}
	v, err := newVault(a, keys)
	if err != nil {
		keys.wipe()
	}
	return v, err
}

// sameKeys reports whether two accounts are of one user with the same signed parts.
func sameKeys(a, b *protocol.UserAccount) bool {
	return a != nil && b != nil && a.UserID == b.UserID && a.Vault == b.Vault && sameParts(a.Keys, b.Keys)
}

func sameParts(a, b protocol.AccountKeys) bool {
	return a.Document == b.Document && a.Identity == b.Identity && slices.Equal(a.Wraps, b.Wraps)
}

func sameAccount(a, b *protocol.UserAccount) bool {
	return sameKeys(a, b) && a.Username == b.Username && a.TOTPEnabled == b.TOTPEnabled && a.SessionID == b.SessionID && a.Administrator == b.Administrator
}

// check returns an error unless a verified log signs account a: the document is the annex, it names the newest card, and the
// newest account entry follows the entry that the identity names.
func (k *accountKeys) check(a protocol.UserAccount, log *replica.Log) error {
	if err := k.document.Annexed(log.State.Entry); err != nil {
		return err
	}
	return k.checkBefore(a, log)
}

// checkBefore is check for an account that was the newest at some time.
func (k *accountKeys) checkBefore(a protocol.UserAccount, log *replica.Log) error {
	annex := k.document.Hash()
	for _, e := range slices.Backward(log.Entries) {
		if e.Op == chain.OpAccount && e.Annex == annex {
			return k.checkAt(e, a, log)
		}
	}
	return chain.ErrDocument
}

// checkAt is checkBefore for the entry that names the document.
func (k *accountKeys) checkAt(e *chain.Entry, a protocol.UserAccount, log *replica.Log) error {
	at := accountProof{log.State.Genesis, e.Hash(), a.Vault, a.Username, a.Keys.Identity}
	if k.proof == at {
		return nil
	}
	card := log.Cards.Get(k.document.Card)
	if card == nil {
		return chain.ErrUnknownCard
	}
	anchor, err := k.identity.Anchor(card)
	switch {
	case err != nil:
		return err
	case anchor.Genesis != log.State.Genesis || log.State.Entry.Vault.String() != a.Vault:
		return chain.ErrVault
	case card.Username != a.Username:
		return fmt.Errorf("%w: of another username", chain.ErrCard)
	}
	if err := anchor.Check(e, k.document, a.Keys.Identity); err != nil {
		return err
	}
	k.proof = at
	return nil
}

// proveAccount checks that the log signs the account of v. If another device changed the account after it was read, proveAccount reads
// it again, once.
func (op *operation) proveAccount(v *vault, log *replica.Log) error {
	err := v.keys.check(v.account, log)
	if err == nil {
		v.proven = true
		return op.compareAccount(v)
	}
	v.proven = false
	a, fetchErr := op.fetchAccount()
	if fetchErr != nil {
		return errors.Join(fetchErr, accountProblem(err))
	}
	user, parts, err := parseAccount(a)
	if err != nil {
		return err
	}
	if user != v.user || a.Vault != v.account.Vault {
		return replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherUser}, "the server answered for a different user"))
	}
	keys, err := v.openNewer(user, parts, log)
	if errors.Is(err, ErrRekeyed) {
		op.rekeyed = true
	}
	if err != nil {
		return err
	}
	if err := keys.check(a, log); err != nil {
		keys.identity.Wipe()
		return accountProblem(err)
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	v.keys.wipe()
	v.keys, v.account, v.proven = keys, a, true
	v.forgetNext()
	return nil
}

// nextKey is the account key of an entry in flight. It stays in memory: if it were stored, the former account key would open it.
type nextKey struct {
	key        seal.AccountKey
	generation int64
}

func (u *unlocked) forgetNext() {
	if u.next != nil {
		u.next.key.Wipe()
		u.next = nil
	}
}

// openNewer opens an account that replaces that of v, with the account key of v or with the one of the entry in flight. It returns
// ErrRekeyed if a verified log signs an account with another account key.
func (v *vault) openNewer(user chain.ID, parts signedParts, log *replica.Log) (accountKeys, error) {
	d := parts.document
	if d.KeyGeneration <= v.keys.generation {
		return parts.openIdentity(user, v.keys.key, v.keys.generation)
	}
	if v.next != nil {
		if keys, err := parts.openIdentity(user, v.next.key, v.next.generation); err == nil {
			return keys, nil
		}
	}
	if err := d.Annexed(log.State.Entry); err != nil {
		return accountKeys{}, accountProblem(err)
	}
	return accountKeys{}, ErrRekeyed
}

// compareAccount returns an error if the server showed another account when the vault was unlocked, and still does, although its log signs
// that of v. A restored server has the right one as soon as it has the log.
func (op *operation) compareAccount(v *vault) error {
	if !v.shownOther {
		return nil
	}
	a, err := op.fetchAccount()
	if err != nil {
		return err
	}
	v.shownOther = !sameKeys(&a, &v.account)
	if v.shownOther {
		return accountProblem(chain.ErrDocument)
	}
	return nil
}

// proveCached is proveAccount for a log in the cache, which may be newer than the cached account.
func (v *vault) proveCached(log *replica.Log) error {
	return accountProblem(v.keys.checkBefore(v.account, log))
}

func accountProblem(err error) error {
	if err == nil {
		return nil
	}
	return &VaultAlteredError{Problems: []error{replica.Found(bridge.Finding{Code: bridge.AccountUnsigned}, "the log of the vault does not sign this account: %v", err)}, Err: err}
}

// author returns what signs for this user in a vault: the card of the newest roster. While a new card waits for a shared vault to take it,
// that is the one before.
func (v *vault) author() (replica.Author, error) {
	log := v.Log()
	member := log.State.Entry.Member(v.user)
	if member == nil {
		return replica.Author{}, seal.ErrNotMember
	}
	card := log.Cards.Get(member.Card)
	if card == nil {
		return replica.Author{}, chain.ErrUnknownCard
	}
	keys, err := v.keys.identity.Keys(card)
	return replica.Author{User: v.user, Card: member.Card, Keys: keys}, err
}

func encodeSigned(b []byte) protocol.Signed { return base64.RawURLEncoding.EncodeToString(b) }

func encodeDocument(d *chain.Document) protocol.Signed { return encodeSigned(d.Encode()) }
