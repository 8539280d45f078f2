package seal

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// vectors.json pins the sealed objects of format 2 for every implementation. It is embedded, so that the WebAssembly build reads it too.
// After a deliberate change of the format, run: go test ./app/seal -run TestVectors -update
//
//go:embed testdata/vectors.json
var frozen []byte

// vectors describes one personal vault: each part opens with keys from the parts before, beginning at the password.
type vectors struct {
	Comment    string             `json:"comment"`
	Passwords  []passwordVector   `json:"passwords"`
	Phrase     phraseVector       `json:"phrase"`
	Passkey    passkeyVector      `json:"passkey"`
	AccountKey string             `json:"account_key"`
	Wraps      []wrapVector       `json:"wraps"`
	Device     []deviceVector     `json:"device"`
	Cards      []cardVector       `json:"cards"`
	Identity   identityVector     `json:"identity"`
	Epochs     []epochVector      `json:"epochs"`
	Envelope   envelopeVector     `json:"envelope"`
	Previous   previousVector     `json:"previous"`
	Records    []recordVector     `json:"records"`
	Attachment attachmentVector   `json:"attachment"`
	Padding    []paddingVector    `json:"padding"`
	Refused    []refusedPlaintext `json:"refused_plaintexts"`
}

type paddingVector struct {
	Unpadded   int `json:"unpadded"`
	Ciphertext int `json:"ciphertext"`
}

// sealed is a token and how it came about.
type sealed struct {
	Key       string `json:"key"`
	Plaintext string `json:"plaintext"`
	IV        string `json:"iv"`
	Token     string `json:"token"`
}

type passwordVector struct {
	Password    string `json:"password_utf8_hex"`
	Salt        string `json:"salt"`
	Cost        byte   `json:"cost"`
	PasswordKey string `json:"password_key"`
	AuthKey     string `json:"auth_key"`
	AuthKeyHash string `json:"auth_key_hash"`
	KEK         string `json:"kek"`
}

type phraseVector struct {
	Entropy     string `json:"entropy"`
	Words       string `json:"words"`
	AuthKey     string `json:"auth_key"`
	AuthKeyHash string `json:"auth_key_hash"`
	KEK         string `json:"kek"`
}

type passkeyVector struct {
	PRF     string `json:"prf"`
	User    string `json:"user"`
	Passkey string `json:"passkey"`
	KEK     string `json:"kek"`
}

type wrapVector struct {
	User       string `json:"user"`
	Method     byte   `json:"method"`
	Generation int64  `json:"generation"`
	Salt       string `json:"salt,omitempty"`
	Cost       byte   `json:"cost,omitempty"`
	Passkey    string `json:"passkey,omitempty"`
	sealed
	Hash string `json:"hash"`
}

type deviceVector struct {
	Use     string `json:"use"`
	User    string `json:"user"`
	Content string `json:"content"`
	sealed
}

type cardVector struct {
	Username      string `json:"username"`
	Generation    int64  `json:"generation"`
	SigningSeed   string `json:"signing_seed"`
	SigningPublic string `json:"signing_public"`
	KEMSeed       string `json:"kem_seed"`
	KEMPublic     string `json:"kem_public"`
	Card          string `json:"card"`
	Hash          string `json:"hash"`
}

type identityVector struct {
	User       string   `json:"user"`
	Generation int64    `json:"generation"`
	Genesis    string   `json:"genesis"`
	Before     string   `json:"before"`
	Former     []string `json:"former"`
	sealed
	Hash string `json:"hash"`
}

type epochVector struct {
	Vault      string `json:"vault"`
	Epoch      uint32 `json:"epoch"`
	Key        string `json:"key"`
	Commitment string `json:"commitment"`
}

type envelopeVector struct {
	Vault        string `json:"vault"`
	Epoch        uint32 `json:"epoch"`
	To           string `json:"to"`
	Card         string `json:"card"`
	Info         string `json:"info"`
	Encapsulated string `json:"encapsulated"`
	Shared       string `json:"shared_secret"`
	sealed              // Key is the export of HPKE.
	Envelope     string `json:"envelope"`
	Hash         string `json:"hash"`
}

type previousVector struct {
	Vault string `json:"vault"`
	Epoch uint32 `json:"epoch"`
	sealed
}

