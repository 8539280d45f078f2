package main

import (
	"encoding/json"
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"strings"
)

// schemaSet collects the schemas of types of package protocol.
type schemaSet struct {
	*source
	written map[string]object
}

func newSchemas(s *source) *schemaSet { return &schemaSet{s, map[string]object{}} }

// root adds the schemas of a type and of all types that it contains, and returns a reference to it.
func (s *schemaSet) root(name string) (object, error) {
	found := s.packages["protocol"].Types.Scope().Lookup(name)
	if found == nil {
		return nil, fmt.Errorf("no type %s", name)
	}
	return s.of(found.Type())
}

func (s *schemaSet) of(t types.Type) (object, error) {
	switch t := t.(type) {
	case *types.Alias:
		return s.component(t.Obj(), t.Underlying())
	case *types.Named:
		if t.String() == "time.Time" {
			return object{"type": "string", "format": "date-time", "examples": []any{"2026-01-31T09:26:53.589Z"}}, nil
		}
		return s.component(t.Obj(), t.Underlying())
	case *types.Pointer:
		return s.of(t.Elem())
	case *types.Slice:
		items, err := s.of(t.Elem())
		return object{"type": "array", "items": items}, err
	case *types.Basic:
		return basicSchema(t)
	}
	return nil, fmt.Errorf("no schema for the type %s", t)
}

func basicSchema(b *types.Basic) (object, error) {
	switch {
	case b.Kind() == types.Int64:
		return object{"type": "integer", "format": "int64"}, nil
	case b.Info()&types.IsInteger != 0:
		return object{"type": "integer"}, nil
	case b.Info()&types.IsString != 0:
		return object{"type": "string"}, nil
	case b.Info()&types.IsBoolean != 0:
		return object{"type": "boolean"}, nil
	}
	return nil, fmt.Errorf("no schema for the type %s", b)
}

// component adds the schema of a named type and returns a reference to it.
func (s *schemaSet) component(o *types.TypeName, underlying types.Type) (object, error) {
	name, ref := o.Name(), object{"$ref": schemas + o.Name()}
	if name == "Code" {
		name, ref = "ErrorCode", object{"$ref": schemas + "ErrorCode"}
	}
	if s.written[name] != nil {
		return ref, nil
	}
	own := s.docs[goName(o)]
	out := object{}
	s.written[name] = out
	var err error
	if fields, ok := underlying.(*types.Struct); ok {
		err = s.fields(out, goName(o), fields)
		out["additionalProperties"], out["type"] = false, "object"
	} else {
		var plain object
		plain, err = s.of(underlying)
		maps.Copy(out, plain)
	}
	if err != nil {
		return nil, err
	}
	for _, c := range s.enums[goName(o)] {
		values, _ := out["enum"].([]string)
		out["enum"] = append(values, strings.Trim(c.value.ExactString(), `"`))
	}
	if text := own.text(); text != "" {
		out["description"] = text
	}
	return ref, s.apply(out, own)
}

var constantName = regexp.MustCompile(`:([A-Z]\w+)`)

// apply merges the //wire:schema lines of d into a schema.
func (s *schemaSet) apply(to object, d doc) error {
	for _, rule := range d.schema {
		var missing error
		rule = constantName.ReplaceAllStringFunc(rule, func(m string) string {
			value, err := s.constant("protocol." + m[1:])
			if err != nil {
				missing = err
				return m
			}
			return ":" + value.ExactString()
		})
		var said object
		if err := json.Unmarshal([]byte(rule), &said); err != nil || missing != nil {
			return fmt.Errorf("%s: %w", rule, cmpOr(missing, err))
		}
		if like, ok := said["like"].(string); ok {
			if _, err := s.root(like); err != nil {
				return err
			}
			to["pattern"], to["examples"] = s.written[like]["pattern"], s.written[like]["examples"]
			delete(said, "like")
		}
		maps.Copy(to, said)
	}
	return nil
}

func cmpOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// fields adds the members of an object to its schema, including those of embedded structs.
func (s *schemaSet) fields(out object, owner string, fields *types.Struct) error {
	properties, example := object{}, object{}
	required := []string{}
	var walk func(owner string, fields *types.Struct) error
	walk = func(owner string, fields *types.Struct) error {
		for i := range fields.NumFields() {
			f := fields.Field(i)
			name, options, _ := strings.Cut(reflect.StructTag(fields.Tag(i)).Get("json"), ",")
			if f.Embedded() {
				inner := f.Type().(*types.Named)
				if err := walk(goName(inner.Obj()), inner.Underlying().(*types.Struct)); err != nil {
					return err
				}
				continue
			}
			schema, err := s.member(f.Type(), s.docs[owner+"."+f.Name()])
			if err != nil {
				return fmt.Errorf("%s.%s: %w", owner, f.Name(), err)
			}
			optional := options != "" || schema["optional"] == true
			delete(schema, "optional")
			properties[name] = schema
			if !optional {
				required = append(required, name)
			}
			if value := s.example(schema); value != nil || !optional {
				example[name] = value
			}
		}
		return nil
	}
	if err := walk(owner, fields); err != nil {
		return err
	}
	out["properties"], out["examples"] = properties, []any{example}
	if len(required) > 0 {
		out["required"] = required
	}
	return nil
}

// member returns the schema of one member. The //wire:schema lines of its comment override those of its type.
func (s *schemaSet) member(t types.Type, d doc) (object, error) {
	schema, err := s.of(t)
	if err != nil {
		return nil, err
	}
	if ref, ok := schema["$ref"].(string); ok && len(d.schema) > 0 {
		schema = maps.Clone(s.written[strings.TrimPrefix(ref, schemas)])
	}
	if _, refers := schema["$ref"]; !refers {
		if text := d.text(); text != "" {
			schema["description"] = text
		}
	}
	return schema, s.apply(schema, d)
}

// example returns a value that matches a schema, or nil if it cannot make one.
func (s *schemaSet) example(schema object) any {
	if ref, ok := schema["$ref"].(string); ok {
		schema = s.written[strings.TrimPrefix(ref, schemas)]
	}
	if list, ok := schema["examples"].([]any); ok {
		return list[0]
	}
	if list, ok := schema["enum"].([]string); ok {
		return list[0]
	}
	if schema["minimum"] != nil {
		return schema["minimum"]
	}
	if items, ok := schema["items"].(object); ok {
		return []any{s.example(items)}
	}
	switch schema["type"] {
	case "boolean":
		if value := schema["const"]; value != nil {
			return value
		}
		return false
	case "string":
		return ""
	}
	return nil
}
