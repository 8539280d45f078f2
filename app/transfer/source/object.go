package source

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Object returns the member itself, not a copy: values taken from it are gone from o too.
type Object map[string]any

// DecodeObject decodes JSON that must be an object.
func DecodeObject(data []byte) (Object, error) {
	v, err := DecodeJSON(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, ErrMalformed
	}
	return o, nil
}

// Text takes the first of the named members that is a nonempty string, number or Boolean.
func (o Object) Text(names ...string) string {
	for _, name := range names {
		if s, ok := Scalar(o[name]); ok && s != "" {
			delete(o, name)
			return s
		}
	}
	return ""
}

// Scalar returns the text of a string, a number or a Boolean.
func Scalar(v any) (s string, ok bool) {
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

// Yes takes a member that is true, or a number other than zero.
func (o Object) Yes(name string) bool {
	s, ok := Scalar(o[name])
	if ok {
		delete(o, name)
	}
	return ok && s != "" && s != "false" && s != "0"
}

// Time takes a time, see jsonTime. It leaves anything else in place.
func (o Object) Time(name string) time.Time {
	s, _ := Scalar(o[name])
	t, ok := jsonTime(s)
	if ok || s == "0" {
		o.Drop(name)
	}
	return t
}

// Object is the member itself, not a copy: what is taken from it is taken from o.
func (o Object) Object(name string) Object {
	m, _ := o[name].(map[string]any)
	return m
}

// Objects takes the elements of a list that are objects.
func (o Object) Objects(name string) []Object {
	return takeAll(o, name, func(e any) (Object, bool) {
		m, ok := e.(map[string]any)
		return m, ok
	})
}

// Texts takes the elements of a list that are scalars.
func (o Object) Texts(name string) []string { return takeAll(o, name, Scalar) }

func takeAll[T any](o Object, name string, as func(any) (T, bool)) []T {
	var out []T
	var others []any
	for _, e := range o.List(name) {
		if v, ok := as(e); ok {
			out = append(out, v)
		} else {
			others = append(others, e)
		}
	}
	if o.List(name) != nil {
		o[name] = others
	}
	return out
}

// List returns the member as a list.
func (o Object) List(name string) []any {
	list, _ := o[name].([]any)
	return list
}

// Item is an item of a file, and the name of its vault or folder, if any.
type Item struct {
	Object Object
	Group  string
}

// Items lists the elements of a list as items of the file. group may be nil; it returns the vault or folder of an item.
func (o Object) Items(name string, group func(Object) string) []Item {
	var out []Item
	for _, e := range o.List(name) {
		object, _ := e.(map[string]any) // nil for anything else
		g := Item{Object: object}
		if group != nil {
			g.Group = group(object)
		}
		out = append(out, g)
	}
	return out
}

// Each calls read for each item with its position, from 1.
func (b *Builder) Each(items []Item, read func(it *Draft, o Object, group string)) {
	for i, e := range items {
		b.Progress(i+1, len(items))
		switch {
		case b.Full:
			return
		case e.Object == nil:
			b.Problem(i+1, "", parcel.MalformedItem)
		default:
			read(b.Draft(i+1), e.Object, e.Group)
		}
	}
}

// Drop removes members that have a meaning only inside the vendor's product, such as IDs.
func (o Object) Drop(names ...string) {
	for _, name := range names {
		delete(o, name)
	}
}

// rest lists the remaining nonempty values, sorted by name, with the path that leads to each.
func (o Object) rest() iter.Seq2[[]string, string] {
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
	s, _ := Scalar(v)
	return s == "" || yield(path, s)
}

// Label turns names of members or columns into words: "bankContactPhone" and "bank_contact_phone" become "Bank contact
// phone".
func Label(path ...string) string {
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

// lowerFirst turns a label into one for the middle of a sentence.
func lowerFirst(name string) string {
	if word, _, _ := strings.Cut(name, " "); acronyms[word] {
		return name
	}
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// secretWords occur in the names of values that must not be readable over someone's shoulder.
var secretWords = []string{"password", "passphrase", "passcode", "pwd", "pin", "secret", "private key", "token", "cvv", "cvc",
	"security code", "key value", "recovery", "seed", "otp", "totp", "account number", "account no", "card number", "bank account", "credential", "door code"}

// KindOf returns how to show a relocated value, by its original name.
func KindOf(name string) item.FieldKind {
	words := " " + strings.ToLower(Label(name)) + " "
	if slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(words, " "+w+" ") }) || secretName(name) {
		return item.FieldHidden
	}
	return item.FieldText
}
