package seal

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestKeysPrintNothing(t *testing.T) {
	t.Parallel()
	s := sealing.Of(sealtest.Fixed("a key that must not be seen"))
	sealtest.PrintNothing(t, s,
		PasswordKey{secret: s}, RecoveryPhrase{s}, PasskeyKey{s}, WrapKey{secret: s}, MasterKey{s}, HandoverKey{s}, ExportKey{s}, AuthKey{s}, AccountKey{s}, EpochKey{s}, RecordKeys{s}, AttachmentKey{s},
		Signing{s}, KEMPrivate{s}, CardKeys{Signing{s}, KEMPrivate{s}}, PreviousKey{1, EpochKey{s}}, OfferKey{s}, JoinKey{s}, InvitationKeys{OfferKey{s}, JoinKey{s}},
		&AccountKey{s}, []EpochKey{{s}}, map[string]AuthKey{"k": {s}}, struct{ K AccountKey }{AccountKey{s}},
		&Identity{Cards: []CardKeys{{Signing{s}, KEMPrivate{s}}}, Former: []AccountKey{{s}}},
	)
}

func TestZeroKeysPanic(t *testing.T) {
	t.Parallel()
	user, vault := fixedID("user"), fixedID("vault")
	var (
		account    AccountKey
		epoch      EpochKey
		wrap       = WrapKey{method: chain.MethodPhrase}
		attachment AttachmentKey
		keys       CardKeys
	)
	token := sealtest.Forge(t, sealing.Of(sealtest.Fixed("k")), nil)
	c := newEnvelopeCase(t)
	identity, _ := fixedIdentity(t)
	identity.Wipe()
	wiped := fixedEpochKey("epoch")
	wiped.Wipe()
	commitment := func(uint32) (chain.Hash, bool) { return chain.Hash{}, true }
	for name, use := range map[string]func(){
		"PasswordKey.AuthKey":       func() { PasswordKey{}.AuthKey() },
		"PasswordKey.WrapKey":       func() { PasswordKey{}.WrapKey() },
		"RecoveryPhrase.AuthKey":    func() { RecoveryPhrase{}.AuthKey() },
		"RecoveryPhrase.WrapKey":    func() { RecoveryPhrase{}.WrapKey() },
		"RecoveryPhrase.Words":      func() { RecoveryPhrase{}.Words() },
		"HandoverKey.WrapKey":       func() { HandoverKey{}.WrapKey("session", "wrapped") },
		"PasskeyKey.WrapKey":        func() { PasskeyKey{}.WrapKey(user, vault) },
		"AuthKey.Hash":              func() { AuthKey{}.Hash() },
		"WrapKey.Wrap":              func() { _, _ = wrap.Wrap(fixedAccountKey("account"), user, 1) },
		"WrapKey.Wrap, account key": func() { _, _ = fixedWrapKeys()[chain.MethodPhrase].Wrap(account, user, 1) },
		"WrapKey.Unwrap":            func() { _, _, _ = wrap.Unwrap(token, user, 0) },
		"SealIdentity":              func() { i, _ := fixedIdentity(t); _, _ = account.SealIdentity(i) },
		"SealIdentity, wiped":       func() { _, _ = fixedAccountKey("account").SealIdentity(identity) },
		"OpenIdentity":              func() { _, _ = account.OpenIdentity(user, 1, token) },
		"SealOnDevice":              func() { _, _ = account.SealOnDevice(UseOutbox, user, nil) },
		"OpenOnDevice":              func() { _, _ = account.OpenOnDevice(UseOutbox, user, token) },
		"Commitment":                func() { epoch.Commitment(vault, 1) },
		"EpochKey.Seal":             func() { _, _ = epoch.Seal(fixedRecordPlace(), Record{}) },
		"EpochKey.Seal, wiped":      func() { _, _ = wiped.Seal(fixedRecordPlace(), Record{}) },
		"EpochKey.Open":             func() { _, _ = epoch.Open(fixedRecordPlace(), token) },
		"SealOffer":                 func() { _, _ = InvitationKeys{}.SealOffer(nil) },
		"OpenOffer":                 func() { _, _ = InvitationKeys{}.OpenOffer(token) },
		"Answer":                    func() { InvitationKeys{}.Answer(chain.Hash{1}, user, chain.Hash{1}) },
		"SealPrevious":              func() { _, _ = epoch.SealPrevious(vault, 3, fixedPrevious()) },
		"SealPrevious, zero key":    func() { _, _ = wiped.SealPrevious(vault, 3, []PreviousKey{{1, epoch}}) },
		"OpenPrevious":              func() { _, _ = epoch.OpenPrevious(vault, 3, token, commitment) },
		"SealEnvelope":              func() { _, _ = epoch.SealEnvelope(vault, 3, c.card) },
		"OpenEnvelope":              func() { _, _ = keys.KEM.OpenEnvelope(c.entry, c.card.User, c.envelope) },
		"Signing.Sign":              func() { keys.Signing.Sign(nil) },
		"FirstCard":                 func() { _, _ = FirstCard(user, "ann", keys) },
		"AttachmentKey.Encode":      func() { attachment.Encode() },
		"AttachmentKey.Seal":        func() { _, _ = attachment.Seal(Chunk{user, 1, 1}, nil) },
		"AttachmentKey.Open":        func() { _, _ = attachment.Open(Chunk{user, 1, 1}, token) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != "seal: use of a zero key" {
					t.Errorf("recovered %v", got)
				}
			}()
			use()
		})
	}
}

