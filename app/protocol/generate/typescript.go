package main

import (
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// typeNames renames Go types whose name is not clear or not unique without the package name.
var typeNames = map[string]string{
	"item.Type": "ItemType", "source.Preview": "TablePreview", "parcel.Problem": "ImportProblem", "parcel.Relocated": "RelocatedValue", "seal.Params": "KDF", "client.Enrolment": "TOTPEnrolment",
	"protocol.Code": "ServerCode", "client.Code": "ClientCode", "client.ExportOptions": "ExportScope", "client.Changed": "ItemChange", "bridge.Values": "MessageValues", "worker.Code": "PageCode", "bridge.Code": "ErrorCode",
}

// unions lists the types that are unions of others.
var unions = map[string][]string{"bridge.Code": {"protocol.Code", "client.Code", "parcel.FileCode", "worker.Code"}}

// typescript collects the TypeScript types that the calls need.
type typescript struct {
	*source
	written map[string]string // Go type by TypeScript name
	types   map[string]string // declarations, by name
}

func newTypeScript(s *source) *typescript {
	return &typescript{s, map[string]string{}, map[string]string{}}
}

// declarations returns all type declarations, sorted by name.
func (t *typescript) declarations() string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.types)) {
		out.WriteString("\n" + t.types[name])
	}
	return out.String()
}

// of returns the TypeScript type of a Go type, as encoding/json encodes it.
func (t *typescript) of(from types.Type) (string, error) {
	switch from := types.Unalias(from).(type) {
	case *types.Basic:
		return basic(from)
	case *types.Pointer:
		return t.of(from.Elem())
	case *types.Slice:
		if b, ok := from.Elem().(*types.Basic); ok && b.Kind() == types.Byte {
			return "string", nil // base64
		}
		element, err := t.of(from.Elem())
		return element + "[]", err
	case *types.Map:
		return t.record(from)
	case *types.Named:
		if from.String() == "time.Time" {
			return "string", nil // RFC 3339
		}
		return t.named(from)
	}
	return "", fmt.Errorf("no TypeScript for the type %s", from)
}

func basic(b *types.Basic) (string, error) {
	switch {
	case b.Info()&types.IsString != 0:
		return "string", nil
	case b.Info()&types.IsNumeric != 0:
		return "number", nil
	case b.Info()&types.IsBoolean != 0:
		return "boolean", nil
	}
	return "", fmt.Errorf("no TypeScript for the type %s", b)
}

// record returns a TypeScript Record. If the keys are an enumeration, it is partial: not every key must be present.
func (t *typescript) record(m *types.Map) (string, error) {
	key, err := t.of(m.Key())
	if err != nil {
		return "", err
	}
	value, err := t.of(m.Elem())
	if key != "string" {
		return fmt.Sprintf("Partial<Record<%s, %s>>", key, value), err
	}
	return fmt.Sprintf("Record<string, %s>", value), err
}

func (t *typescript) named(n *types.Named) (string, error) {
	from := goName(n.Obj())
	name := n.Obj().Name()
	if other := typeNames[from]; other != "" {
		name = other
	}
	if known := t.written[name]; known == from {
		return name, nil
	} else if known != "" {
		return "", fmt.Errorf("%s and %s would both be named %s: add one to typeNames", known, from, name)
	}
	t.written[name] = from
	about := tsDoc("", t.docs[from].text())
	if fields, ok := n.Underlying().(*types.Struct); ok {
		body, err := t.members(from, fields)
		t.types[name] = fmt.Sprintf("%sexport interface %s {\n%s}\n", about, name, body)
		return name, err
	}
	if parts := unions[from]; parts != nil {
		return name, t.union(about, name, parts)
	}
	if len(t.enums[from]) == 0 {
		delete(t.written, name)
		return t.of(n.Underlying())
	}
	var values []string
	for _, c := range t.enums[from] {
		values = append(values, c.value.ExactString())
	}
	t.types[name] = about + wrapped(fmt.Sprintf("export type %s =", name), values, " |", ";\n")
	return name, nil
}

func (t *typescript) union(about, name string, parts []string) error {
	var members []string
	for _, part := range parts {
		member, err := t.root(part)
		if err != nil {
			return err
		}
		members = append(members, member)
	}
	t.types[name] = about + wrapped(fmt.Sprintf("export type %s =", name), members, " |", ";\n")
	return nil
}

// members returns the members of a struct. It flattens embedded structs, as encoding/json does.
func (t *typescript) members(owner string, s *types.Struct) (string, error) {
	var out strings.Builder
	for i := range s.NumFields() {
		f := s.Field(i)
		name, options, _ := strings.Cut(reflect.StructTag(s.Tag(i)).Get("json"), ",")
		if f.Embedded() && name == "" {
			embedded := f.Type().(*types.Named)
			inner, err := t.members(goName(embedded.Obj()), embedded.Underlying().(*types.Struct))
			if err != nil {
				return "", err
			}
			out.WriteString(inner)
			continue
		}
		if !f.Exported() || name == "-" {
			continue
		}
		if name == "" {
			return "", fmt.Errorf("%s.%s has no json tag", owner, f.Name())
		}
		kind, err := t.of(f.Type())
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", owner, f.Name(), err)
		}
		mark := ""
		if options != "" {
			mark = "?" // omitempty or omitzero
		} else if _, ok := f.Type().(*types.Pointer); ok {
			kind += " | null"
		}
		d := t.docs[owner+"."+f.Name()]
		behind := ""
		if d.behind != "" {
			behind = " // " + d.behind
		}
		fmt.Fprintf(&out, "%s  %s%s: %s;%s\n", tsDoc("  ", strings.ReplaceAll(d.above, "\n", " ")), name, mark, kind, behind)
	}
	return out.String(), nil
}

