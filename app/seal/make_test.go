package seal

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// maker builds the vectors of one personal vault from fixed keys and IVs.
type maker struct {
	t     *testing.T
	user  chain.ID
	vault chain.ID
}

// seal runs f with the fixed IV of a name.
func (m maker) seal(name string, key secret, plaintext []byte, f func() (string, error)) sealed {
	m.t.Helper()
	iv := sealtest.Fixed("format 2 iv " + name)
	return sealed{sealtest.Hex(key), hex.EncodeToString(plaintext), hex.EncodeToString(iv[:16]), sealtest.WithIV(m.t, iv[:16], f)}
}

func (m maker) forged(object, why string, key secret, plaintext []byte) refusedPlaintext {
	m.t.Helper()
	s := m.seal("refused", key, plaintext, func() (string, error) { return sealing.SealToken(key, plaintext) })
	return refusedPlaintext{object, why, s.Token}
}

func hexHash(h chain.Hash) string { return hex.EncodeToString(h[:]) }

func makeVectors(t *testing.T) vectors {
	t.Helper()
	m := maker{t, fixedID("user"), fixedID("vault")}
	v := vectors{
		Comment: "sealed objects of format 2: see docs/sealed-format.md. Bytes are hex; ids, salts and tokens as on the wire; auth_key " +
			"standard base64; the key of the attachment base64url. refused_plaintexts open under the key of the first object of their sort.",
		AccountKey: sealtest.Hex(fixedAccountKey("account").secret),
	}
	password := m.passwords(&v)
	phrase := fixedPhrase(m.t)
	v.Phrase = phraseVector{
		sealtest.Hex(phrase.secret), strings.Join(phrase.Words(), " "), phrase.AuthKey().Encode(), hexHash(phrase.AuthKey().Hash()), sealtest.Hex(phrase.WrapKey().secret),
	}
	passkey := PasskeyKey{sealing.Of(sealtest.Fixed("prf"))}
	passkeyWrap := passkey.WrapKey(m.user, fixedID("passkey"))
	v.Passkey = passkeyVector{sealtest.Hex(passkey.secret), m.user.String(), fixedID("passkey").String(), sealtest.Hex(passkeyWrap.secret)}
	for _, k := range []WrapKey{password.WrapKey(), phrase.WrapKey(), passkeyWrap} {
		v.Wraps = append(v.Wraps, m.wrap(k))
	}
	for _, use := range []DeviceUse{UseOutbox, UseDraft, UseCache} {
		v.Device = append(v.Device, m.device(use))
	}
	m.identity(&v)
	m.epochs(&v)
	m.attachment(&v)
	m.refused(&v, password.WrapKey())
	for _, n := range []int{0, 255, 256, 319, 320, 383, 447, 511, 512, 639, 640, 1023, 1024, 32768, 40959} {
		v.Padding = append(v.Padding, paddingVector{n, sealing.Bucket(n)})
	}
	return v
}

// passwords returns the key of the first.
func (m maker) passwords(v *vectors) (first PasswordKey) {
	m.t.Helper()
	for i, password := range []string{"caf\u0065\u0301 \uff21\ufb01 \U0001f511", "correct horse battery staple", "a" + strings.Repeat("\u0301", 40)} {
		kdf := KDF{fixedID("salt " + string('1'+rune(i))), byte(i + 1)}
		k, err := DerivePasswordKey(password, kdf)
		if err != nil {
			m.t.Fatal(err)
		}
		if i == 0 {
			first = k
		}
		v.Passwords = append(v.Passwords, passwordVector{
			hex.EncodeToString([]byte(password)), chain.ID(kdf.Salt).String(), kdf.Cost, sealtest.Hex(k.secret), k.AuthKey().Encode(),
			hexHash(k.AuthKey().Hash()), sealtest.Hex(k.WrapKey().secret),
		})
	}
	return first
}

func (m maker) wrap(k WrapKey) wrapVector {
	m.t.Helper()
	account := fixedAccountKey("account")
	plaintext := (&wrapped{m.user, k.method, 3, k.kdf, k.passkey, account}).encode()
	w := wrapVector{User: m.user.String(), Method: byte(k.method), Generation: 3, Cost: k.kdf.Cost}
	w.sealed = m.seal("wrap", k.secret, plaintext, func() (string, error) { return k.Wrap(account, m.user, 3) })
	if k.method == chain.MethodPassword {
		w.Salt = chain.ID(k.kdf.Salt).String()
	}
	if k.method == chain.MethodPasskey {
		w.Passkey = k.passkey.String()
	}
	w.Hash = hexHash(chain.HashOf(chain.HashWrap, []byte(w.Token)))
	return w
}

