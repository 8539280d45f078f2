package transfer

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// keepassRPC names what KeePassRPC, the plugin behind Kee and KeeFox, keeps of an entry, as a string or in the custom data:
// https://github.com/kee-org/keepassrpc. The names of members differ in case between its versions 1 and 2.
const keepassRPC = "KPRPC JSON"

// keepassBookkeeping begins the names of custom data that mean something inside a program only.
var keepassBookkeeping = []string{"_LAST_MODIFIED", "_CREATED", "_EXCLUDE", "KPXC_", "KeePassXC-Browser", "FDO_SECRETS", "KeePassDX"}

// plugins reads the custom data of an entry.
func (k *keepass) plugins(it *draft, e *keepassEntry, ours *keepassExtra) {
	for _, s := range e.custom {
		switch {
		case s.name == keepassRPC:
			k.rpc(it, s.value)
		case s.name == keepassExtraKey && ours != nil, hasAnyPrefix(s.name, keepassBookkeeping):
		default:
			it.relocate(s.name, s.value, item.FieldHidden)
		}
	}
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// rpc takes the further addresses of an entry and what was saved of its form. The rest is how Kee fills it in.
func (k *keepass) rpc(it *draft, text string) {
	read, err := decodeObject([]byte(text))
	if err != nil {
		it.relocate(keepassRPC, text, item.FieldHidden)
		return
	}
	o := object{}
	for name, value := range read {
		o[strings.ToLower(name)] = value
	}
	for _, address := range o.texts("alturls") {
		it.addURL(address, item.MatchDomain)
	}
	for _, address := range o.texts("regexurls") {
		it.addURL(address, item.MatchRegexp)
	}
	for _, address := range append(o.texts("blockedurls"), o.texts("regexblockedurls")...) {
		it.relocate("Blocked URL", address, item.FieldText)
	}
	it.relocate("HTTP realm", o.text("httprealm"), item.FieldText)
	for _, f := range append(o.objects("formfieldlist"), o.objects("fields")...) {
		k.rpcField(it, f)
	}
}

// rpcField keeps a field of a form, unless its value is that of the entry.
func (k *keepass) rpcField(it *draft, f object) {
	name, value, path := f.text("displayName", "name", "id"), f.text("value"), f.text("valuePath")
	if path != "" && path != "." || strings.HasPrefix(value, "{") || value == it.Username || value == it.Password {
		return
	}
	kind := kindOf(name)
	if strings.Contains(strings.ToLower(f.text("type")), "password") {
		kind = item.FieldHidden
	}
	it.relocate(name, value, kind)
}
