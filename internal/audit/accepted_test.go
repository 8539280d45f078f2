package main

import (
	"strings"
	"testing"
	"time"
)

func TestOurAcceptancesAreValid(t *testing.T) {
	if _, err := readAccepted("accepted.json", today()); err != nil {
		t.Error(err)
	}
}

func TestInvalidAcceptancesAreRejected(t *testing.T) {
	now := time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)
	entry := func(replace ...string) string {
		return strings.NewReplacer(replace...).Replace(
			`[{"check": "code", "id": "GO-2030-0001", "module": "example.org/lib", "reason": "no caller passes X", "until": "2030-01-31"}]`)
	}
	for name, c := range map[string]struct{ content, want string }{
		"none":              {`[]`, ""},
		"on its last day":   {entry(), ""},
		"after its day":     {entry("01-31", "01-30"), "expired on 2030-01-30: update example.org/lib"},
		"too far ahead":     {entry("2030-01", "2031-01"), "until is 2031-01-31, more than 180 days ahead"},
		"without a day":     {entry("2030-01-31", "soon"), `until is "soon", but must be a day such as 2030-01-31`},
		"without a reason":  {entry("no caller passes X", "  "), "the reason is missing"},
		"without an id":     {entry("GO-2030-0001", ""), "id and module must be set"},
		"without a module":  {entry("example.org/lib", ""), "id and module must be set"},
		"of another check":  {entry(`"code"`, `"yarn"`), `check is "yarn", but must be code, npm or image`},
		"an unknown member": {entry("reason", "because"), `unknown field "because"`},
		"two lists":         {`[][]`, "unexpected data after the list"},
		"not a list":        {`{}`, "cannot unmarshal object"},
		"cut off":           {entry()[:30], "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readAccepted(acceptedFile(t, c.content), now)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v, want %q", err, c.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	found := []finding{
		{ids: []string{"GO-2030-0001", "CVE-2030-1"}, module: "example.org/lib", version: "v1.0.0", fixed: "v1.0.1", summary: "Reads\ntoo far"},
		{ids: []string{"GO-2030-0002"}, module: "example.org/other"},
	}
	accept := func(check, id, module string) acceptance { return acceptance{Check: check, ID: id, Module: module} }
	other := "GO-2030-0002 in example.org/other: no version has a fix"
	for name, c := range map[string]struct {
		accepted []acceptance
		want     string
	}{
		"nothing accepted": {nil, "GO-2030-0001 in example.org/lib v1.0.0 (Reads too far): fixed in v1.0.1\n" + other},
		"by its alias":     {[]acceptance{accept("code", "CVE-2030-1", "example.org/lib")}, other},
		"all": {[]acceptance{
			accept("code", "GO-2030-0001", "example.org/lib"), accept("code", "GO-2030-0002", "example.org/other"),
			accept("npm", "GHSA-x", "of another check"),
		}, ""},
		"one that is gone": {[]acceptance{
			accept("code", "GO-2030-0001", "example.org/lib"), accept("code", "GO-2030-0002", "example.org/other"),
			accept("code", "GO-2030-0002", "example.org/lib"),
		}, "GO-2030-0002 in example.org/lib is accepted but was not found: remove it from the list of accepted vulnerabilities"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := judge("code", found, c.accepted); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}