func (m maker) device(use DeviceUse) deviceVector {
	m.t.Helper()
	account, content := fixedAccountKey("account"), []byte("what a device keeps as "+use)
	return deviceVector{
		string(use), m.user.String(), hex.EncodeToString(content),
		m.seal("device", account.deviceKey(use), pad(deviceHead(use, m.user), content), func() (string, error) {
			return account.SealOnDevice(use, m.user, content)
		}),
	}
}

func (m maker) identity(v *vectors) {
	m.t.Helper()
	account := fixedAccountKey("account")
	i, cards := fixedIdentity(m.t)
	for n, c := range cards {
		v.Cards = append(v.Cards, cardVector{
			c.Username, c.Generation, sealtest.Hex(i.Cards[n].Signing.secret), hex.EncodeToString(c.SigningKey[:]), sealtest.Hex(i.Cards[n].KEM.secret),
			hex.EncodeToString(c.KEMKey), hex.EncodeToString(c.Encode()), hexHash(c.Hash()),
		})
	}
	v.Identity = identityVector{
		User: i.User.String(), Generation: i.KeyGeneration, Genesis: hexHash(i.Genesis), Before: hexHash(i.Before),
		sealed: m.seal("identity", account.identityKey(i.User), i.encode(), func() (string, error) { return account.SealIdentity(i) }),
	}
	for _, k := range i.Former {
		v.Identity.Former = append(v.Identity.Former, sealtest.Hex(k.secret))
	}
	v.Identity.Hash = hexHash(chain.HashOf(chain.HashIdentity, []byte(v.Identity.Token)))
}

// epochs adds the keys of three epochs, and what is sealed under them.
func (m maker) epochs(v *vectors) {
	m.t.Helper()
	key := fixedEpochKey("epoch 3")
	keys := append([]PreviousKey{{3, key}}, fixedPrevious()...)
	for _, k := range keys {
		v.Epochs = append(v.Epochs, epochVector{m.vault.String(), k.Epoch, sealtest.Hex(k.Key.secret), hexHash(k.Key.Commitment(m.vault, k.Epoch))})
	}
	v.Previous = previousVector{m.vault.String(), 3, m.seal("previous", key.previousKey(m.vault, 3),
		(&previousKeys{m.vault, 3, keys[1:]}).encode(), func() (string, error) { return key.SealPrevious(m.vault, 3, keys[1:]) })}

	card, err := chain.ParseCard(opener{t: m.t}.hex(v.Cards[len(v.Cards)-1].Card))
	if err != nil {
		m.t.Fatal(err)
	}
	a := addressee{m.vault, 3, m.user, card.Hash()}
	e := encapsulate(m.t, card.KEMKey, "envelope", a.info())
	v.Envelope = envelopeVector{
		Vault: m.vault.String(), Epoch: 3, To: m.user.String(), Card: hexHash(a.card), Info: hex.EncodeToString(a.info()),
		Encapsulated: hex.EncodeToString(e.encapsulated), Shared: hex.EncodeToString(e.shared),
	}
	exported := sealing.Of([sealing.KeySize]byte(e.exported))
	v.Envelope.sealed = m.seal("envelope", exported, a.encode(key), func() (string, error) { return sealing.SealToken(exported, a.encode(key)) })
	envelope := append(e.encapsulated, v.Envelope.Token...)
	v.Envelope.Envelope, v.Envelope.Hash = hex.EncodeToString(envelope), hexHash(chain.HashOf(chain.HashEnvelope, envelope))

	for _, r := range []struct {
		key  EpochKey
		p    RecordPlace
		r    Record
		name string
	}{
		{key, fixedRecordPlace(), Record{Content: []byte(`{"password":"hunter2"}`)}, "details"},
		{key, RecordPlace{m.vault, 3, fixedID("item"), chain.RecordOverview, 1}, Record{Origin{m.user, 258}, []byte(`{"title":"Example"}`)}, "overview"},
		{keys[2].Key, RecordPlace{m.vault, 1, fixedID("vault name"), chain.RecordVault, 1<<32 - 1}, Record{}, "vault"},
		{keys[1].Key, RecordPlace{m.vault, 2, fixedID("pin"), chain.RecordPin, 2}, Record{Origin{m.user, chain.MaxNumber}, []byte(strings.Repeat("ü", 300))}, "pin"},
	} {
		v.Records = append(v.Records, m.record(r.name, r.key, r.p, r.r))
	}
}

