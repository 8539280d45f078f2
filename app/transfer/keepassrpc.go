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
func (k *keepass) plugins(it *item.Item, e *keepassEntry, ours *keepassExtra) {
	for _, s := range e.custom {
		switch {
		case s.name == keepassRPC:
			k.rpc(it, s.value)
		case s.name == keepassExtraKey && ours != nil, hasAnyPrefix(s.name, keepassBookkeeping):
		default:
			k.b.keepField(k.row, it, s.name, s.value, item.FieldHidden)
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
func (k *keepass) rpc(it *item.Item, text string) {
	read, err := decodeObject([]byte(text))
	if err != nil {
		k.b.keepField(k.row, it, keepassRPC, text, item.FieldHidden)
		return
	}
	o := object{}
	for name, value := range read {
		o[strings.ToLower(name)] = value
	}
	for _, address := range o.texts("alturls") {
		addURL(k.b, k.row, it, address, item.MatchDomain)
	}
	for _, address := range o.texts("regexurls") {
		addURL(k.b, k.row, it, address, item.MatchRegexp)
	}
	for _, address := range append(o.texts("blockedurls"), o.texts("regexblockedurls")...) {
		k.b.keepField(k.row, it, "Blocked URL", address, item.FieldText)
	}
	k.b.keepField(k.row, it, "HTTP realm", o.text("httprealm"), item.FieldText)
	for _, f := range append(o.objects("formfieldlist"), o.objects("fields")...) {
		k.rpcField(it, f)
	}
}

// rpcField keeps a field of a form, unless its value is that of the entry.
func (k *keepass) rpcField(it *item.Item, f object) {
	name, value, path := f.text("displayName", "name", "id"), f.text("value"), f.text("valuePath")
	if path != "" && path != "." || strings.HasPrefix(value, "{") || value == it.Username || value == it.Password {
		return
	}
	kind := kindOf(name)
	if strings.Contains(strings.ToLower(f.text("type")), "password") {
		kind = item.FieldHidden
	}
	k.b.keepField(k.row, it, name, value, kind)
}
