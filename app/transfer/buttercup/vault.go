package buttercup

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Vault is a vault file of Buttercup: a signature, and a text encrypted by iocane
// (https://github.com/perry-mitchell/iocane). The text is the vault as JSON (format B), or as the changes that led to it
// (format A): https://github.com/buttercup/buttercup-core/blob/master/VAULT_FORMAT.md.
var Vault = source.Custom{Is: isVault, Parse: readVault}

const (
	signature    = "b~>buttercup/"
	maxRounds    = 10_000_000 // Buttercup uses 250,000
	maxUnpacked  = 256 << 20
	roundsBefore = "1000" // of versions that do not store it
)

func isVault(in *source.Input) bool { return bytes.HasPrefix(in.Data, []byte(signature)) }

func readVault(in *source.Input, b *source.Builder) error {
	format, sealed := string(in.Data[len(signature):min(len(in.Data), len(signature)+1)]), in.Data[min(len(in.Data), len(signature)+1):]
	if format != "a" && format != "b" {
		return source.Fail(parcel.FileOtherVersion, parcel.Values{Name: "Buttercup"})
	}
	if in.Options.Password == "" {
		return source.ErrPasswordNeeded
	}
	plain, err := open(strings.TrimSpace(string(sealed)), in.Options.Password)
	if err != nil {
		return err
	}
	v := newVault()
	if format == "a" {
		v.replay(string(plain), b)
	} else if err := v.decode(plain); err != nil {
		return err
	}
	v.read(b)
	return nil
}

// open decrypts a text of iocane: content in base64, IV, salt, checksum, rounds and method, separated by dollar signs.
func open(sealed, password string) ([]byte, error) {
	parts := strings.Split(sealed, "$")
	if len(parts) < 4 {
		return nil, source.ErrTruncated
	}
	parts = append(parts, []string{roundsBefore, "cbc"}[min(len(parts)-4, 2):]...)
	content, err := base64.StdEncoding.DecodeString(parts[0])
	iv, sum := source.HexBytes(parts[1]), source.HexBytes(parts[3])
	rounds := source.Int(parts[4])
	switch {
	case err != nil, len(iv) != aes.BlockSize, len(sum) == 0, rounds < 1:
		return nil, source.ErrMalformed
	case rounds > maxRounds:
		return nil, source.TooCostly()
	case parts[5] != "cbc" && parts[5] != "gcm":
		return nil, source.ErrTruncated
	}
	key, err := pbkdf2.Key(sha256.New, password, []byte(parts[2]), rounds, map[string]int{"cbc": 64, "gcm": 32}[parts[5]])
	if err != nil {
		return nil, fmt.Errorf("open a vault of Buttercup: %w", err)
	}
	plain := openCBC
	if parts[5] == "gcm" {
		plain = openGCM
	}
	text := plain(key, iv, content, sum, parts)
	if text == nil {
		return nil, source.ErrWrongPassword
	}
	return unpack(text)
}

// openCBC returns nil if the checksum is wrong.
func openCBC(key, iv, content, sum []byte, parts []string) []byte {
	mac := hmac.New(sha256.New, key[32:])
	mac.Write([]byte(parts[0] + parts[1] + parts[2]))
	if !hmac.Equal(mac.Sum(nil), sum) || len(content) == 0 || len(content)%aes.BlockSize != 0 {
		return nil
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return nil
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(content, content)
	pad := int(content[len(content)-1]) // PKCS #7, after the MAC
	if pad < 1 || pad > aes.BlockSize {
		return nil
	}
	return content[:len(content)-pad]
}

func openGCM(key, iv, content, sum []byte, parts []string) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, aes.BlockSize)
	if err != nil {
		return nil
	}
	plain, err := gcm.Open(nil, iv, append(content, sum...), []byte(parts[1]+parts[2]))
	if err != nil {
		return nil
	}
	return plain
}

// unpack unpacks gzip, which is in base64, or in older versions has each byte as a character.
func unpack(text []byte) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		packed = packed[:0]
		for _, r := range string(text) {
			if r > 0xff {
				return text, nil
			}
			packed = append(packed, byte(r)) //nolint:gosec // at most 0xff
		}
	}
	if !bytes.HasPrefix(packed, []byte("\x1f\x8b")) {
		return text, nil
	}
	return source.Gunzip(packed, maxUnpacked)
}

// vault is the content of either format.
type vault struct {
	groups  map[string]*group
	entries map[string]*entry
	order   []string // of the entries, by ID
}

type group struct {
	title, parent string
	trash         bool
}

type entry struct {
	group      string
	properties []*property
	attributes map[string]string
}

// property has its older values, the oldest first.
type property struct {
	name, value      string
	created, updated time.Time
	deleted          bool
	older            []item.OldPassword
}

func newVault() *vault { return &vault{groups: map[string]*group{}, entries: map[string]*entry{}} }