func (m maker) record(name string, k EpochKey, p RecordPlace, r Record) recordVector {
	m.t.Helper()
	v := recordVector{
		Vault: p.Vault.String(), Epoch: p.Epoch, Item: p.Item.String(), Kind: byte(p.Kind), Version: p.Version,
		OriginRevision: r.Origin.Revision, Place: hex.EncodeToString(p.append(nil)), Content: hex.EncodeToString(r.Content),
		sealed: m.seal(name, k.Records().key(p), pad(recordHead(p, r.Origin), r.Content), func() (string, error) { return k.Seal(p, r) }),
	}
	if r.Origin != (Origin{}) {
		v.OriginAuthor = r.Origin.Author.String()
	}
	v.Hash = hexHash(chain.HashOf(chain.HashToken, []byte(v.Token)))
	return v
}

func (m maker) attachment(v *vectors) {
	m.t.Helper()
	k, id := AttachmentKey{sealing.Of(sealtest.Fixed("attachment key"))}, fixedID("attachment")
	v.Attachment = attachmentVector{ID: id.String(), Key: k.Encode()}
	var hashes []chain.Hash
	for i, content := range []string{"the first of two", ""} {
		c := Chunk{id, uint32(i + 1), 2}
		s := m.seal("chunk", k.chunkKey(c), pad(c.head(), []byte(content)), func() (string, error) { return k.Seal(c, []byte(content)) })
		h := chain.HashOf(chain.HashChunk, []byte(s.Token))
		hashes = append(hashes, h)
		v.Attachment.Chunks = append(v.Attachment.Chunks, chunkVector{c.Number, c.Count, hex.EncodeToString([]byte(content)), s, hexHash(h)})
	}
	v.Attachment.Hash = hexHash(chain.HashAttachment(hashes))
}

// refused adds what a faulty or hostile holder of a key can seal.
func (m maker) refused(v *vectors, wrap WrapKey) {
	m.t.Helper()
	account, epoch := fixedAccountKey("account"), fixedEpochKey("epoch 3")
	i, _ := fixedIdentity(m.t)
	p := fixedRecordPlace()
	attachment, chunk := AttachmentKey{sealing.Of(sealtest.Fixed("attachment key"))}, Chunk{fixedID("attachment"), 1, 2}
	record := pad(recordHead(p, Origin{}), []byte("content"))
	wrapPlain := (&wrapped{m.user, chain.MethodPassword, 3, wrap.kdf, chain.ID{}, account}).encode()
	ascending := (&previousKeys{m.vault, 3, []PreviousKey{fixedPrevious()[1], fixedPrevious()[0]}}).encode()
	changed := func(b []byte, at int, to byte) []byte { b = bytes.Clone(b); b[at] = to; return b }
	moved := p
	moved.Version++
	v.Refused = []refusedPlaintext{
		m.forged("wrap", "trailing byte", wrap.secret, append(bytes.Clone(wrapPlain), 0)),
		m.forged("wrap", "zero key", wrap.secret, append(bytes.Clone(wrapPlain[:len(wrapPlain)-sealing.KeySize]), make([]byte, sealing.KeySize)...)),
		m.forged("wrap", "another method", wrap.secret, (&wrapped{m.user, chain.MethodPhrase, 3, KDF{}, chain.ID{}, account}).encode()),
		m.forged("wrap", "another cost", wrap.secret, changed(wrapPlain, 2+16+1+8+16, 2)),
		m.forged("identity", "another user", account.identityKey(m.user), changed(i.encode(), 2, 0)),
		m.forged("identity", "another generation", account.identityKey(m.user), changed(i.encode(), 2+16+7, 4)),
		m.forged("identity", "truncated", account.identityKey(m.user), i.encode()[:len(i.encode())-1]),
		m.forged("record", "another place", epoch.Records().key(p), pad(recordHead(moved, Origin{}), []byte("content"))),
		m.forged("record", "padding is not zero", epoch.Records().key(p), changed(record, len(record)-1, 1)),
		m.forged("record", "not padded", epoch.Records().key(p), append(recordHead(p, Origin{}), 0, 0, 0, 0)),
		m.forged("record", "format 1", epoch.Records().key(p), changed(record, 0, 1)),
		m.forged("previous", "ascending", epoch.previousKey(m.vault, 3), ascending),
		m.forged("previous", "of another epoch", epoch.previousKey(m.vault, 3), (&previousKeys{m.vault, 4, fixedPrevious()}).encode()),
		m.forged("chunk", "another number", attachment.chunkKey(chunk), pad(Chunk{chunk.Attachment, 2, 2}.head(), nil)),
	}
}