func TestEqualityAndWipe(t *testing.T) {
	t.Parallel()
	s, o := sealing.Of(sealtest.Fixed("a")), sealing.Of(sealtest.Fixed("b"))
	password, phrase, passkey, wrap := PasswordKey{secret: s}, RecoveryPhrase{s}, PasskeyKey{s}, WrapKey{secret: s}
	account, epoch, attachment, signing, kem := AccountKey{s}, EpochKey{s}, AttachmentKey{s}, Signing{s}, KEMPrivate{s}
	for name, c := range map[string]struct {
		same, other bool
		wipe        func()
		key         *secret
	}{
		"PasswordKey":    {password.Equal(password), password.Equal(PasswordKey{secret: o}), password.Wipe, &password.secret},
		"RecoveryPhrase": {phrase.Equal(phrase), phrase.Equal(RecoveryPhrase{o}), phrase.Wipe, &phrase.secret},
		"PasskeyKey":     {passkey.Equal(passkey), passkey.Equal(PasskeyKey{o}), passkey.Wipe, &passkey.secret},
		"WrapKey":        {wrap.Equal(wrap), wrap.Equal(WrapKey{secret: o}), wrap.Wipe, &wrap.secret},
		"AccountKey":     {account.Equal(account), account.Equal(AccountKey{o}), account.Wipe, &account.secret},
		"EpochKey":       {epoch.Equal(epoch), epoch.Equal(EpochKey{o}), epoch.Wipe, &epoch.secret},
		"AttachmentKey":  {attachment.Equal(attachment), attachment.Equal(AttachmentKey{o}), attachment.Wipe, &attachment.secret},
		"Signing":        {signing.Equal(signing), signing.Equal(Signing{o}), signing.Wipe, &signing.secret},
		"KEMPrivate":     {kem.Equal(kem), kem.Equal(KEMPrivate{o}), kem.Wipe, &kem.secret},
	} {
		if !c.same || c.other {
			t.Errorf("%s equals another, or not itself", name)
		}
		if c.wipe(); !sealing.IsZero(c.key) {
			t.Errorf("%s is there after it was wiped", name)
		}
	}
	records := EpochKey{s}.Records()
	if records.Wipe(); !sealing.IsZero(&records.secret) {
		t.Error("the keys of the records are there after they were wiped")
	}
	if NewRecoveryPhrase().Equal(NewRecoveryPhrase()) || NewAccountKey().Equal(NewAccountKey()) || NewEpochKey().Equal(NewEpochKey()) || NewAttachmentKey().Equal(NewAttachmentKey()) {
		t.Error("two new keys are equal")
	}
}

func TestErrorsNameTheObject(t *testing.T) {
	t.Parallel()
	id := fixedID("item")
	for want, err := range map[string]error{
		"record of item " + id.String() + ", kind 2, version 7, epoch 3 was changed outside this vault": &RecordError{
			RecordPlace{fixedID("vault"), 3, id, chain.RecordDetails, 7}, ErrAltered,
		},
		"chunk 2 of 3 of attachment " + id.String() + " is too large to be sealed": &ChunkError{Chunk{id, 2, 3}, ErrTooLarge},
		"key of epoch 4 does not match the commitment in the log":                  &EpochError{4, ErrCommitment},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
