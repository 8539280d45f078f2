package buttercup

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Format A: one change per line, with a command and its arguments.

var argument = regexp.MustCompile(`"(?:\\"|[^"])*"|\S+`)

// arguments are quoted if they contain a space, and in base64 in newer versions.
func arguments(line string) []string {
	out := argument.FindAllString(line, -1)
	for i, a := range out {
		if strings.HasPrefix(a, `"`) && strings.HasSuffix(a, `"`) && len(a) > 1 {
			a = strings.ReplaceAll(a[1:len(a)-1], `\"`, `"`)
		}
		if encoded, ok := strings.CutPrefix(a, "utf8+base64:"); ok {
			if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
				a = string(text)
			}
		}
		out[i] = a
	}
	return out
}

// replay applies the changes in order. It reports one that refers to something unknown.
func (v *vault) replay(text string, b *source.Builder) {
	for number, line := range strings.Split(text, "\n") {
		if a := arguments(line); len(a) > 0 && !v.change(a[0], append(a[1:], "", "", "")) {
			b.Problem(number+1, "", parcel.UnknownPart)
		}
	}
}

// change reports whether it knows the command and what the command refers to.
func (v *vault) change(command string, a []string) bool {
	switch command {
	case "aid", "cmm", "fmt", "pad", "saa", "daa": // settings of the vault
		return true
	case "cgr":
		v.groups[a[1]] = &group{parent: a[0], title: "New group"}
		return true
	case "cen":
		v.add(a[1], a[0])
		return true
	}
	if strings.HasSuffix(command, "gr") || strings.HasSuffix(command, "ga") {
		return v.changeGroup(command, a)
	}
	return v.changeEntry(command, a)
}

func (v *vault) changeGroup(command string, a []string) bool {
	g := v.groups[a[0]]
	if g == nil {
		return false
	}
	switch command {
	case "tgr":
		g.title = a[1]
	case "mgr":
		g.parent = a[1]
	case "dgr":
		delete(v.groups, a[0])
	case "sga":
		g.trash = g.trash || a[1] == roleAttribute && a[2] == "trash"
	case "dga":
		g.trash = g.trash && a[1] != roleAttribute
	default:
		return false
	}
	return true
}

func (v *vault) changeEntry(command string, a []string) bool {
	e := v.entries[a[0]]
	if e == nil {
		return false
	}
	switch command {
	case "men":
		e.group = a[1]
	case "den":
		v.entries[a[0]] = nil
	case "sep", "sem": // later versions call meta a property
		p := e.property(a[1])
		if p.value != "" && p.value != a[2] {
			p.older = append(p.older, item.OldPassword{Password: p.value})
		}
		p.value, p.deleted = a[2], false
	case "dep", "dem":
		e.property(a[1]).deleted = true
	case "sea":
		e.attributes[a[1]] = a[2]
	case "dea":
		delete(e.attributes, a[1])
	default:
		return false
	}
	return true
}
