package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// hyphenID begins with a hyphen, as some ids of older versions do.
const hyphenID = "-bcdefghijklmnopqrstuA"

func TestIDWithHyphenIsNotAFlag(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"rm " + hyphenID:                          "rm -- " + hyphenID,
		"rm " + hyphenID + " --yes":               "rm --yes -- " + hyphenID,
		"rm a " + hyphenID + " b":                 "rm -- a " + hyphenID + " b",
		"get --field x " + hyphenID:               "get --field x -- " + hyphenID,
		"get " + hyphenID + " --field x":          "get --field x -- " + hyphenID,
		"get --field=x " + hyphenID + " --json":   "get --field=x --json -- " + hyphenID,
		"--server s attach " + hyphenID + " file": "attach --server s -- " + hyphenID + " file",
		"attachment " + hyphenID + " name -o -":   "attachment -o - -- " + hyphenID + " name",
		"attachment -o " + hyphenID + " a b":      "attachment -o " + hyphenID + " a b",
		"edit " + hyphenID + " --tag " + hyphenID: "edit --tag " + hyphenID + " -- " + hyphenID,
		"ls " + hyphenID:                          "list -- " + hyphenID,
		"rm --yes -- " + hyphenID + " --yes":      "rm --yes -- " + hyphenID + " --yes",
		"rm --yes one":                            "rm --yes one",
		"rm -bcdefghijklmnopqrstuB":               "rm -bcdefghijklmnopqrstuB", // not a valid id
		"run --env A=b -- echo " + hyphenID:       "run --env A=b -- echo " + hyphenID,
		"export --output x -f":                    "export --output x -f",
	} {
		got := protectIDs((&program{}).root(), strings.Fields(given))
		// Without such an id, the arguments keep their order. If only the value of a flag looks like an id, an extra "--" does no harm.
		if !slices.Equal(got, strings.Fields(want)) && !slices.Equal(got, strings.Fields(strings.Replace(want, " a b", " -- a b", 1))) {
			t.Errorf("%s: got %q", given, got)
		}
	}
}

func TestNoFlagLooksLikeAnID(t *testing.T) {
	t.Parallel()
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if looksLikeFlag("--" + f.Name) {
				t.Errorf("%s --%s", cmd.CommandPath(), f.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			look(sub)
		}
	}
	look((&program{}).root())
}
