package keepass

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tobischo/gokeepasslib/v3"
	"github.com/tobischo/gokeepasslib/v3/wrappers"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// argonCost is the cost of a password guess.
type argonCost struct {
	memory, passes uint64 // bytes and passes
	lanes          uint32
}

// kdbxCost is the same as for a master password.
var kdbxCost = argonCost{memory: 64 << 20, passes: 3, lanes: 4}

// WriteKDBX writes a KeePass database, version 4: Argon2id, ChaCha20, every hidden value protected. Its times are those of
// the items.
func WriteKDBX(items []parcel.Exported, password string) ([]byte, error) {
	return writeKDBXAt(kdbxCost, items, password)
}

func writeKDBXAt(cost argonCost, items []parcel.Exported, password string) ([]byte, error) {
	streamKey := random(64)
	stream, err := gokeepasslib.NewStreamManager(gokeepasslib.ChaChaStreamID, streamKey)
	if err != nil {
		return nil, fmt.Errorf("write a KDBX file: %w", err)
	}
	w := &writer{files: map[[sha256.Size]byte]int{}}
	content, err := w.content(items)
	if err != nil {
		return nil, err
	}
	stream.LockProtectedGroups(content.Root.Groups)
	document, err := xml.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("write a KDBX file: %w", err)
	}
	var plain bytes.Buffer
	kdbxInner(&plain, kdbxInnerStream, binary.LittleEndian.AppendUint32(nil, gokeepasslib.ChaChaStreamID))
	kdbxInner(&plain, kdbxInnerKey, streamKey)
	for _, file := range w.ordered {
		kdbxInner(&plain, kdbxInnerBinary, append([]byte{1}, file...)) // 1: to be protected in memory
	}
	kdbxInner(&plain, kdbxInnerEnd, nil)
	plain.WriteString(xml.Header)
	plain.Write(document)
	return sealKDBX(plain.Bytes(), password, cost)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails (crypto/rand)
	return b
}

func kdbxInner(b *bytes.Buffer, id byte, value []byte) {
	b.WriteByte(id)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(value)))) //nolint:gosec // an attachment at most
	b.Write(value)
}

const kdbxBlockBytes = 1 << 20

func sealKDBX(plain []byte, password string, cost argonCost) ([]byte, error) {
	h := &kdbxHeader{version: 4, fields: map[byte][]byte{
		kdbxCipher:      gokeepasslib.CipherChaCha20,
		kdbxCompression: binary.LittleEndian.AppendUint32(nil, gokeepasslib.GzipCompressionFlag),
		kdbxMasterSeed:  random(32),
		kdbxIV:          random(12),
		kdbxKDF:         cost.variants(random(32)),
	}}
	h.raw = h.bytes()
	derived, err := h.derive(kdbxCompositeKey(password, nil))
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil {
		return nil, fmt.Errorf("write a KDBX file: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write a KDBX file: %w", err)
	}
	sealed, err := h.decrypt(packed.Bytes(), derived) // ChaCha20 is its own inverse
	if err != nil {
		return nil, err
	}
	base := sha512.Sum512(append(append(bytes.Clone(h.fields[kdbxMasterSeed]), derived...), 1))
	sum := sha256.Sum256(h.raw)
	out := append(bytes.Clone(h.raw), sum[:]...)
	out = append(out, kdbxMAC(base, kdbxHeaderHMAC, h.raw)...)
	for index, last := uint64(0), false; !last; index++ {
		block := sealed[:min(len(sealed), kdbxBlockBytes)]
		sealed = sealed[len(block):]
		last = len(block) == 0                               // an empty block is the last
		prefix := kdbxBlockPrefix(index, uint32(len(block))) //nolint:gosec // a block at most
		out = append(out, kdbxMAC(base, index, prefix, block)...)
		out = append(append(out, prefix[8:]...), block...)
	}
	return out, nil
}

func (h *kdbxHeader) bytes() []byte {
	out := binary.LittleEndian.AppendUint32(nil, kdbxSignature1)
	out = binary.LittleEndian.AppendUint32(out, kdbxSignature2)
	out = binary.LittleEndian.AppendUint32(out, uint32(h.version)<<16)
	field := func(id byte, value []byte) {
		out = append(out, id)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(value))), value...) //nolint:gosec // a few bytes
	}
	for _, id := range slices.Sorted(maps.Keys(h.fields)) {
		field(id, h.fields[id])
	}
	field(kdbxEndOfHeader, []byte("\r\n\r\n"))
	return out
}