type recordVector struct {
	Vault          string `json:"vault"`
	Epoch          uint32 `json:"epoch"`
	Item           string `json:"item"`
	Kind           byte   `json:"kind"`
	Version        uint32 `json:"version"`
	OriginAuthor   string `json:"origin_author,omitempty"`
	OriginRevision int64  `json:"origin_revision,omitempty"`
	Place          string `json:"place"`
	Content        string `json:"content"`
	sealed
	Hash string `json:"hash"`
}

type attachmentVector struct {
	ID     string        `json:"id"`
	Key    string        `json:"key"`
	Chunks []chunkVector `json:"chunks"`
	Hash   string        `json:"hash"`
}

type chunkVector struct {
	Number  uint32 `json:"number"`
	Count   uint32 `json:"count"`
	Content string `json:"content"`
	sealed
	Hash string `json:"hash"`
}

// refusedPlaintext is a token that opens under the key of the object, and that every reader refuses.
type refusedPlaintext struct {
	Object string `json:"object"`
	Why    string `json:"why"`
	Token  string `json:"token"`
}

// This build reproduces every frozen byte. The test is not parallel, because it replaces rand.Reader.
func TestVectorsAreReproduced(t *testing.T) {
	sealtest.Reproduce(t, frozen, makeVectors(t))
}

// opener reads a vault from the frozen file with nothing but the functions that open.
type opener struct {
	t *testing.T
	v vectors
}

func (o opener) hex(s string) []byte {
	o.t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o opener) key(s string) secret {
	o.t.Helper()
	return sealing.Of([sealing.KeySize]byte(o.hex(s)))
}

