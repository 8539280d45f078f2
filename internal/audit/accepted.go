package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// finding is one vulnerability of one module or package.
type finding struct {
	ids     []string // the first is displayed; the others are its aliases
	module  string
	version string
	fixed   string // empty if no version has a fix
	summary string
	where   string // how the code reaches it, or how the package is used
}

func (f finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s", f.ids[0], f.module)
	if f.version != "" {
		fmt.Fprintf(&b, " %s", f.version)
	}
	if f.summary != "" {
		fmt.Fprintf(&b, " (%s)", strings.Join(strings.Fields(f.summary), " "))
	}
	if f.where != "" {
		fmt.Fprintf(&b, ", %s", f.where)
	}
	if f.fixed != "" {
		fmt.Fprintf(&b, ": fixed in %s", f.fixed)
	} else {
		b.WriteString(": no version has a fix")
	}
	return b.String()
}

// acceptance is a vulnerability that we accept until a given day.
type acceptance struct {
	Check  string `json:"check"` // the command that reports it
	ID     string `json:"id"`
	Module string `json:"module"`
	Reason string `json:"reason"`
	Until  string `json:"until"` // the last day
}

// longestAcceptance limits how far ahead the last day may be, so that someone reviews each acceptance.
const longestAcceptance = 180 * 24 * time.Hour

func readAccepted(path string, now time.Time) ([]acceptance, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []acceptance
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: unexpected data after the list", path)
	}
	var errs []error
	for i, a := range all {
		if problem := a.problem(now); problem != "" {
			errs = append(errs, fmt.Errorf("%s: entry %d (%s): %s", path, i+1, a.ID, problem))
		}
	}
	return all, errors.Join(errs...)
}

func (a acceptance) problem(now time.Time) string {
	until, err := time.Parse(time.DateOnly, a.Until)
	switch {
	case !slices.Contains([]string{"code", "npm", "image"}, a.Check):
		return fmt.Sprintf("check is %q, but must be code, npm or image", a.Check)
	case a.ID == "" || a.Module == "":
		return "id and module must be set"
	case strings.TrimSpace(a.Reason) == "":
		return "the reason is missing"
	case err != nil:
		return fmt.Sprintf("until is %q, but must be a day such as 2030-01-31", a.Until)
	case until.Before(now):
		return "expired on " + a.Until + ": update " + a.Module + ", or look at it again"
	case until.After(now.Add(longestAcceptance)):
		return fmt.Sprintf("until is %s, more than %d days ahead", a.Until, int(longestAcceptance.Hours()/24))
	}
	return ""
}

// judge returns an error that names each finding that is not accepted, and each acceptance of this check without a finding.
func judge(check string, found []finding, accepted []acceptance) error {
	used := make([]bool, len(accepted))
	var lines []string
	for _, f := range found {
		ok := false
		for i, a := range accepted {
			if a.Check == check && a.Module == f.module && slices.Contains(f.ids, a.ID) {
				used[i], ok = true, true
			}
		}
		if !ok {
			lines = append(lines, f.String())
		}
	}
	slices.Sort(lines)
	var errs []error
	for _, line := range slices.Compact(lines) {
		errs = append(errs, errors.New(line))
	}
	for i, a := range accepted {
		if a.Check == check && !used[i] {
			errs = append(errs, fmt.Errorf("%s in %s is accepted but was not found: remove it from the list of accepted vulnerabilities", a.ID, a.Module))
		}
	}
	return errors.Join(errs...)
}
