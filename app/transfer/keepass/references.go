package keepass

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

const (
	maxReferences = 8       // from entry to entry
	maxResolved   = 1 << 20 // bytes that come in for the references of one value
)

var placeholder = regexp.MustCompile(`\{REF:([TUPAN])@([TUANI]):([^{}]+)\}`)

var referenceNames = map[string]string{
	"T": nameTitle, "U": nameUser, "P": namePassword, "A": nameURL, "N": nameNotes,
}

// place names an entry as references do: by its UUID (I), or by a value that the first entry of that value has.
func (k *reader) place(by, text string) string { return by + "\x00" + strings.ToLower(text) }

// note makes an entry known to references.
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

// resolve follows {REF:U@I:UUID}, which stands for a value of another entry, here the username. What leads nowhere stays
// as it is. A password takes the place of a reference only where that is the whole value: a longer one is shown.
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

// follow goes from one reference to the next, for as long as each is the whole value of an entry. secret says that one of
// them is to a password.
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
