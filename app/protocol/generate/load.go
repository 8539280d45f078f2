package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/vaultsphere/vaultsphere/"

// source is the Go code that the generator reads.
type source struct {
	packages map[string]*packages.Package // by path below app/
	docs     map[string]doc               // by "package.Type", "package.Type.Field" or "package.Constant"
	enums    map[string][]constantOf      // by "package.Type", in source order
	ifaces   map[string]iface             // by "package.Name"
}

type iface struct {
	in *packages.Package
	*ast.InterfaceType
}

// doc holds the comments of a declaration: the one above it, the one behind it, and its //wire:schema lines.
type doc struct {
	above, behind string
	schema        []string
}

type constantOf struct {
	name  string
	value constant.Value
}

// load reads packages of the repository at dir; paths are relative to app/.
func load(dir string, paths ...string) (*source, error) {
	patterns := make([]string, len(paths))
	for i, p := range paths {
		patterns[i] = module + "app/" + p
	}
	list, err := packages.Load(&packages.Config{
		Dir: dir, Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
	}, patterns...)
	if err != nil {
		return nil, err
	}
	s := &source{map[string]*packages.Package{}, map[string]doc{}, map[string][]constantOf{}, map[string]iface{}}
	for _, p := range list {
		for _, e := range p.Errors {
			err = errors.Join(err, e)
		}
		s.packages[strings.TrimPrefix(p.PkgPath, module+"app/")] = p
		for _, f := range p.Syntax {
			s.file(p, f)
		}
	}
	return s, err
}

func (s *source) file(p *packages.Package, f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.declaration(p, g, spec)
			case *ast.ValueSpec:
				if g.Tok == token.CONST {
					s.constants(p, spec)
				}
			}
		}
	}
}

func (s *source) declaration(p *packages.Package, g *ast.GenDecl, spec *ast.TypeSpec) {
	name := p.Name + "." + spec.Name.Name
	above := spec.Doc
	if above == nil && len(g.Specs) == 1 {
		above = g.Doc
	}
	s.docs[name] = docOf(above, spec.Comment)
	var fields *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
		s.ifaces[name] = iface{p, t}
	default:
		return
	}
	for _, f := range fields.List {
		for _, n := range f.Names {
			s.docs[name+"."+n.Name] = docOf(f.Doc, f.Comment)
		}
	}
}

func (s *source) constants(p *packages.Package, spec *ast.ValueSpec) {
	for _, n := range spec.Names {
		c, ok := p.TypesInfo.Defs[n].(*types.Const)
		if !ok {
			continue
		}
		s.docs[p.Name+"."+n.Name] = docOf(spec.Doc, spec.Comment)
		if named, ok := c.Type().(*types.Named); ok && named.Obj().Pkg() == p.Types {
			key := goName(named.Obj())
			s.enums[key] = append(s.enums[key], constantOf{n.Name, c.Val()})
		}
	}
}

func docOf(above, behind *ast.CommentGroup) doc {
	d := doc{above: strings.TrimSpace(above.Text()), behind: strings.TrimSpace(behind.Text())}
	if above != nil {
		for _, c := range above.List {
			if rule, ok := strings.CutPrefix(c.Text, "//wire:schema "); ok {
				d.schema = append(d.schema, rule)
			}
		}
	}
	return d
}

// text returns the whole comment.
func (d doc) text() string {
	return strings.TrimSpace(strings.ReplaceAll(d.above, "\n", " ") + " " + d.behind)
}

// deed returns the comment without the leading name of its declaration, capitalized.
func (d doc) deed(name string) string {
	text, ok := strings.CutPrefix(d.text(), name+" ")
	if !ok {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func goName(o types.Object) string { return o.Pkg().Name() + "." + o.Name() }

// constant looks up "package.Name".
func (s *source) constant(name string) (constant.Value, error) {
	short, object, _ := strings.Cut(name, ".")
	for _, p := range s.packages {
		if c, ok := p.Types.Scope().Lookup(object).(*types.Const); ok && p.Name == short {
			return c.Val(), nil
		}
	}
	return nil, fmt.Errorf("no constant %s", name)
}

// method is one method of a bridge.
type method struct {
	iface, name string // name as in Go
	params      types.Type
	result      types.Type
	doc         doc
	// takesFile and givesFile mean that a file accompanies the JSON.
	takesFile, givesFile, progress, encoded bool
	event                                   types.Type // type of the events that the method reports before it returns; nil for none
}

// methods lists the methods of the interface "package.Name" in source order, including those of embedded interfaces.
func (s *source) methods(name string) ([]method, error) {
	var out []method
	short, own, _ := strings.Cut(name, ".")
	of := s.ifaces[name]
	for _, f := range of.Methods.List {
		if len(f.Names) == 0 {
			embedded, err := s.methods(short + "." + f.Type.(*ast.Ident).Name)
			if err != nil {
				return nil, err
			}
			out = append(out, embedded...)
			continue
		}
		m := method{iface: own, name: f.Names[0].Name, doc: s.docs[name+"."+f.Names[0].Name]}
		if err := m.fill(of.in.TypesInfo.Defs[f.Names[0]].Type().(*types.Signature)); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", name, m.name, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func (m *method) fill(signature *types.Signature) error {
	for v := range signature.Params().Variables() {
		switch t := v.Type(); {
		case v.Type().String() == "context.Context":
		case isFile(t):
			m.takesFile = true
		case m.params == nil && structOf(t) != nil:
			m.params = t
		default:
			if err := m.reports(t); err != nil {
				return err
			}
		}
	}
	m.returns(signature.Results())
	return nil
}

// reports takes a parameter that is a function: it reports progress, or events if it has one parameter.
func (m *method) reports(t types.Type) error {
	report, ok := t.(*types.Signature)
	if !ok {
		return fmt.Errorf("unsupported parameter type %s", t)
	}
	if report.Params().Len() == 1 {
		m.event = report.Params().At(0).Type()
	} else {
		m.progress = true
	}
	return nil
}

func (m *method) returns(results *types.Tuple) {
	for v := range results.Variables() {
		switch t := v.Type(); {
		case t.String() == "error":
		case isFile(t):
			m.givesFile = true
		default:
			if inner := encodedOf(t); inner != nil {
				m.encoded, t = true, inner
			}
			m.result = t
		}
	}
}

func isFile(t types.Type) bool { return strings.HasSuffix(t.String(), "bridge.File") }

// encodedOf returns T for a bridge.JSON[T], nil for other types.
func encodedOf(t types.Type) types.Type {
	if named, ok := t.(*types.Named); ok && goName(named.Obj()) == "bridge.JSON" {
		return named.TypeArgs().At(0)
	}
	return nil
}

func structOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	out, _ := t.Underlying().(*types.Struct)
	return out
}
