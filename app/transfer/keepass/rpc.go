package keepass

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// rpcName is where KeePassRPC, the plugin behind Kee and KeeFox, stores its settings: a string, or custom data
// (https://github.com/kee-org/keepassrpc). The case of member names differs between its versions 1 and 2.
const rpcName = "KPRPC JSON"

// bookkeeping is the prefix of custom data for a program's internal use.
var bookkeeping = []string{"_LAST_MODIFIED", "_CREATED", "_EXCLUDE", "KPXC_", "KeePassXC-Browser", "FDO_SECRETS", "KeePassDX"}

// plugins reads the custom data of an entry.
func (k *reader) plugins(it *source.Draft, e *entry, ours *extra) {
	for _, s := range e.custom {
		switch {
		case s.name == rpcName:
			k.rpc(it, s.value)
		case s.name == extraName && ours != nil, hasAnyPrefix(s.name, bookkeeping):
		default:
			it.Relocate(s.name, s.value, item.FieldHidden)
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

// rpc takes the additional URLs of an entry and its form fields. The rest are settings for filling in.
func (k *reader) rpc(it *source.Draft, text string) {
	read, err := source.DecodeObject([]byte(text))
	if err != nil {
		it.Relocate(rpcName, text, item.FieldHidden)
		return
	}
	o := source.Object{}
	for name, value := range read {
		o[strings.ToLower(name)] = value
	}
	for _, rawURL := range o.Texts("alturls") {
		it.AddURL(rawURL, item.MatchDomain)
	}
	for _, rawURL := range o.Texts("regexurls") {
		it.AddURL(rawURL, item.MatchRegexp)
	}
	for _, rawURL := range append(o.Texts("blockedurls"), o.Texts("regexblockedurls")...) {
		it.Relocate("Blocked URL", rawURL, item.FieldText)
	}
	it.Relocate("HTTP realm", o.Text("httprealm"), item.FieldText)
	for _, f := range append(o.Objects("formfieldlist"), o.Objects("fields")...) {
		k.rpcField(it, f)
	}
}

// rpcField relocates a form field, unless the entry has the same value.
func (k *reader) rpcField(it *source.Draft, f source.Object) {
	name, value, path := f.Text("displayName", "name", "id"), f.Text("value"), f.Text("valuePath")
	if path != "" && path != "." || strings.HasPrefix(value, "{") || value == it.Username || value == it.Password {
		return
	}
	kind := source.KindOf(name)
	if strings.Contains(strings.ToLower(f.Text("type")), "password") {
		kind = item.FieldHidden
	}
	it.Relocate(name, value, kind)
}
