package transfer

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/scrypt"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Aegis, https://github.com/beemdevelopment/Aegis/blob/master/docs/vault.md

// aegis is a vault of Aegis, encrypted or not.
var aegis = custom{is: isAegis, parse: readAegis}

func isAegis(in *input) bool {
	top := in.json()
	_, header := top["header"].(map[string]any)
	return header && top["db"] != nil && top["version"] != nil
}

func readAegis(in *input, b *builder) error {
	top := object(in.json())
	db := top.object("db")
	if sealed, ok := top["db"].(string); ok {
		plain, err := openAegis(top.object("header"), sealed, in.options.Password)
		if err != nil {
			return err
		}
		if db, err = decodeObject(plain); err != nil {
			return err
		}
	}
	groups := map[string]string{}
	for _, g := range db.objects("groups") {
		groups[g.text("uuid")] = g.text("name")
	}
	b.each(db.entries("entries", nil), func(it *draft, o object, _ string) {
		info := o.object("info")
		it.Item = item.Item{Notes: o.text("note"), Favourite: o.yes("favorite"), Tags: one(o.text("group"))}
		for _, id := range o.texts("groups") {
			it.Tags = append(it.Tags, groups[id])
		}
		code := oneTime{
			kind: o.text("type"), issuer: o.text("issuer"), account: o.text("name"), secret: info.text("secret"),
			algorithm: info.text("algo"), digits: info.text("digits"), period: info.text("period"), counter: info.text("counter"),
		}
		o.drop("uuid", "icon", "icon_mime", "icon_hash")
		addCodes(it, code, o)
	})
	return nil
}

// Aegis asks for 32 MB of memory; the bounds leave room for more, because the file says what it costs.
const (
	aegisPassword   = "1" // the kind of a slot
	scryptMaxMemory = 256 << 20
	scryptMaxBlocks = 16
	aegisMaxSlots   = 16
)

// openAegis tries the slots that a password opens. Each holds the key of the content.
func openAegis(header object, sealed, password string) ([]byte, error) {
	if password == "" {
		return nil, ErrPasswordNeeded
	}
	slots := header.objects("slots")
	if len(slots) > aegisMaxSlots {
		return nil, fmt.Errorf("%w: more than %d passwords open it", ErrMalformed, aegisMaxSlots)
	}
	for _, slot := range slots {
		if slot.text("type") != aegisPassword {
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
			return nil, fmt.Errorf("%w: the encrypted part is not base64", ErrMalformed)
		}
		plain := openGCM(key, hexBytes(header.object("params").text("nonce")), append(content, hexBytes(header.object("params").text("tag"))...))
		if plain == nil {
			return nil, fmt.Errorf("%w: the encrypted part was changed", ErrMalformed)
		}
		return plain, nil
	}
	return nil, ErrWrongPassword
}

// aegisSlot is nil if the password does not open the slot.
func aegisSlot(slot object, password string) ([]byte, error) {
	n, r, p := number(slot.text("n")), number(slot.text("r")), number(slot.text("p"))
	if n < 2 || n&(n-1) != 0 || r < 1 || p < 1 || p > scryptMaxBlocks || r > scryptMaxBlocks || n > scryptMaxMemory/128/r {
		return nil, errTooCostly("memory")
	}
	derived, err := scrypt.Key([]byte(password), hexBytes(slot.text("salt")), n, r, p, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: the key derivation is none that Aegis uses", ErrMalformed)
	}
	params := slot.object("key_params")
	return openGCM(derived, hexBytes(params.text("nonce")), append(hexBytes(slot.text("key")), hexBytes(params.text("tag"))...)), nil
}
