package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mit = `MIT License

Copyright (c) 2030 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files
(the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge,
publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
	gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as
published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.
`
	lgpl = `This library is free software; you can redistribute it and/or modify it under the terms of the GNU Lesser General Public License
as published by the Free Software Foundation; either version 2.1 of the License, or (at your option) any later version.
`
	busl = "Business Source License 1.1\n\nLicensor: Somebody\nLicensed Work: lib\nChange Date: 2034-01-01\n"
)

// apache returns the text of our licence.
func apache(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// linking creates a module that links the package example.org/lib/deep, and adds these files.
func linking(t *testing.T, files map[string]string) string {
	t.Helper()
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	all := map[string]string{
		"go.mod":  "module example.org/program\n\ngo 1.24\n\nrequire example.org/lib v1.0.0\n\nreplace example.org/lib => ./lib\n",
		"LICENSE": apache(t),
		"main.go": "package main\n\nimport _ \"example.org/lib/deep\"\n\nfunc main() {}\n",
		// Packages that only tests or other packages use are not linked.
		"main_test.go":        "package main\n\nimport _ \"example.org/lib/unused\"\n",
		"lib/go.mod":          "module example.org/lib\n\ngo 1.24\n",
		"lib/deep/deep.go":    "package deep\n",
		"lib/unused/lib.go":   "package unused\n",
		"lib/unused/LICENSE":  gpl,
		"lib/deep/license.go": "package deep\n",
	}
	for name, content := range files {
		all[name] = content
	}
	return write(t, t.TempDir(), all)
}

func TestLicencesOfLinkedPackages(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"MIT":                   {map[string]string{"lib/LICENSE": mit}, ""},
		"MIT beside the code":   {map[string]string{"lib/deep/LICENCE.md": mit}, ""},
		"GPL":                   {map[string]string{"lib/COPYING": gpl}, "example.org/lib v1.0.0: COPYING says GPL-3.0-or-later, which is not a known licence that is compatible with Apache-2.0"},
		"LGPL":                  {map[string]string{"lib/LICENSE.txt": lgpl}, "LICENSE.txt says LGPL-2.1-or-later"},
		"GPL beside the code":   {map[string]string{"lib/LICENSE": mit, "lib/deep/LICENSE": gpl}, "deep/LICENSE says GPL-3.0-or-later"},
		"GPL below MIT":         {map[string]string{"lib/LICENSE": mit + gpl}, "LICENSE says GPL-3.0-or-later"},
		"BUSL":                  {map[string]string{"lib/LICENSE": busl}, `LICENSE is not a licence that is known here (it begins with "Business Source License 1.1")`},
		"MIT with much besides": {map[string]string{"lib/LICENSE": mit + strings.Repeat("No company may use it without paying a fee. ", 20)}, "is not a licence that is known here"},
		"empty":                 {map[string]string{"lib/LICENSE": ""}, "is not a licence that is known here"},
		"none":                  {nil, "example.org/lib v1.0.0 has no licence file, so nothing allows us to link it"},
		"only on another system": {map[string]string{
			"lib/LICENSE": mit, "lib/deep/deep_windows.go": "package deep\n\nimport _ \"example.org/lib/unused\"\n",
		}, "unused/LICENSE says GPL-3.0-or-later"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := linking(t, c.files)
			if c.want == "" {
				passes(t, "licences", "-C", dir)
			} else {
				fails(t, []string{c.want}, "licences", "-C", dir)
			}
		})
	}
}

func TestLicencesOfWebAssembly(t *testing.T) {
	dir := linking(t, map[string]string{
		"lib/LICENSE": mit, "page/main_js.go": "package main\n\nimport _ \"example.org/lib/unused\"\n\nfunc main() {}\n",
	})
	passes(t, "licences", "-C", dir)
	fails(t, []string{"unused/LICENSE says GPL-3.0-or-later"}, "licences", "-C", dir, "-wasm", "./page")
}

