package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A finding is one place where a rule matches.
type finding struct {
	file   string
	line   int
	text   string
	advice string
}

func (f finding) String() string {
	return fmt.Sprintf("%s:%d: %q: write: %s", f.file, f.line, f.text, f.advice)
}

// gap matches the text between two words: spaces, or a line break with a comment marker or a concatenation of strings.
const gap = `\s+(?:(?://+|#+|\*|>|["` + "`'" + `]\s*\+\s*["` + "`'" + `])\s*)*`

type compiledRule struct {
	rule
	find, unless *regexp.Regexp
}

var compiled, compiledForPage = compile(rules), compile(pageRules)

// rulesFor returns the rules for a file.
func rulesFor(file string) []compiledRule {
	if strings.HasPrefix(file, pageFolder) {
		return slices.Concat(compiled, compiledForPage)
	}
	return compiled
}

func compile(rules []rule) []compiledRule {
	var all []compiledRule
	for _, r := range rules {
		c := compiledRule{rule: r}
		if r.kind == name {
			c.find = regexp.MustCompile(r.pattern)
		} else {
			c.find = regexp.MustCompile(`(?i)` + strings.ReplaceAll(r.pattern, " ", gap))
		}
		if r.unless != "" {
			c.unless = regexp.MustCompile(r.unless)
		}
		all = append(all, c)
	}
	return all
}

var (
	spaces    = regexp.MustCompile(gap)
	paragraph = regexp.MustCompile(`\n[ \t]*(?://|#)?[ \t]*\n`)
)

// check applies all rules to one file.
func check(file string, content []byte) []finding {
	if bytes.IndexByte(content, 0) >= 0 {
		return nil // binary
	}
	var found []finding
	for _, r := range rulesFor(file) {
		if r.kind != name && !isExempt(file, r.kind) {
			found = append(found, r.inText(file, content)...)
		}
	}
	if !isExempt(file, name) {
		found = append(found, checkNames(file, content)...)
	}
	slices.SortStableFunc(found, func(a, b finding) int { return a.line - b.line })
	return found
}

func isExempt(file string, k kind) bool {
	for _, e := range exemptions {
		if (file == e.path || strings.HasSuffix(e.path, "/") && strings.HasPrefix(file, e.path)) && slices.Contains(e.kinds, k) {
			return true
		}
	}
	return false
}

func (r compiledRule) inText(file string, content []byte) []finding {
	var found []finding
	for _, at := range r.find.FindAllIndex(content, -1) {
		text := string(content[at[0]:at[1]])
		if paragraph.MatchString(text) {
			continue // the words are in two paragraphs
		}
		if text = spaces.ReplaceAllString(text, " "); r.unless != nil && r.unless.MatchString(text) {
			continue
		}
		found = append(found, finding{file, 1 + bytes.Count(content[:at[0]], []byte("\n")), text, r.advice})
	}
	return found
}

// checkNames applies the rules for identifiers. It reports each name once per file.
func checkNames(file string, content []byte) []finding {
	var found []finding
	for _, n := range namesOf(file, content) {
		for _, r := range rulesFor(file) {
			if r.kind == name && r.find.MatchString(n.text) && (r.unless == nil || !r.unless.MatchString(n.text)) {
				found = append(found, finding{file, n.line, n.text, r.advice})
				break
			}
		}
	}
	return found
}

// declared finds names in languages that are not parsed: TypeScript, JavaScript, shell and Python.
var declared = map[string]*regexp.Regexp{
	".ts":  regexp.MustCompile(`\b(?:const|let|var|function|class|interface|type|enum)\s+([\w$]+)|(?m:^\s*(?:readonly\s+)?([\w$]+)\??:)`),
	".sh":  regexp.MustCompile(`(?m)^\s*(?:local\s+|export\s+)?(\w+)(?:\+?=|\(\))`),
	".py":  regexp.MustCompile(`(?m)^\s*(?:def\s+|class\s+)?(\w+)\s*(?:=|\()`),
	".tsx": nil, ".mjs": nil,
}

type declaration struct {
	text string
	line int
}

func namesOf(file string, content []byte) []declaration {
	var names []declaration
	seen := map[string]bool{}
	add := func(text string, line int) {
		if text != "" && !seen[text] {
			seen[text] = true
			names = append(names, declaration{text, line})
		}
	}
	extension := path.Ext(file)
	if extension == ".go" {
		goNames(file, content, add)
		return names
	}
	if extension == ".tsx" || extension == ".mjs" {
		extension = ".ts"
	}
	pattern := declared[extension]
	if pattern == nil {
		return nil
	}
	for _, match := range pattern.FindAllSubmatchIndex(content, -1) {
		for group := 2; group < len(match); group += 2 {
			if match[group] >= 0 {
				add(string(content[match[group]:match[group+1]]), 1+bytes.Count(content[:match[group]], []byte("\n")))
			}
		}
	}
	return names
}

// goNames reports all identifiers except those that another package may declare: after a dot, and keys of composite literals.
func goNames(file string, content []byte, add func(string, int)) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, content, parser.SkipObjectResolution)
	if err != nil {
		return // the compiler says more
	}
	var visit func(ast.Node) bool
	visit = func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			ast.Inspect(node.X, visit)
			return false
		case *ast.KeyValueExpr:
			ast.Inspect(node.Value, visit)
			return false
		case *ast.Ident:
			add(node.Name, set.Position(node.Pos()).Line)
		}
		return true
	}
	ast.Inspect(parsed, visit)
}
