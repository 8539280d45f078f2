package authenticators

import (
	"encoding/base64"

	"golang.org/x/crypto/scrypt"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Aegis is a vault of Aegis, encrypted or not: https://github.com/beemdevelopment/Aegis/blob/master/docs/vault.md
var Aegis = source.Custom{Is: isAegis, Parse: readAegis}

func isAegis(in *source.Input) bool {
	top := in.JSON()
	_, header := top["header"].(map[string]any)
	return header && top["db"] != nil && top["version"] != nil
}

func readAegis(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	db := top.Object("db")
	if sealed, ok := top["db"].(string); ok {
		plain, err := openAegis(top.Object("header"), sealed, in.Options.Password)
		if err != nil {
			return err
		}
		if db, err = source.DecodeObject(plain); err != nil {
			return err
		}
	}
	groups := map[string]string{}
	for _, g := range db.Objects("groups") {
		groups[g.Text("uuid")] = g.Text("name")
	}
	b.Each(db.Items("entries", nil), func(it *source.Draft, o source.Object, _ string) {
		info := o.Object("info")
		it.Item = item.Item{Notes: o.Text("note"), Favourite: o.Yes("favorite"), Tags: source.ListOf(o.Text("group"))}
		for _, id := range o.Texts("groups") {
			it.Tags = append(it.Tags, groups[id])
		}
		code := source.AuthenticatorKey{
			Kind: o.Text("type"), Issuer: o.Text("issuer"), Account: o.Text("name"), Secret: info.Text("secret"),
			Algorithm: info.Text("algo"), Digits: info.Text("digits"), Period: info.Text("period"), Counter: info.Text("counter"),
		}
		o.Drop("uuid", "icon", "icon_mime", "icon_hash")
		addCodes(it, code, o)
	})
	return nil
}

// Aegis uses 32 MB of memory. The limits allow more, because the cost comes from the file.
const (
	aegisPassword   = "1" // a type of slot
	scryptMaxMemory = 256 << 20
	scryptMaxBlocks = 16
	aegisMaxSlots   = 16
)

// openAegis tries the password slots. Each holds the key of the content.
func openAegis(header source.Object, sealed, password string) ([]byte, error) {
	if password == "" {
		return nil, source.ErrPasswordNeeded
	}
	slots := header.Objects("slots")
	if len(slots) > aegisMaxSlots {
		return nil, source.TooCostly()
	}
	for _, slot := range slots {
		if slot.Text("type") != aegisPassword {
			continue
		}
		key, err := aegisSlot(slot, password)
		if err != nil {
			return nil, err
		}
		if key == nil {
			continue
		}
		content, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil {
			return nil, source.ErrMalformed
		}
		plain := source.OpenGCM(key, source.HexBytes(header.Object("params").Text("nonce")), append(content, source.HexBytes(header.Object("params").Text("tag"))...))
		if plain == nil {
			return nil, source.ErrMalformed
		}
		return plain, nil
	}
	return nil, source.ErrWrongPassword
}

// aegisSlot returns nil if the password does not open the slot.
func aegisSlot(slot source.Object, password string) ([]byte, error) {
	n, r, p := source.Int(slot.Text("n")), source.Int(slot.Text("r")), source.Int(slot.Text("p"))
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || p > scryptMaxBlocks || r > scryptMaxBlocks || n > scryptMaxMemory/128/r {
		return nil, source.TooCostly()
	}
	derived, err := scrypt.Key([]byte(password), source.HexBytes(slot.Text("salt")), n, r, p, 32)
	if err != nil {
		return nil, source.UnsupportedAlgorithm("Aegis")
	}
	params := slot.Object("key_params")
	return source.OpenGCM(derived, source.HexBytes(params.Text("nonce")), append(source.HexBytes(slot.Text("key")), source.HexBytes(params.Text("tag"))...)), nil
}