// call generates the function that calls a method.
func (t *typescript) call(m method) (string, error) {
	var takes []string
	params := "{}"
	if m.params != nil {
		kind, err := t.of(m.params)
		if err != nil {
			return "", err
		}
		takes, params = append(takes, "params: "+kind), "params"
	}
	var options []string
	if m.takesFile {
		takes, options = append(takes, "file: Blob"), append(options, "file")
	}
	if m.progress {
		takes, options = append(takes, "onProgress?: Tell", "signal?: AbortSignal"), append(options, "onProgress", "signal")
	}
	if m.event != nil {
		kind, err := t.of(m.event)
		if err != nil {
			return "", err
		}
		takes, options = append(takes, fmt.Sprintf("onEvent: Tell<%s>", kind), "signal: AbortSignal"), append(options, "onProgress: onEvent", "signal")
	}
	result := "Nothing"
	if m.result != nil {
		var err error
		if result, err = t.of(m.result); err != nil {
			return "", err
		}
	}
	caller, answer := "call", result
	switch {
	case m.givesFile && m.result != nil:
		caller, answer = "callForFile", fmt.Sprintf("Answer<%s>", result)
	case m.givesFile:
		caller, answer = "callForBytes", "Bytes"
	}
	with := ""
	if len(options) > 0 {
		with = fmt.Sprintf(", { %s }", strings.Join(options, ", "))
	}
	head := wrapped(fmt.Sprintf("export const %s = (", camel(m.name)), takes, ",", fmt.Sprintf("): Promise<%s> =>", answer))
	return fmt.Sprintf("%s%s\n  %s(%q, %s%s);\n", tsDoc("", m.doc.deed(m.name)), head, caller, snake(m.name), params, with), nil
}

// root declares the type "package.Name".
func (t *typescript) root(name string) (string, error) {
	short, object, _ := strings.Cut(name, ".")
	for _, p := range t.packages {
		if found := p.Types.Scope().Lookup(object); found != nil && p.Name == short {
			return t.of(found.Type())
		}
	}
	return "", fmt.Errorf("no type %s", name)
}

var comments = regexp.MustCompile(`(?s)/\*\*.*?\*/`)

var word = regexp.MustCompile(`\w+`)

// used returns the declared types that text mentions, for an import.
func (t *typescript) used(text string) string {
	var names []string
	for _, w := range word.FindAllString(comments.ReplaceAllString(text, ""), -1) {
		if t.types[w] != "" && !slices.Contains(names, w) {
			names = append(names, w)
		}
	}
	slices.Sort(names)
	return strings.TrimPrefix(wrapped("", names, ",", ",\n"), "\n")
}

// union writes the names of methods as a union type.
func union(name string, methods []method) string {
	var names []string
	for _, m := range methods {
		names = append(names, fmt.Sprintf("%q", snake(m.name)))
	}
	return wrapped(fmt.Sprintf("export type %s =", name), names, " |", ";\n")
}

const lineWidth = 130

// wrapped joins parts on one line, or on several indented lines if they do not fit.
func wrapped(head string, parts []string, separator, tail string) string {
	gap := " "
	if strings.HasSuffix(head, "(") {
		gap = ""
	}
	if line := head + gap + strings.Join(parts, separator+" ") + tail; len(line) <= lineWidth || len(parts) == 0 {
		return line
	}
	var out strings.Builder
	out.WriteString(head)
	width := lineWidth
	for i, p := range parts {
		if i < len(parts)-1 {
			p += separator
		}
		if width+len(p)+1 > lineWidth {
			out.WriteString("\n ")
			width = 2
		}
		out.WriteString(" " + p)
		width += len(p) + 1
	}
	if strings.HasSuffix(head, "(") {
		out.WriteString("\n")
	}
	return out.String() + tail
}

func tsDoc(indent, text string) string {
	if text == "" {
		return ""
	}
	if line := fmt.Sprintf("%s/** %s */\n", indent, text); len(line) <= lineWidth {
		return line
	}
	lines := indent + "/**\n"
	line := indent + " *"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > lineWidth {
			lines, line = lines+line+"\n", indent+" *"
		}
		line += " " + word
	}
	return lines + line + "\n" + indent + " */\n"
}

// words splits a Go name: TOTPBegin becomes totp and begin.
func words(name string) []string {
	var out []string
	runes := []rune(name)
	for i, r := range runes {
		begins := unicode.IsUpper(r) && (i == 0 || unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins || len(out) == 0 {
			out = append(out, "")
		}
		out[len(out)-1] += string(unicode.ToLower(r))
	}
	return out
}

func snake(name string) string { return strings.Join(words(name), "_") }

func camel(name string) string {
	parts := words(name)
	for i, p := range parts[1:] {
		parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "")
}
