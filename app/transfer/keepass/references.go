package keepass

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

const (
	maxReferences = 8       // length of a chain
	maxResolved   = 1 << 20 // bytes that the references of one value expand to
)

var placeholder = regexp.MustCompile(`\{REF:([TUPAN])@([TUANI]):([^{}]+)\}`)

var referenceNames = map[string]string{
	"T": nameTitle, "U": nameUser, "P": namePassword, "A": nameURL, "N": nameNotes,
}

// place names an entry as references do: by its UUID (I), or by a value, for which the first entry counts.
func (k *reader) place(by, text string) string { return by + "\x00" + strings.ToLower(text) }

// note indexes an entry for references.
func (k *reader) note(e *entry) {
	for by, name := range referenceNames {
		value := e.value(name)
		if by == "P" || value == "" || len(value) > item.MaxURL {
			continue
		}
		place := k.place(by, value)
		if _, taken := k.entries[place]; !taken {
			k.entries[place] = e
		}
	}
	if uuid, err := base64.StdEncoding.DecodeString(e.uuid); err == nil {
		k.entries[k.place("I", hex.EncodeToString(uuid))] = e
	}
}

// resolve replaces {REF:U@I:UUID}, which stands for a value of another entry (here the username). Dangling references stay
// as they are. A password replaces a reference only if that is the whole value, because longer values are visible.
func (k *reader) resolve(s string) string {
	left := maxResolved
	return placeholder.ReplaceAllStringFunc(s, func(reference string) string {
		value, secret := k.follow(reference)
		if secret && reference != s || len(value) > left {
			return reference
		}
		left -= len(value)
		return value
	})
}

// follow resolves a chain of references, each of which is a whole value. secret says that one of them is to a password.
func (k *reader) follow(reference string) (value string, secret bool) {
	value = reference
	for range maxReferences {
		parts := placeholder.FindStringSubmatch(value)
		if parts == nil || parts[0] != value {
			return value, secret
		}
		e := k.entries[k.place(parts[2], parts[3])]
		if e == nil {
			return reference, secret
		}
		secret = secret || parts[1] == "P"
		value = e.value(referenceNames[parts[1]])
	}
	return reference, secret
}
