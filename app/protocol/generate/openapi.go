package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/constant"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]any

const (
	schemas   = "#/components/schemas/"
	responses = "#/components/responses/"
	// Results that are not types of package protocol.
	anyObject   = "any object"
	eventStream = "a stream"
)

const about = "All bodies are JSON in UTF-8. Member names are case-sensitive; unknown and duplicate names are rejected. " +
	"The server sees only sealed tokens and hashes: docs/sealed-format.md describes what they hold.\n\n" +
	"Any path may answer 404 not_found or 405 method_not_allowed with the same error body. Cross-origin requests of " +
	"browsers are rejected with 403."

// openapi generates the OpenAPI document.
func (s *source) openapi() ([]byte, error) {
	d := &document{s, newSchemas(s), object{}, map[string]answer{}}
	if err := d.codes(); err != nil {
		return nil, err
	}
	paths := object{}
	for _, o := range operations {
		path, err := s.constant("protocol." + o.path)
		if err != nil {
			return nil, err
		}
		described, err := d.operation(o)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.method, o.path, err)
		}
		at := constant.StringVal(path)
		if paths[at] == nil {
			paths[at] = object{}
		}
		paths[at].(object)[o.method] = described
	}
	if _, err := d.schemas.root("Error"); err != nil {
		return nil, err
	}
	if _, err := d.schemas.root("RevisionEvent"); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(object{
		"openapi": "3.1.0", "info": object{"title": "VaultSphere", "version": "1", "description": about},
		"servers": []object{{"url": "/"}}, "tags": tags, "paths": paths,
		"components": object{"schemas": d.schemas.written, "responses": d.responses, "securitySchemes": object{
			"cookie":          object{"type": "apiKey", "in": "cookie", "name": "vaultsphere", "description": "Over plain HTTP on the same machine."},
			"cookieOverHTTPS": object{"type": "apiKey", "in": "cookie", "name": "__Host-vaultsphere"},
			"bearer":          object{"type": "http", "scheme": "bearer"},
		}},
	})
	if err != nil {
		return nil, err
	}
	var whole any
	if err := json.Unmarshal(plain, &whole); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = layOut(&out, whole, "")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// layOut writes a value on one line if it fits, otherwise each member on a separate line.
func layOut(out *bytes.Buffer, value any, indent string) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	text := bytes.TrimSpace(line.Bytes())
	names, parts := []string{}, []any{}
	brackets := "{}"
	switch value := value.(type) {
	case object:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			names, parts = append(names, strconv.Quote(name)+": "), append(parts, value[name])
		}
	case []any:
		brackets, names, parts = "[]", make([]string, len(value)), value
	}
	if len(indent)+len(text) <= lineWidth || len(parts) == 0 {
		out.Write(text)
		return nil
	}
	out.WriteByte(brackets[0])
	for i, part := range parts {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + indent + "  " + names[i])
		if err := layOut(out, part, indent+"  "); err != nil {
			return err
		}
	}
	out.WriteString("\n" + indent + brackets[1:])
	return nil
}

type document struct {
	*source
	schemas   *schemaSet
	responses object
	answers   map[string]answer // by code
}

// answer is the parsed comment of an error code: its HTTP status and its meaning.
type answer struct {
	order, status int
	meaning       string
}

func (d *document) codes() error {
	for i, c := range d.enums["protocol.Code"] {
		status, meaning, _ := strings.Cut(d.docs["protocol."+c.name].behind, ": ")
		number, _, _ := strings.Cut(status, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("the comment of %s must start with its HTTP status", c.name)
		}
		code := constant.StringVal(c.value)
		d.answers[code] = answer{i, n, cmp.Or(meaning, strings.ToLower(http.StatusText(n)))}
	}
	return nil
}

