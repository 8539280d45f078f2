package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/vuln/scan"
)

// target is the input of one run of govulncheck.
type target struct {
	env      []string
	tests    bool
	packages []string
}

func runCode(ctx context.Context, flags *flag.FlagSet, args []string, stderr io.Writer) error {
	spec := flags.String("database", "https://vuln.go.dev",
		"`URL` of the vulnerability database, or a version of golang.org/x/vulndb, which is downloaded and indexed once")
	directory := flags.String("C", ".", "`directory` of the module")
	tags := flags.String("tags", "", "build `tags`, separated by commas")
	wasm := flags.String("wasm", "", "`packages` for js/wasm, separated by spaces")
	list, err := parseWithAccepted(flags, args, 0)
	if err != nil {
		return err
	}
	url, err := openDatabase(ctx, *spec, stderr)
	if err != nil {
		return err
	}
	targets := []target{{tests: true, packages: []string{"./..."}}}
	if *wasm != "" {
		targets = append(targets, target{env: []string{"GOOS=js", "GOARCH=wasm"}, packages: strings.Fields(*wasm)})
	}
	var found []finding
	for _, t := range targets {
		more, err := govulncheck(ctx, url, *directory, *tags, t)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	return judge("code", found, list)
}

// message has the fields that we need from a message of govulncheck -json.
type message struct {
	Config *struct{ DB string }
	SBOM   *struct{ Roots []string }
	OSV    *struct {
		ID, Summary string
		Aliases     []string
	}
	Finding *struct {
		OSV          string
		FixedVersion string `json:"fixed_version"`
		Trace        []frame
	}
}

// frame is one step of a call stack, which begins with the vulnerable symbol.
type frame struct {
	Module, Version, Package, Function, Receiver string
	Position                                     struct {
		Filename string
		Line     int
	}
}

// govulncheck returns the vulnerabilities whose code the target reaches.
func govulncheck(ctx context.Context, database, directory, tags string, t target) ([]finding, error) {
	args := []string{"-json", "-db", database, "-C", directory}
	if tags != "" {
		args = append(args, "-tags", tags)
	}
	if t.tests {
		args = append(args, "-test")
	}
	var stdout, stderr bytes.Buffer
	cmd := scan.Command(ctx, append(args, t.packages...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(""), &stdout, &stderr
	cmd.Env = append(os.Environ(), t.env...)
	err := cmd.Start()
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return nil, fmt.Errorf("govulncheck: %s", strings.Join(strings.Fields(err.Error()+" "+stderr.String()), " "))
	}
	return reached(&stdout)
}

func reached(stream io.Reader) ([]finding, error) {
	var found []finding
	entries := map[string]message{}
	looked := false
	for d := json.NewDecoder(stream); ; {
		var m message
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the output of govulncheck: %w", err)
		}
		switch {
		case m.SBOM != nil:
			looked = len(m.SBOM.Roots) > 0
		case m.OSV != nil:
			entries[m.OSV.ID] = m
		case m.Finding != nil && len(m.Finding.Trace) > 0 && m.Finding.Trace[0].Function != "":
			symbol := m.Finding.Trace[0]
			found = append(found, finding{
				ids: []string{m.Finding.OSV}, module: symbol.Module, version: symbol.Version, fixed: m.Finding.FixedVersion,
				where: "reached by " + call(m.Finding.Trace),
			})
		}
	}
	if !looked {
		return nil, errors.New("govulncheck checked no package")
	}
	for i := range found {
		if e := entries[found[i].ids[0]].OSV; e != nil {
			found[i].ids, found[i].summary = append(found[i].ids, e.Aliases...), e.Summary
		}
	}
	return oneEach(found), nil
}

// oneEach keeps the first call stack of each vulnerability.
func oneEach(found []finding) []finding {
	var unique []finding
	for _, f := range found {
		if !slices.ContainsFunc(unique, func(k finding) bool { return k.ids[0] == f.ids[0] && k.module == f.module }) {
			unique = append(unique, f)
		}
	}
	return unique
}

// call names the vulnerable symbol and the place in our code where the call stack begins.
func call(trace []frame) string {
	symbol, entry := trace[0], trace[len(trace)-1]
	name := symbol.Function
	if symbol.Receiver != "" {
		name = strings.TrimPrefix(symbol.Receiver, "*") + "." + name
	}
	name = symbol.Package + "." + name
	if entry.Position.Filename != "" {
		name += fmt.Sprintf(" from %s:%d", entry.Position.Filename, entry.Position.Line)
	}
	return name
}
