package authenticators

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Ente is an encrypted export of Ente Auth (https://help.ente.io/auth/migration/export): URLs as in [CodeList], in a
// secretstream with a key from Argon2id. An unencrypted export is a [CodeList].
var Ente = source.Custom{Is: isEnte, Parse: readEnte}

// Limits of the key derivation. Ente uses 1 GB and 4 passes; on smaller devices, less memory and more passes.
const (
	enteMaxMemory = 1 << 30 // bytes
	enteMinMemory = 8 << 10
	enteMaxWork   = 8 << 30 // bytes written in all passes
	enteVersion   = "1"
)

func isEnte(in *source.Input) bool {
	top := source.Object(in.JSON())
	_, sealed := top["encryptedData"].(string)
	return sealed && top.Object("kdfParams")["memLimit"] != nil
}

func readEnte(in *source.Input, b *source.Builder) error {
	top := source.Object(in.JSON())
	if version := top.Text("version"); version != enteVersion {
		return source.Fail(parcel.FileOtherVersion, parcel.Values{Name: "Ente Auth"})
	}
	if in.Options.Password == "" {
		return source.ErrPasswordNeeded
	}
	cost := top.Object("kdfParams")
	memory, passes := source.Int(cost.Text("memLimit")), source.Int(cost.Text("opsLimit"))
	if memory < enteMinMemory || memory > enteMaxMemory || passes < 1 || passes > enteMaxWork/memory {
		return source.TooCostly()
	}
	var raw [3][]byte
	for i, text := range []string{cost.Text("salt"), top.Text("encryptionNonce"), top.Text("encryptedData")} {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(text); err != nil || len(raw[i]) == 0 {
			return source.ErrMalformed
		}
	}
	key := argon2.IDKey([]byte(in.Options.Password), raw[0], uint32(passes), uint32(memory>>10), 1, 32) //nolint:gosec // bounded
	plain := openStream(key, raw[1], raw[2])
	if plain == nil {
		return source.ErrWrongPassword
	}
	text, err := source.DecodeText(plain)
	if err != nil {
		return err
	}
	readCodes(text, b)
	return nil
}

// takeEnte takes the additional data of Ente Auth from a URL.
func takeEnte(it *source.Draft, rawURL string) string {
	before, query, _ := strings.Cut(rawURL, "?")
	parameters := strings.Split(query, "&")
	i := slices.IndexFunc(parameters, func(p string) bool { return strings.HasPrefix(p, "codeDisplay=") })
	if i < 0 {
		return rawURL
	}
	text, err := url.QueryUnescape(strings.TrimPrefix(parameters[i], "codeDisplay="))
	if err != nil {
		return rawURL
	}
	o, err := source.DecodeObject([]byte(text))
	if err != nil {
		return rawURL
	}
	it.Favourite, it.Tags, it.Notes = o.Yes("pinned"), o.Texts("tags"), o.Text("note")
	if o.Yes("trashed") {
		it.Trash()
	}
	o.Drop("lastUsedAt", "tapCount", "position", "iconSrc", "iconID") // display state
	it.RelocateRest(o, "")
	return before + "?" + strings.Join(slices.Delete(parameters, i, i+1), "&")
}
