package transfer

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// object is a JSON object of a source, from which values are taken. What nobody took is kept as fields at the end, so
// that a member without a place here, or one that a newer version of the vendor writes, is not lost.
type object map[string]any

func decodeObject(data []byte) (object, error) {
	v, err := decodeJSON(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: the JSON is not an object", ErrMalformed)
	}
	return o, nil
}

// text takes the first of the named members that has a value of its own: text, a number, or yes and no.
func (o object) text(names ...string) string {
	for _, name := range names {
		if s, ok := scalar(o[name]); ok && s != "" {
			delete(o, name)
			return s
		}
	}
	return ""
}

func scalar(v any) (s string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// yes takes a member that is true, or a number other than zero.
func (o object) yes(name string) bool {
	s, ok := scalar(o[name])
	if ok {
		delete(o, name)
	}
	return ok && s != "" && s != "false" && s != "0"
}

// time takes a point in time, see jsonTime. Anything else stays where it is.
func (o object) time(name string) time.Time {
	s, _ := scalar(o[name])
	t, ok := jsonTime(s)
	if ok || s == "0" {
		o.drop(name)
	}
	return t
}

// object is the member itself, not a copy: what is taken from it is taken from o.
func (o object) object(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

// objects takes those elements of a list that are objects.
func (o object) objects(name string) []object {
	return takeAll(o, name, func(e any) (object, bool) {
		m, ok := e.(map[string]any)
		return m, ok
	})
}

// texts takes those elements of a list that are text.
func (o object) texts(name string) []string { return takeAll(o, name, scalar) }

func takeAll[T any](o object, name string, as func(any) (T, bool)) []T {
	var out []T
	var others []any
	for _, e := range o.list(name) {
		if v, ok := as(e); ok {
			out = append(out, v)
		} else {
			others = append(others, e)
		}
	}
	if o.list(name) != nil {
		o[name] = others
	}
	return out
}

// list is the member as a list.
func (o object) list(name string) []any {
	list, _ := o[name].([]any)
	return list
}

// groupedEntry is an entry of a source, with the name of the vault it is in, if there are vaults.
type groupedEntry struct {
	o     object
	group string
}

// entries lists the elements of a list, each an entry of the source. group, which may be nil, names where one belongs.
func (o object) entries(name string, group func(object) string) []groupedEntry {
	var out []groupedEntry
	for _, e := range o.list(name) {
		entry, _ := e.(map[string]any) // nil if it is something else
		g := groupedEntry{o: entry}
		if group != nil {
			g.group = group(entry)
		}
		out = append(out, g)
	}
	return out
}

// each hands over the entries with their numbers, from 1 on.
func (b *builder) each(entries []groupedEntry, read func(row int, o object, group string)) {
	for i, e := range entries {
		b.progress(i+1, len(entries))
		switch {
		case b.full:
			return
		case e.o == nil:
			b.problem(i+1, "", "the entry is not an object")
		default:
			read(i+1, e.o, e.group)
		}
	}
}

// drop leaves out what only means something inside the vendor's own product, such as an id.
func (o object) drop(names ...string) {
	for _, name := range names {
		delete(o, name)
	}
}

// rest lists what was not taken and has a value, in the order of the names, with the names that lead to it.
func (o object) rest() iter.Seq2[[]string, string] {
	return func(yield func([]string, string) bool) { leaves(nil, map[string]any(o), yield) }
}

func leaves(path []string, v any, yield func([]string, string) bool) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !leaves(append(slices.Clip(path), name), v[name], yield) {
				return false
			}
		}
		return true
	case []any:
		for i, e := range v {
			step := path
			if len(v) > 1 {
				step = append(slices.Clip(path), strconv.Itoa(i+1))
			}
			if !leaves(step, e, yield) {
				return false
			}
		}
		return true
	}
	s, _ := scalar(v)
	return s == "" || yield(path, s)
}

// keepRest takes all that is left of o and keeps it as fields of it. Their names begin with prefix, which may be empty.
func keepRest(b *builder, row int, it *item.Item, o object, prefix string) {
	for path, value := range o.rest() {
		name := label(path...)
		if prefix != "" {
			name = prefix + ": " + lowerFirst(name)
		}
		b.keepField(row, it, name, value, kindOf(label(path...)))
	}
	clear(o)
}

// keepPasskeys keeps passkeys, for which an item has no place, so that what they say is not lost.
func keepPasskeys(b *builder, row int, it *item.Item, list []object) {
	for i, key := range list {
		prefix := "Passkey"
		if i > 0 {
			prefix = fmt.Sprintf("Passkey %d", i+1)
		}
		for _, secret := range []string{"keyValue", "content"} {
			b.keepField(row, it, prefix+": private key", key.text(secret), item.FieldHidden)
		}
		keepRest(b, row, it, key, prefix)
	}
}

// label makes words of the names of members or columns: "bankContactPhone" and "bank_contact_phone" become
// "Bank contact phone".
func label(path ...string) string {
	var words []string
	for _, name := range path {
		start := 0
		runes := []rune(name)
		for i, r := range runes {
			switch {
			case r == '_' || r == '-' || r == ' ':
				words = append(words, string(runes[start:i]))
				start = i + 1
			case unicode.IsUpper(r) && i > start && unicode.IsLower(runes[i-1]):
				words = append(words, string(runes[start:i]))
				start = i
			}
		}
		words = append(words, string(runes[start:]))
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	for i, w := range words {
		if upper := strings.ToUpper(w); acronyms[upper] {
			words[i] = upper
		} else {
			words[i] = strings.ToLower(w)
		}
	}
	name := strings.Join(words, " ")
	if name == "" {
		return "Value"
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

var acronyms = map[string]bool{
	"API": true, "CVV": true, "FIPS": true, "FTP": true, "IBAN": true, "ID": true, "OS": true, "OTP": true, "PIN": true, "POP": true,
	"RP": true, "SMTP": true, "SSH": true, "SSID": true, "SSN": true, "SWIFT": true, "TOTP": true, "URL": true, "ZIP": true,
}

// lowerFirst makes a label one in the middle of a sentence.
func lowerFirst(name string) string {
	if word, _, _ := strings.Cut(name, " "); acronyms[word] {
		return name
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// secretWords stand in the names of values that are not for the eyes of whoever sits beside.
var secretWords = []string{"password", "passphrase", "passcode", "pwd", "pin", "secret", "private key", "token", "cvv", "cvc",
	"security code", "key value", "recovery", "seed", "otp", "totp", "account number", "account no", "card number", "bank account", "credential", "door code"}

// kindOf is how a kept value is shown, by the name it has in the source.
func kindOf(name string) item.FieldKind {
	words := " " + strings.ToLower(label(name)) + " "
	if slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(words, " "+w+" ") }) || secretName(name) {
		return item.FieldHidden
	}
	return item.FieldText
}