// variants encodes the parameters of the key derivation.
func (c argonCost) variants(salt []byte) []byte {
	const (
		kindUint32, kindUint64, kindBytes = 0x04, 0x05, 0x42
		version                           = 0x100
	)
	out := binary.LittleEndian.AppendUint16(nil, version)
	add := func(kind byte, name string, value []byte) {
		out = append(out, kind)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(name))), name...)   //nolint:gosec // a few bytes
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(value))), value...) //nolint:gosec // a few bytes
	}
	add(kindBytes, "$UUID", kdbxArgon2id)
	add(kindUint64, "I", binary.LittleEndian.AppendUint64(nil, c.passes))
	add(kindUint64, "M", binary.LittleEndian.AppendUint64(nil, c.memory))
	add(kindUint32, "P", binary.LittleEndian.AppendUint32(nil, c.lanes))
	add(kindBytes, "S", salt)
	add(kindUint32, "V", binary.LittleEndian.AppendUint32(nil, kdbxArgonVersion))
	return append(out, 0)
}

// writer makes a document of items, and collects their attachments, each content once.
type writer struct {
	files   map[[sha256.Size]byte]int
	ordered [][]byte
	latest  time.Time
}

func (w *writer) content(items []parcel.Exported) (*gokeepasslib.DBContent, error) {
	root, bin := newGroup("VaultSphere"), newGroup("Recycle Bin")
	for _, x := range items {
		e, err := w.entry(x)
		if err != nil {
			return nil, err
		}
		if x.Item.Trashed.IsZero() {
			root.Entries = append(root.Entries, e)
		} else {
			bin.Entries = append(bin.Entries, e)
		}
	}
	root.Groups = []gokeepasslib.Group{bin}
	return &gokeepasslib.DBContent{
		Meta: &gokeepasslib.MetaData{
			Generator: "VaultSphere", DatabaseName: "VaultSphere",
			MasterKeyChangeRec: -1, MasterKeyChangeForce: -1, MaintenanceHistoryDays: 365,
			HistoryMaxItems: item.MaxPasswordHistory, HistoryMaxSize: -1,
			MemoryProtection:  gokeepasslib.MemProtection{ProtectPassword: wrappers.NewBoolWrapper(true)},
			RecycleBinEnabled: wrappers.NewBoolWrapper(true), RecycleBinUUID: bin.UUID, RecycleBinChanged: stamp(w.latest),
		},
		Root: &gokeepasslib.RootData{Groups: []gokeepasslib.Group{root}},
	}, nil
}

func newGroup(name string) gokeepasslib.Group {
	return gokeepasslib.Group{
		UUID: gokeepasslib.NewUUID(), Name: name, IsExpanded: wrappers.NewBoolWrapper(true),
		EnableAutoType: wrappers.NewNullableBoolWrapper(true), EnableSearching: wrappers.NewNullableBoolWrapper(true),
	}
}

// stamp returns nil for an unknown time, or one that KDBX cannot represent.
func stamp(t time.Time) *wrappers.TimeWrapper {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return &wrappers.TimeWrapper{Time: t}
}

func (w *writer) entry(x parcel.Exported) (gokeepasslib.Entry, error) {
	it := x.Item
	if it.Modified.After(w.latest) {
		w.latest = it.Modified
	}
	s := &stringFields{taken: map[string]bool{}, extra: &extra{
		Type: it.Type, Favourite: it.Favourite, Reprompt: it.Reprompt, Tags: it.Tags, Match: it.Match, Strings: map[string]place{}, Files: map[string]string{},
		Created: toMilli(it.Created), Modified: toMilli(it.Modified),
		Archived: toMilli(it.Archived), Trashed: toMilli(it.Trashed), Purge: toMilli(it.Purge),
		Ignored: it.Ignored,
	}}
	s.item(it)
	e := gokeepasslib.Entry{
		UUID: gokeepasslib.NewUUID(), Values: s.values, Tags: joinTags(it.Tags, it.Favourite),
		Times: timesOf(it.Created, it.Modified, it.Trashed), AutoType: gokeepasslib.AutoTypeData{Enabled: wrappers.NewBoolWrapper(true)},
	}
	e.Histories = historyOf(e, it)
	for _, old := range it.PasswordHistory {
		s.extra.Until = append(s.extra.Until, toMilli(old.Until))
	}
	for _, file := range x.Files {
		name := s.unique(file.Name)
		if name != file.Name {
			s.extra.Files[name] = file.Name
		}
		e.Binaries = append(e.Binaries, gokeepasslib.NewBinaryReference(name, w.file(file.Data)))
	}
	text, err := s.extra.text()
	e.CustomData = []gokeepasslib.CustomData{{Key: extraName, Value: text}}
	return e, err
}

// timesOf fills the times that an item does not have with the closest ones.
func timesOf(created, modified, moved time.Time) gokeepasslib.TimeData {
	return gokeepasslib.TimeData{
		CreationTime: stamp(created), LastModificationTime: stamp(modified), LastAccessTime: stamp(modified),
		LocationChanged: stamp(moved), Expires: wrappers.NewBoolWrapper(false),
	}
}