func (v *vault) add(id, group string) *entry {
	e := &entry{group: group, attributes: map[string]string{}}
	if v.entries[id] == nil {
		v.order = append(v.order, id)
	}
	v.entries[id] = e
	return e
}

// property returns the property of that name, and adds it if necessary.
func (e *entry) property(name string) *property {
	for _, p := range e.properties {
		if p.name == name {
			return p
		}
	}
	p := &property{name: name}
	e.properties = append(e.properties, p)
	return p
}

// path returns the names of the groups that lead to one. ok is false if one of them was deleted.
func (v *vault) path(id string) (path string, trash, there bool) {
	for n := 0; n < source.MaxJSONDepth && id != "" && id != "0"; n++ { // a group may contain itself
		g := v.groups[id]
		if g == nil {
			return path, trash, false
		}
		if trash = trash || g.trash; !g.trash {
			path = strings.TrimSuffix(g.title+"/"+path, "/")
		}
		id = g.parent
	}
	return path, trash, true
}

func (v *vault) read(b *source.Builder) {
	row := 0
	for i, id := range v.order {
		e := v.entries[id]
		if b.Full {
			return
		}
		b.Progress(i+1, len(v.order))
		path, trash, there := "", false, true
		if e != nil {
			path, trash, there = v.path(e.group)
		}
		if e == nil || !there {
			continue // deleted with its group
		}
		row++
		it := b.Draft(row)
		it.Tags = source.ListOf(path)
		e.fill(it)
		if trash {
			it.Trash()
		}
		it.Add()
	}
}

// Attributes that Buttercup interprets.
const (
	kindAttribute  = "bc_entry_facade_type"
	fieldAttribute = "bc_entry_field_type:" // before the name of a property
	roleAttribute  = "bc_group_role"        // of a group
)

func (e *entry) fill(it *source.Draft) {
	kind := e.attributes[kindAttribute]
	if it.Type = source.TypeOf(strings.ReplaceAll(kind, "_", " ")); it.Type == item.TypeCard {
		it.Card = &item.Card{}
	}
	for _, p := range e.properties {
		e.place(it, p)
	}
	source.NewestFirst(it.PasswordHistory)
	for _, name := range slices.Sorted(maps.Keys(e.attributes)) {
		if name != kindAttribute && !strings.HasPrefix(name, fieldAttribute) {
			it.Relocate(source.Label(name), e.attributes[name], source.KindOf(name))
		}
	}
	switch it.Type {
	case item.TypeCard:
		it.CardLogin()
	case item.TypeSSHKey:
		if it.SSHKey == nil {
			it.Type = ""
		}
	}
	it.NoteOrLogin()
}

// place puts a property into the item. The username of a card is its holder, and the password its number.
func (e *entry) place(it *source.Draft, p *property) {
	if it.Created.IsZero() || !p.created.IsZero() && p.created.Before(it.Created) {
		it.Created = p.created
	}
	if p.updated.After(it.Modified) {
		it.Modified = p.updated
	}
	kind := e.attributes[fieldAttribute+p.name]
	style := source.KindOfValue(p.name, p.value)
	if kind == "password" || kind == "otp" {
		style = item.FieldHidden
	}
	column, _ := source.Meaning(p.name)
	to := e.home(it, p.name, kind, column)
	switch {
	case p.deleted:
		it.Relocate(p.name+" (older)", p.value, style)
	case p.value == "":
	case column == source.ColumnURL && to == nil:
		it.AddURL(p.value, item.MatchDomain)
	case it.Card != nil && source.Fold(p.name) == "expiry" && source.SetExpiry(it.Card, p.value):
	case to != nil && *to == "":
		*to = p.value
	default:
		it.AddField(p.name, p.value, style)
	}
	for _, old := range p.older {
		switch {
		case old.Password == "" || old.Password == p.value:
		case to == &it.Password:
			it.PasswordHistory = append(it.PasswordHistory, old)
		default:
			it.Relocate(p.name+" (older)", old.Password, style)
		}
	}
}

// home returns the place of a property, or nil for a custom field.
func (e *entry) home(it *source.Draft, name, kind string, column source.Column) *string {
	if c := it.Card; c != nil {
		return map[string]*string{"title": &it.Title, "username": &c.Holder, "password": &c.Number, "cvv": &c.Code, "type": &c.Brand, "note": &it.Notes}[name]
	}
	if it.Type == item.TypeSSHKey && (name == "privateKey" || name == "publicKey") {
		if it.SSHKey == nil {
			it.SSHKey = &item.SSHKey{}
		}
		return map[string]*string{"privateKey": &it.SSHKey.Private, "publicKey": &it.SSHKey.Public}[name]
	}
	if kind == "otp" || column == source.ColumnTOTP {
		return &it.TOTP
	}
	return map[string]*string{"title": &it.Title, "username": &it.Username, "password": &it.Password, "note": &it.Notes, "notes": &it.Notes}[source.Fold(name)]
}