func TestOurOwnLicence(t *testing.T) {
	whole := apache(t)
	for name, text := range map[string]string{
		"another":          mit,
		"empty":            "",
		"cut":              whole[:len(whole)/2],
		"its address":      "http://www.apache.org/licenses/LICENSE-2.0\n",
		"with an addition": whole + "No company may use it without paying a fee.\n",
		"with another":     whole + gpl,
	} {
		t.Run(name, func(t *testing.T) {
			fails(t, []string{"LICENSE is not the text of Apache-2.0"}, "licences", "-C", linking(t, map[string]string{"lib/LICENSE": mit, "LICENSE": text}))
		})
	}
	missing := linking(t, map[string]string{"lib/LICENSE": mit})
	if err := os.Remove(filepath.Join(missing, "LICENSE")); err != nil {
		t.Fatal(err)
	}
	fails(t, []string{"LICENSE: no such file"}, "licences", "-C", missing)
}

func TestUnlistableCodeHasNoLicence(t *testing.T) {
	fails(t, []string{"go list for linux/amd64: "}, "licences", "-C", linking(t, map[string]string{"main.go": "package main\n\nimport _ \"example.org/other\"\n"}))
}

func TestLicencesOfBundledPackages(t *testing.T) {
	good := linking(t, map[string]string{"lib/LICENSE": mit})
	for name, c := range map[string]struct{ lock, want string }{
		"allowed": {`{"lockfileVersion": 3, "packages": {"": {"name": "page", "license": "Apache-2.0"}, "node_modules/a": {"version": "1.0.0", "license": "MIT"},
			"node_modules/b": {"version": "1.0.0", "license": "(MPL-1.1 OR Apache-2.0)"}}}`, ""},
		"GPL for development": {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"version": "1.0.0", "license": "GPL-3.0", "dev": true}}}`, ""},
		"GPL": {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/x/node_modules/@o/a": {"version": "1.0.0", "license": "GPL-3.0"}}}`,
			"@o/a 1.0.0 says GPL-3.0, which is not a known licence that is compatible with Apache-2.0"},
		"both of two":       {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"license": "MIT AND GPL-2.0-only"}}}`, "says MIT AND GPL-2.0-only"},
		"ours is missing":   {`{"lockfileVersion": 3, "packages": {"": {"name": "page"}}}`, `has licence "", want Apache-2.0`},
		"ours is different": {`{"lockfileVersion": 3, "packages": {"": {"license": "MIT"}}}`, `has licence "MIT"`},
		"nested":            {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"license": "(MIT OR ISC) AND GPL-2.0-only"}}}`, "says (MIT OR ISC) AND"},
		"BUSL":              {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"license": "BUSL-1.1"}}}`, "says BUSL-1.1"},
		"in a file":         {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"license": "SEE LICENSE IN LICENSE.md"}}}`, "says SEE LICENSE IN"},
		"none":              {`{"lockfileVersion": 3, "packages": {"": {"license": "Apache-2.0"}, "node_modules/a": {"version": "1.0.0"}}}`, "a 1.0.0 names no licence, so nothing allows us to bundle it"},
		"of another kind":   {`{"lockfileVersion": 1, "dependencies": {}}`, "is not a lock file of version 3"},
		"cut":               {`{"lockfileVersion": 3,`, "unexpected end of JSON input"},
	} {
		t.Run(name, func(t *testing.T) {
			lock := filepath.Join(write(t, t.TempDir(), map[string]string{"package-lock.json": c.lock}), "package-lock.json")
			if c.want == "" {
				passes(t, "licences", "-C", good, "-npm", lock)
			} else {
				fails(t, []string{c.want}, "licences", "-C", good, "-npm", lock)
			}
		})
	}
	fails(t, []string{"no such file"}, "licences", "-C", good, "-npm", filepath.Join(t.TempDir(), "package-lock.json"))
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"licence"}, {"code", "extra"}, {"code", "-no-such"}, {"image", "one", "two"}} {
		if status, said := audit(t, args...); status != 2 || said == "" {
			t.Errorf("%q: status %d: %s", args, status, said)
		}
	}
}