func (d *document) operation(o operation) (object, error) {
	out := object{"operationId": o.id, "tags": []string{o.tag}, "summary": o.summary}
	description := o.description
	if o.takes != "" {
		if _, err := d.schemas.root(o.takes); err != nil {
			return nil, err
		}
		out["requestBody"] = object{"required": true, "content": content("application/json", object{"$ref": schemas + o.takes})}
	}
	if description != "" {
		out["description"] = description
	}
	if !o.guest {
		out["security"] = []object{{"cookie": []string{}}, {"cookieOverHTTPS": []string{}}, {"bearer": []string{}}}
	}
	if len(o.parameters) > 0 {
		var list []object
		for _, p := range o.parameters {
			list = append(list, p.object())
		}
		out["parameters"] = list
	}
	answers, err := d.answersOf(o)
	out["responses"] = answers
	return out, err
}

func (p parameter) object() object {
	out := object{"name": p.name, "in": p.in, "schema": p.schema}
	if p.required {
		out["required"] = true
	}
	if p.description != "" {
		out["description"] = p.description
	}
	return out
}

func content(kind string, schema object) object { return object{kind: object{"schema": schema}} }

func (d *document) answersOf(o operation) (object, error) {
	out := object{}
	switch o.gives {
	case "":
		out["204"] = object{"description": "Done."}
	case anyObject:
		out["200"] = object{"description": "OpenAPI 3.1.", "content": content("application/json", object{"type": "object"})}
	case eventStream:
		stream := content("text/event-stream", object{"type": "string"})
		stream["text/event-stream"].(object)["example"] = "retry: 3000\n\nevent: revision\ndata: {\"revision\":12,\"sequence\":1}\n\n"
		out["200"] = object{"description": "The stream.", "content": stream}
	default:
		if _, err := d.schemas.root(o.gives); err != nil {
			return nil, err
		}
		out["200"] = object{"description": "Done.", "content": content("application/json", object{"$ref": schemas + o.gives})}
	}
	byStatus := map[int][]string{}
	for _, code := range o.allCodes() {
		a, ok := d.answers[code]
		if !ok {
			return nil, fmt.Errorf("no error code %s", code)
		}
		byStatus[a.status] = append(byStatus[a.status], code)
	}
	for status, codes := range byStatus {
		out[strconv.Itoa(status)] = object{"$ref": responses + d.response(codes)}
	}
	return out, nil
}

// allCodes adds the error codes that every operation of this form may return.
func (o operation) allCodes() []string {
	codes := slices.Clone(o.codes)
	if o.gives != anyObject {
		codes = append(codes, "internal")
	}
	if !o.guest {
		codes = append(codes, "unauthorized")
	}
	if !o.guest || o.tag != "state" {
		codes = append(codes, "throttled", "unavailable", "storage_unavailable", "storage_full")
	}
	if o.method != "get" {
		codes = append(codes, "forbidden")
		if !o.waits {
			codes = append(codes, "waiting")
		}
	}
	if o.takes != "" {
		codes = append(codes, "too_slow", "too_large", "unsupported_media")
	}
	if o.takes != "" || len(o.parameters) > 0 {
		codes = append(codes, "bad_request")
	}
	return codes
}

// response adds an error response with any of codes, and returns its name.
func (d *document) response(codes []string) string {
	slices.SortFunc(codes, func(a, b string) int { return cmp.Compare(d.answers[a].order, d.answers[b].order) })
	name := strings.Join(codes, "-")
	headers := object{"X-Request-Id": object{"schema": object{"type": "string"}}}
	var meanings []string
	for _, code := range codes {
		meanings = append(meanings, code+": "+d.answers[code].meaning)
	}
	if slices.ContainsFunc(codes, func(code string) bool {
		return slices.Contains([]string{"throttled", "too_slow", "unavailable", "waiting"}, code)
	}) {
		headers["Retry-After"] = object{"description": "Seconds. Absent if waiting does not help.", "schema": object{"type": "integer", "minimum": 1}}
	}
	described := content("application/json", object{"allOf": []object{
		{"$ref": schemas + "Error"}, {"properties": object{"code": object{"enum": codes}}},
	}})
	described["application/json"].(object)["example"] = object{"code": codes[0], "message": d.answers[codes[0]].meaning, "request_id": "7f25dcca024ce079"}
	d.responses[name] = object{"description": strings.Join(meanings, "; ") + ".", "headers": headers, "content": described}
	return name
}
