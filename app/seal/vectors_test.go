package seal

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// vectors.json pins format v1 for every implementation. It is embedded, so that the WebAssembly build reads it too.
// After a deliberate change of the format, run: go test ./app/seal -run TestVectors -update
//
//go:embed testdata/vectors.json
var frozen []byte

type vectors struct {
	Comment  string           `json:"comment"`
	Password []passwordVector `json:"password"`
	Recovery []recoveryVector `json:"recovery"`
	VaultKey string           `json:"vault_key"`
	Manifest manifestKeys     `json:"manifest_keys"`
	Wrapped  []wrappedVector  `json:"wrapped_keys"`
	Records  []recordVector   `json:"records"`
	Pieces   []pieceVector    `json:"attachment_pieces"`
	Sealed   []manifestVector `json:"manifests"`
	Queues   []queueVector    `json:"queues"`
	Digests  []digestVector   `json:"digests"`
	Padding  []paddingVector  `json:"padding"`
}

type passwordVector struct {
	Password  string `json:"password_utf8_hex"`
	Salt      string `json:"salt"`
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`
	Threads   uint8  `json:"threads"`
	MasterKey string `json:"master_key"`
	AuthKey   string `json:"auth_key"`
	KEK       string `json:"kek"`
}

type recoveryVector struct {
	Entropy string `json:"entropy"`
	Words   string `json:"words"`
	AuthKey string `json:"auth_key"`
	KEK     string `json:"kek"`
}

type manifestKeys struct {
	ManifestKey string `json:"manifest_key"`
	SealKey     string `json:"manifest_seal_key"`
}

type wrappedVector struct {
	User      string `json:"user"`
	Purpose   string `json:"purpose"`
	Salt      string `json:"salt,omitempty"`
	MemoryKiB uint32 `json:"memory_kib,omitempty"`
	Time      uint32 `json:"time,omitempty"`
	Threads   uint8  `json:"threads,omitempty"`
	KEK       string `json:"kek"`
	Plaintext string `json:"plaintext"`
	IV        string `json:"iv"`
	Token     string `json:"token"`
}

type recordVector struct {
	User      string `json:"user"`
	Account   string `json:"account"`
	Kind      string `json:"kind"`
	Version   int64  `json:"version"`
	Place     string `json:"place"`
	Key       string `json:"key"`
	Content   string `json:"content"`
	Plaintext string `json:"plaintext"`
	IV        string `json:"iv"`
	Token     string `json:"token"`
	Term      string `json:"term"`
}

type pieceVector struct {
	User       string `json:"user"`
	Attachment string `json:"attachment"`
	Number     int    `json:"number"`
	Count      int    `json:"count"`
	Place      string `json:"place"`
	Key        string `json:"key"`
	Content    string `json:"content"`
	Plaintext  string `json:"plaintext"`
	IV         string `json:"iv"`
	Token      string `json:"token"`
}

type manifestVector struct {
	User      string `json:"user"`
	Revision  int64  `json:"revision"`
	Count     int64  `json:"count"`
	Digest    string `json:"digest"`
	Plaintext string `json:"plaintext"`
	IV        string `json:"iv"`
	Token     string `json:"token"`
}

type queueVector struct {
	User      string `json:"user"`
	Key       string `json:"key"`
	Content   string `json:"content"`
	Plaintext string `json:"plaintext"`
	IV        string `json:"iv"`
	Token     string `json:"token"`
}

type digestVector struct {
	A          string `json:"a"`
	B          string `json:"b"`
	Sum        string `json:"sum"`
	Difference string `json:"difference"`
}

type paddingVector struct {
	Unpadded   int `json:"unpadded"`
	Ciphertext int `json:"ciphertext"`
}

func fixedUser(name string) UserID {
	b := sealtest.Fixed(name)
	return UserID(idEncoding.EncodeToString(b[:idSize]))
}

func fixedAccount(name string) AccountID { return AccountID(fixedUser(name)) }

func fixedVaultKey(name string) VaultKey { return VaultKey{sealing.Of(sealtest.Fixed(name))} }

func fixedSalt(name string) Salt {
	b := sealtest.Fixed(name)
	return Salt{[idSize]byte(b[:idSize])}
}

func makeVectors(t *testing.T) vectors {
	t.Helper()
	v := vectors{Comment: "sealed format v1: see docs/sealed-format.md. Bytes are hex; ids, salts and tokens as on the wire; auth_key standard base64."}
	iv := func(name string) []byte { b := sealtest.Fixed("iv " + name); return b[:16] }

	var kek KEK
	for _, c := range []struct {
		password, salt string
		p              Params
	}{
		{"correct horse battery staple", "salt 1", DefaultParams},
		{"caf\u0065\u0301 \uff21\ufb01 \U0001f511", "salt 1", DefaultParams}, // NFKC: é, A, fi
		{" leading, trailing, \x00 and tab\t ", "salt 2", Params{MemoryKiB: 65537, Time: 4, Threads: 1}},
		{"a" + strings.Repeat("\u0301", 40), "salt 2", DefaultParams}, // Stream-Safe: a joiner after 30 marks
	} {
		salt := fixedSalt(c.salt)
		master, err := DeriveMasterKey(c.password, salt, c.p)
		if err != nil {
			t.Fatal(err)
		}
		v.Password = append(v.Password, passwordVector{
			Password: hex.EncodeToString([]byte(c.password)), Salt: salt.String(),
			MemoryKiB: c.p.MemoryKiB, Time: c.p.Time, Threads: c.p.Threads,
			MasterKey: sealtest.Hex(master.secret), AuthKey: master.AuthKey().Encode(), KEK: sealtest.Hex(master.KEK().secret),
		})
		kek = master.KEK()
	}
	phrase := RecoveryPhrase{sealing.Of(sealtest.Fixed("phrase"))}
	v.Recovery = []recoveryVector{{
		Entropy: sealtest.Hex(phrase.secret), Words: strings.Join(phrase.Words(), " "),
		AuthKey: phrase.AuthKey().Encode(), KEK: sealtest.Hex(phrase.KEK().secret),
	}}

	key := fixedVaultKey("vault key")
	mk := key.ManifestKey()
	v.VaultKey = sealtest.Hex(key.secret)
	v.Manifest = manifestKeys{sealtest.Hex(mk.secret), sealtest.Hex(mk.sealKey())}
	user := fixedUser("user")

	for _, c := range []struct {
		w   WrapInfo
		kek KEK
	}{
		{WrapInfo{user, PurposePassword, fixedSalt("salt 2"), DefaultParams}, kek},
		{WrapInfo{user, PurposePassword, fixedSalt("salt 1"), Params{1 << 20, 20, 16}}, kek},
		{WrapInfo{User: user, Purpose: PurposeRecovery}, phrase.KEK()},
	} {
		w := wrappedVector{
			User: string(c.w.User), Purpose: string(c.w.Purpose),
			MemoryKiB: c.w.Params.MemoryKiB, Time: c.w.Params.Time, Threads: c.w.Params.Threads,
			KEK: sealtest.Hex(c.kek.secret), Plaintext: hex.EncodeToString(c.w.frame(&key)), IV: hex.EncodeToString(iv("wrapped")),
		}
		if c.w.Purpose == PurposePassword {
			w.Salt = c.w.Salt.String()
		}
		w.Token = sealtest.WithIV(t, iv("wrapped"), func() (string, error) { return WrapVaultKey(key, c.kek, c.w) })
		v.Wrapped = append(v.Wrapped, w)
	}

	var sum Digest
	for _, c := range []struct {
		p       Place
		content string
	}{
		{Place{user, fixedAccount("account 1"), KindAccount, 1}, `{"title":"Example","username":"ann@example.com"}`},
		{Place{user, fixedAccount("account 1"), KindPassword, 1}, `{"password":"hunter2"}`},
		{Place{user, fixedAccount("account 1"), KindPassword, 1<<63 - 1}, ""},
		{Place{user, fixedAccount("account 2"), KindPassword, 258}, strings.Repeat("ü", 300)},
	} {
		place, err := c.p.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := recordVector{
			User: string(c.p.User), Account: string(c.p.Account), Kind: string(c.p.Kind), Version: c.p.Version,
			Place: hex.EncodeToString(place), Key: sealtest.Hex(key.recordKey(place)), Content: hex.EncodeToString([]byte(c.content)),
			Plaintext: hex.EncodeToString(framePlaced(holdsRecord, place, []byte(c.content))), IV: hex.EncodeToString(iv("record")),
		}
		r.Token = sealtest.WithIV(t, iv("record"), func() (string, error) { return key.Seal(c.p, []byte(c.content)) })
		term, err := mk.Term(c.p, r.Token)
		if err != nil {
			t.Fatal(err)
		}
		r.Term = term.String()
		sum = sum.Add(term)
		v.Records = append(v.Records, r)
	}

	for _, c := range []struct {
		number, count int
		content       string
	}{{1, 1, ""}, {2, 3, "the second of three"}} {
		p := Piece{user, AttachmentID(fixedUser("attachment")), c.number, c.count}
		place, err := p.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		v.Pieces = append(v.Pieces, pieceVector{
			User: string(p.User), Attachment: string(p.Attachment), Number: p.Number, Count: p.Count,
			Place: hex.EncodeToString(place), Key: sealtest.Hex(key.pieceKey(place)), Content: hex.EncodeToString([]byte(c.content)),
			Plaintext: hex.EncodeToString(framePlaced(holdsPiece, place, []byte(c.content))), IV: hex.EncodeToString(iv("piece")),
			Token: sealtest.WithIV(t, iv("piece"), func() (string, error) { return key.SealPiece(p, []byte(c.content)) }),
		})
	}

	for _, m := range []Manifest{{User: user}, {user, 7, int64(len(v.Records)), sum}, {user, 1<<63 - 1, 1 << 40, sum}} {
		v.Sealed = append(v.Sealed, manifestVector{
			User: string(m.User), Revision: m.Revision, Count: m.Count, Digest: m.Digest.String(),
			Plaintext: hex.EncodeToString(m.frame()), IV: hex.EncodeToString(iv("manifest")),
			Token: sealtest.WithIV(t, iv("manifest"), func() (string, error) { return key.SealManifest(m) }),
		})
	}
	for _, content := range []string{"[]", strings.Repeat("queue ", 60)} {
		id, err := decodeID(string(user))
		if err != nil {
			t.Fatal(err)
		}
		v.Queues = append(v.Queues, queueVector{
			User: string(user), Key: sealtest.Hex(key.queueKey(id[:])), Content: hex.EncodeToString([]byte(content)),
			Plaintext: hex.EncodeToString(frameQueue(id[:], []byte(content))), IV: hex.EncodeToString(iv("queue")),
			Token: sealtest.WithIV(t, iv("queue"), func() (string, error) { return key.SealQueue(user, []byte(content)) }),
		})
	}
	one := Digest{[32]byte{31: 1}}
	for _, d := range [][2]Digest{{Digest{sealtest.Fixed("a")}, Digest{sealtest.Fixed("b")}}, {Digest{}.Sub(one), one}, {Digest{}, one}, {Digest{[32]byte{23: 1}}, one}} {
		v.Digests = append(v.Digests, digestVector{d[0].String(), d[1].String(), d[0].Add(d[1]).String(), d[0].Sub(d[1]).String()})
	}
	for _, n := range []int{0, 255, 256, 319, 320, 383, 447, 511, 512, 639, 640, 1023, 1024, 32768, 40959} {
		v.Padding = append(v.Padding, paddingVector{n, sealing.Bucket(n)})
	}
	return v
}

// This build reproduces every frozen byte. The test is not parallel, because it replaces rand.Reader.
func TestVectorsAreReproduced(t *testing.T) {
	sealtest.Reproduce(t, frozen, makeVectors(t))
}

func mustFrozen(t testing.TB, v *vectors) {
	t.Helper()
	if err := json.Unmarshal(frozen, v); err != nil {
		t.Fatal(err)
	}
}

// Old tokens must always open. This test uses only the frozen file and the functions that open tokens.
func TestVectorsOpen(t *testing.T) {
	t.Parallel()
	var v vectors
	mustFrozen(t, &v)
	fromHex := func(s string) secret {
		t.Helper()
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != sealing.KeySize {
			t.Fatalf("%q is not a key", s)
		}
		return sealing.Of([sealing.KeySize]byte(b))
	}
	key := VaultKey{fromHex(v.VaultKey)}
	for _, w := range v.Wrapped {
		info := WrapInfo{User: UserID(w.User), Purpose: Purpose(w.Purpose), Params: Params{w.MemoryKiB, w.Time, w.Threads}}
		if w.Salt != "" {
			var err error
			if info.Salt, err = ParseSalt(w.Salt); err != nil {
				t.Fatal(err)
			}
		}
		got, err := UnwrapVaultKey(w.Token, KEK{fromHex(w.KEK)}, info)
		if err != nil || !got.Equal(key) {
			t.Errorf("%s key: %v", w.Purpose, err)
		}
	}
	for _, r := range v.Records {
		got, err := key.Open(Place{UserID(r.User), AccountID(r.Account), Kind(r.Kind), r.Version}, r.Token)
		if err != nil || hex.EncodeToString(got) != r.Content {
			t.Errorf("record %s %d: %x, %v", r.Kind, r.Version, got, err)
		}
	}
	for _, p := range v.Pieces {
		got, err := key.OpenPiece(Piece{UserID(p.User), AttachmentID(p.Attachment), p.Number, p.Count}, p.Token)
		if err != nil || hex.EncodeToString(got) != p.Content {
			t.Errorf("piece %d of %d: %x, %v", p.Number, p.Count, got, err)
		}
	}
	for _, m := range v.Sealed {
		got, err := key.OpenManifest(UserID(m.User), m.Token)
		if err != nil || string(got.User) != m.User || got.Revision != m.Revision || got.Count != m.Count || got.Digest.String() != m.Digest {
			t.Errorf("manifest %d: %+v, %v", m.Revision, got, err)
		}
	}
	for _, q := range v.Queues {
		got, err := key.OpenQueue(UserID(q.User), q.Token)
		if err != nil || hex.EncodeToString(got) != q.Content {
			t.Errorf("queue: %x, %v", got, err)
		}
	}
	for _, r := range v.Recovery {
		p, err := ParseRecoveryPhrase(r.Words)
		if err != nil || sealtest.Hex(p.secret) != r.Entropy {
			t.Errorf("phrase: %v", err)
		}
	}
}
