package source

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The value of a column may contain several: as JSON, or in lines of a name and a value.

// takeText takes such values from columns without a place in the item.
func (r *Row) takeText() {
	for i, value := range r.Cells {
		if !r.Taken[i] && value != "" {
			r.takeParts(i, value)
		}
	}
}

func (r *Row) takeParts(i int, value string) {
	fields, ok := fieldsInJSON(r.Name(i), value)
	if !ok {
		fields = fieldsInLines(r.Name(i), value)
		ok = fields != nil
	}
	var lines []FormLine
	if !ok {
		lines = linesOf(value)
		ok = lines != nil
	}
	r.Taken[i] = ok
	for _, f := range fields {
		r.Relocate(f.Name, f.Value, f.Kind)
	}
	for _, l := range lines {
		r.takeLine(l)
	}
}

// FormLine is a line of a form.
type FormLine struct{ Name, Value string }

// linesOf parses lines "Name:Value", of which one must be a username or a password. It returns nil for anything else.
func linesOf(value string) []FormLine {
	var out []FormLine
	telling := false
	for line := range strings.Lines(value) {
		line = strings.TrimRight(line, "\r\n")
		name, text, ok := strings.Cut(line, ":")
		if !ok || len(name) > 60 {
			if strings.TrimSpace(line) == "" {
				continue
			}
			return nil
		}
		c, _ := Meaning(name)
		telling = telling || c == ColumnUsername || c == ColumnPassword
		out = append(out, FormLine{strings.TrimSpace(name), strings.TrimSpace(text)})
	}
	if !telling || len(out) < 2 {
		return nil
	}
	return out
}

// customFields matches the names of columns that hold custom fields, normalized by columnWords.
var customFields = regexp.MustCompile(`^(custom|extra|additional|own|eigene|benutzerdefinierte) ?(fields?|felder)$`)

// customLine is a field as Nextcloud writes it.
var customLine = regexp.MustCompile(`^(.{1,200}?), (text|email|url|file|secret|data): (.*)$`)

// fieldsInLines parses the custom fields in a value, one per line: "Name, kind: value". It returns nil for anything else.
func fieldsInLines(column, value string) []item.Field {
	if !customFields.MatchString(strings.Join(columnWords(column), " ")) {
		return nil
	}
	var out []item.Field
	for line := range strings.Lines(strings.TrimSpace(value)) {
		parts := customLine.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if parts == nil {
			return nil
		}
		f := item.Field{Name: parts[1], Value: parts[3], Kind: KindOf(parts[1])}
		if parts[2] == "secret" {
			f.Kind = item.FieldHidden
		}
		out = append(out, f)
	}
	return out
}

func (d *Draft) takeLine(l FormLine) {
	c, _ := Meaning(l.Name)
	place := map[Column]*string{ColumnUsername: &d.Username, ColumnPassword: &d.Password, ColumnTOTP: &d.TOTP}[c]
	switch {
	case l.Value == "":
	case place != nil && SetOnce(place, l.Value):
	case c == ColumnURL:
		setURLs(&d.Item, l.Value)
	case c == ColumnType && setType(&d.Item, l.Name, l.Value):
	default:
		d.Relocate(l.Name, l.Value, KindOf(l.Name))
	}
}

// inJSON decodes a value that is a JSON object or list.
func inJSON(value string) (any, bool) {
	if value = strings.TrimSpace(value); !strings.HasPrefix(value, "{") && !strings.HasPrefix(value, "[") {
		return nil, false
	}
	v, err := DecodeJSON([]byte(value))
	return v, err == nil
}

// unwrap decodes strings that contain JSON again, as some programs write lists.
func unwrap(v any) any {
	switch v := v.(type) {
	case string:
		if inner, ok := inJSON(v); ok {
			return unwrap(inner)
		}
	case []any:
		for i := range v {
			v[i] = unwrap(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = unwrap(v[name])
		}
	}
	return v
}

// textsInJSON returns all scalars in a JSON value.
func textsInJSON(value string) ([]string, bool) {
	v, ok := inJSON(value)
	if !ok {
		return nil, false
	}
	var out []string
	leaves(nil, unwrap(v), func(_ []string, s string) bool {
		out = append(out, s)
		return true
	})
	return out, true
}

// fieldsInJSON returns the fields in a JSON value: objects with a name and a value, and any other scalars.
func fieldsInJSON(column, value string) ([]item.Field, bool) {
	v, ok := inJSON(value)
	if !ok {
		return nil, false
	}
	return fieldsIn(column, nil, unwrap(v)), true
}

func fieldsIn(column string, path []string, v any) []item.Field {
	var out []item.Field
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, fieldsIn(column, path, e)...)
		}
	case map[string]any:
		if fields := fieldOf(v); fields != nil {
			return fields
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, fieldsIn(column, append(slices.Clip(path), name), v[name])...)
		}
	default:
		name := column
		if len(path) > 0 {
			name += ": " + lowerFirst(Label(path...))
		}
		if s, _ := Scalar(v); s != "" {
			out = append(out, item.Field{Name: name, Value: s, Kind: KindOf(name)})
		}
	}
	return out
}

// secretFlag matches the names of members that say whether a field is secret, and the kinds of secret fields.
var secretFlag = regexp.MustCompile(`(?i)secret|hidden|protect|sensitive|conceal|mask`)

// fieldOf returns the field in an object with a name and a value, and further fields for its other members. It returns nil
// for other objects.
func fieldOf(o map[string]any) []item.Field {
	rest := Object{}
	for name, v := range o {
		rest[strings.ToLower(name)] = v
	}
	_, valued := rest["value"]
	_, data := rest["data"]
	if len(rest) < len(o) || !valued && !data {
		return nil
	}
	f := item.Field{Name: rest.Text("name", "label", "key", "title"), Value: rest.Text("value", "data")}
	if f.Name == "" {
		return nil
	}
	f.Kind = KindOf(f.Name)
	if kind := rest.Text("type", "kind", "field_type", "fieldtype"); KindOf(kind) == item.FieldHidden || secretFlag.MatchString(kind) {
		f.Kind = item.FieldHidden
	}
	out := []item.Field{f}
	for path, value := range rest.rest() {
		if secretFlag.MatchString(path[0]) && IsYes(value) {
			out[0].Kind = item.FieldHidden
		} else if !secretFlag.MatchString(path[0]) {
			out = append(out, item.Field{Name: f.Name + ": " + lowerFirst(Label(path...)), Value: value, Kind: KindOf(Label(path...))})
		}
	}
	return out
}

// tagsOfMac parses tags as 1Password 7 for Mac writes them: one per line, quoted if they are not a single ASCII word.
func tagsOfMac(list string) []string {
	var out []string
	for line := range strings.Lines(list) {
		tag := strings.TrimSuffix(strings.TrimSpace(line), ",")
		if quoted, ok := strings.CutPrefix(tag, `"`); ok {
			tag = strings.TrimSuffix(quoted, `"`)
			var text string
			if json.Unmarshal([]byte(`"`+strings.NewReplacer(`\\U`, `\u`, `\U`, `\u`).Replace(tag)+`"`), &text) == nil {
				tag = text
			}
		}
		if tag != "" {
			out = append(out, tag)
		}
	}
	return out
}