func (o opener) id(s string) chain.ID {
	o.t.Helper()
	id, err := chain.ParseID(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o opener) hash(s string) chain.Hash {
	o.t.Helper()
	return chain.Hash(o.hex(s))
}

// Old tokens must always open. The password opens the wrap, that the identity, that the envelope, and that everything else.
func TestVectorsOpen(t *testing.T) {
	t.Parallel()
	o := opener{t: t}
	if err := json.Unmarshal(frozen, &o.v); err != nil {
		t.Fatal(err)
	}
	account := o.accountKey()
	for _, d := range o.v.Device {
		got, err := account.OpenOnDevice(DeviceUse(d.Use), o.id(d.User), d.Token)
		if err != nil || hex.EncodeToString(got) != d.Content {
			t.Errorf("%s: %x, %v", d.Use, got, err)
		}
	}
	i := o.identity(account)
	e := o.v.Envelope
	key, err := i.Cards[len(i.Cards)-1].KEM.openEnvelope(
		addressee{o.id(e.Vault), e.Epoch, o.id(e.To), o.hash(e.Card)}, o.hash(o.v.Epochs[0].Commitment), o.hex(e.Envelope))
	if err != nil {
		t.Fatalf("envelope: %v", err)
	}
	keys := o.epochKeys(key)
	for _, r := range o.v.Records {
		p := RecordPlace{o.id(r.Vault), r.Epoch, o.id(r.Item), chain.RecordKind(r.Kind), r.Version}
		origin := Origin{Revision: r.OriginRevision}
		if r.OriginAuthor != "" {
			origin.Author = o.id(r.OriginAuthor)
		}
		got, err := keys[r.Epoch].Open(p, r.Token)
		if err != nil || hex.EncodeToString(got.Content) != r.Content || got.Origin != origin {
			t.Errorf("record of kind %d: %+v, %v", r.Kind, got, err)
		}
	}
	o.attachment()
	o.refused(account, i, keys[e.Epoch])
}

// accountKey opens all wraps.
func (o opener) accountKey() AccountKey {
	o.t.Helper()
	want := AccountKey{o.key(o.v.AccountKey)}
	for _, w := range o.v.Wraps {
		k := WrapKey{secret: o.key(w.Key), method: chain.Method(w.Method)}
		if w.Salt != "" {
			k.kdf = KDF{o.id(w.Salt), w.Cost}
		}
		if w.Passkey != "" {
			k.passkey = o.id(w.Passkey)
		}
		got, generation, err := k.Unwrap(w.Token, o.id(w.User), w.Generation)
		if err != nil || !got.Equal(want) || generation != w.Generation {
			o.t.Errorf("wrap of method %d: %v", w.Method, err)
		}
	}
	return want
}

func (o opener) identity(account AccountKey) *Identity {
	o.t.Helper()
	v := o.v.Identity
	i, err := account.OpenIdentity(o.id(v.User), v.Generation, v.Token)
	if err != nil {
		o.t.Fatalf("identity: %v", err)
	}
	if i.Genesis != o.hash(v.Genesis) || i.Before != o.hash(v.Before) || len(i.Former) != len(v.Former) || len(i.Cards) != len(o.v.Cards) {
		o.t.Errorf("identity: %+v", i)
	}
	for n, k := range i.Former {
		if sealtest.Hex(k.secret) != v.Former[n] {
			o.t.Errorf("former key %d is another", n)
		}
	}
	for n, v := range o.v.Cards {
		card, err := chain.ParseCard(o.hex(v.Card))
		if err != nil || card.Hash() != o.hash(v.Hash) {
			o.t.Fatalf("card %d: %v", n, err)
		}
		if _, err := i.Keys(card); err != nil {
			o.t.Errorf("card %d: %v", n, err)
		}
	}
	return i
}

func (o opener) epochKeys(newest EpochKey) map[uint32]EpochKey {
	o.t.Helper()
	p := o.v.Previous
	committed := map[uint32]chain.Hash{}
	for _, e := range o.v.Epochs {
		committed[e.Epoch] = o.hash(e.Commitment)
	}
	previous, err := newest.OpenPrevious(o.id(p.Vault), p.Epoch, p.Token, func(epoch uint32) (chain.Hash, bool) {
		h, ok := committed[epoch]
		return h, ok
	})
	if err != nil {
		o.t.Errorf("previous keys: %v", err)
	}
	keys := map[uint32]EpochKey{p.Epoch: newest}
	for _, k := range previous {
		keys[k.Epoch] = k.Key
	}
	for _, e := range o.v.Epochs {
		if !keys[e.Epoch].Equal(EpochKey{o.key(e.Key)}) {
			o.t.Errorf("the key of epoch %d is another", e.Epoch)
		}
	}
	return keys
}

func (o opener) attachment() {
	o.t.Helper()
	a := o.v.Attachment
	k, err := ParseAttachmentKey(a.Key)
	if err != nil {
		o.t.Fatal(err)
	}
	var hashes []chain.Hash
	for _, c := range a.Chunks {
		got, err := k.Open(Chunk{o.id(a.ID), c.Number, c.Count}, c.Token)
		if err != nil || hex.EncodeToString(got) != c.Content {
			o.t.Errorf("chunk %d: %x, %v", c.Number, got, err)
		}
		hashes = append(hashes, chain.HashOf(chain.HashChunk, []byte(c.Token)))
	}
	if chain.HashAttachment(hashes) != o.hash(a.Hash) {
		o.t.Error("hash of the attachment is another")
	}
}

func (o opener) refused(account AccountKey, i *Identity, epoch EpochKey) {
	o.t.Helper()
	w, r, p, c := o.v.Wraps[0], o.v.Records[0], o.v.Previous, o.v.Attachment
	k := WrapKey{secret: o.key(w.Key), method: chain.Method(w.Method), kdf: KDF{o.id(w.Salt), w.Cost}}
	for _, bad := range o.v.Refused {
		open := map[string]func() error{
			"wrap":     func() error { _, _, err := k.Unwrap(bad.Token, o.id(w.User), 0); return err },
			"identity": func() error { _, err := account.OpenIdentity(i.User, i.KeyGeneration, bad.Token); return err },
			"record": func() error {
				_, err := epoch.Open(RecordPlace{o.id(r.Vault), r.Epoch, o.id(r.Item), chain.RecordKind(r.Kind), r.Version}, bad.Token)
				return err
			},
			"previous": func() error {
				_, err := epoch.OpenPrevious(o.id(p.Vault), p.Epoch, bad.Token, commitments(o.id(p.Vault), fixedPrevious()))
				return err
			},
			"chunk": func() error {
				key, err := ParseAttachmentKey(c.Key)
				if err != nil {
					o.t.Fatal(err)
				}
				_, err = key.Open(Chunk{o.id(c.ID), 1, c.Chunks[0].Count}, bad.Token)
				return err
			},
		}[bad.Object]
		if err := open(); !isAny(err, []error{ErrAltered, ErrMisplaced, ErrWrongUser, ErrWrongMethod, ErrKDFMismatch, ErrOldKey}) {
			o.t.Errorf("%s, %s: %v", bad.Object, bad.Why, err)
		}
	}
}