// historyOf returns an entry version for each old password, the oldest first. Each starts when the previous one ends.
func historyOf(e gokeepasslib.Entry, it item.Item) []gokeepasslib.History {
	var versions []gokeepasslib.Entry
	password := slices.IndexFunc(e.Values, func(v gokeepasslib.ValueData) bool { return v.Key == namePassword })
	made := it.Created
	for _, old := range slices.Backward(it.PasswordHistory) {
		version := gokeepasslib.Entry{UUID: e.UUID, Times: timesOf(it.Created, made, time.Time{}), AutoType: e.AutoType, Values: slices.Clone(e.Values)}
		version.Values[password].Value.Content = old.Password
		versions = append(versions, version)
		made = old.Until
	}
	if len(versions) == 0 {
		return nil
	}
	return []gokeepasslib.History{{Entries: versions}}
}

// file returns the number of a content.
func (w *writer) file(data []byte) int {
	sum := sha256.Sum256(data)
	n, known := w.files[sum]
	if !known {
		n = len(w.ordered)
		w.files[sum] = n
		w.ordered = append(w.ordered, data)
	}
	return n
}

// stringFields are those of one entry. Their names are unique.
type stringFields struct {
	values []gokeepasslib.ValueData
	taken  map[string]bool
	extra  *extra
}

func (s *stringFields) item(it item.Item) {
	s.add(nameTitle, it.Title, false)
	s.add(nameUser, it.Username, false)
	s.add(namePassword, it.Password, true)
	s.add(nameNotes, it.Notes, false)
	first := ""
	if len(it.URLs) > 0 {
		first = it.URLs[0]
	}
	s.add(nameURL, first, false)
	for i, rawURL := range it.URLs[min(1, len(it.URLs)):] {
		name := nameMoreURLs
		if i > 0 {
			name = fmt.Sprintf("%s_%d", nameMoreURLs, i)
		}
		s.add(name, rawURL, false)
	}
	if it.TOTP != "" {
		s.add(nameOTP, s.code(it), true)
	}
	s.parts(it)
	for _, f := range it.Fields {
		name := s.unique(f.Name)
		s.extra.Strings[name] = place{Name: f.Name, Kind: f.Kind}
		s.add(name, f.Value, f.Kind == item.FieldHidden)
	}
}

// add also protects a value that XML cannot represent, because protected values are base64.
func (s *stringFields) add(name, value string, protected bool) {
	s.taken[name] = true
	if strings.ContainsFunc(value, func(r rune) bool { return !isXMLChar(r) }) {
		protected = true
	}
	s.values = append(s.values, gokeepasslib.ValueData{Key: name, Value: gokeepasslib.V{Content: value, Protected: wrappers.NewBoolWrapper(protected)}})
}

// unique returns a name for a field or a file that is neither taken nor interpreted by KeePass.
func (s *stringFields) unique(name string) string {
	name = strings.Map(func(r rune) rune {
		if !isXMLChar(r) {
			return '\uFFFD'
		}
		return r
	}, name)
	if name == "" {
		name = "Field"
	}
	free := name
	for n := 2; s.taken[free] || slices.Contains(codeNames, free) || isMoreURL(free); n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	s.taken[free] = true
	return free
}

// code returns the otpauth URL of the key, because other programs read nothing else. The extra records another original
// form.
func (s *stringFields) code(it item.Item) string {
	scheme, secret, isURL := strings.Cut(it.TOTP, "://")
	o := source.AuthenticatorKey{Issuer: it.Title, Account: it.Username, Secret: it.TOTP}
	before := ""
	if isURL && strings.EqualFold(scheme, "steam") {
		o.Kind, o.Secret, before = "steam", secret, scheme+"://"
	} else if isURL || !source.MakesCodes(it.TOTP) {
		return it.TOTP
	}
	s.extra.TOTP = &before
	return o.URL()
}

// parts adds the texts of all parts.
func (s *stringFields) parts(it item.Item) {
	text, err := json.Marshal(it) //nolint:gosec // the file is encrypted
	values := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(text, &values) != nil {
		return
	}
	for _, r := range item.Rows("details") {
		if r.Shape == item.ShapeObject && values[r.Name] != nil {
			s.part(r.Name, values[r.Name])
		}
	}
}

// part adds the texts of a part, each with a readable name. Members of a newer version are protected, because they may be
// secret.
func (s *stringFields) part(part string, value []byte) {
	members := map[string]string{}
	if json.Unmarshal(value, &members) != nil {
		return
	}
	rows, words := item.Rows(part), source.Label(part)
	for _, member := range slices.Sorted(maps.Keys(members)) {
		name := s.unique(words + " " + strings.ReplaceAll(member, "_", " "))
		s.extra.Strings[name] = place{Part: part, Member: member}
		shown := slices.ContainsFunc(rows, func(r item.Row) bool { return r.Name == member && !r.Hidden })
		s.add(name, members[member], !shown)
	}
}
