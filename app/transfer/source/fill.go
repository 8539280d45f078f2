package source

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// CardExpiry normalizes a month to 1 to 12 and a year to four digits. Other values stay unchanged.
func CardExpiry(month, year string) (string, string) {
	if m, err := strconv.Atoi(strings.TrimSpace(month)); err == nil && m >= 1 && m <= 12 {
		month = strconv.Itoa(m)
	}
	if y, err := strconv.Atoi(strings.TrimSpace(year)); err == nil && y >= 0 && y < 100 {
		year = strconv.Itoa(2000 + y)
	}
	return month, year
}

var startsURL = regexp.MustCompile(`^\s*([a-zA-Z][a-zA-Z0-9+.-]*://|([\w-]+\.)+([a-zA-Z]{2,}|\d{1,3}(\.\d{1,3}){3})(:\d+)?(/|\s*$))`)

// SplitURLs splits URLs that were joined by commas. A comma may also be part of a URL.
func SplitURLs(joined string) []string {
	var out []string
	for i, part := range strings.Split(joined, ",") {
		if i > 0 && !startsURL.MatchString(part) {
			out[len(out)-1] += "," + part
			continue
		}
		out = append(out, part)
	}
	return out
}

// NewestFirst sorts a password history. Passwords without a time come last.
func NewestFirst(list []item.OldPassword) {
	slices.SortStableFunc(list, func(a, b item.OldPassword) int { return b.Until.Compare(a.Until) })
}

// JoinLines joins the nonempty parts with line breaks.
func JoinLines(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), "\n")
}

// AddField adds a field that was a custom field in the original program as well.
func AddField(it *item.Item, name, value string, kind item.FieldKind) {
	if kind == item.FieldBoolean && value != item.True && value != item.False {
		kind = item.FieldText
	}
	it.Fields = append(it.Fields, item.Field{Name: name, Value: value, Kind: kind})
}

// SplitName splits a full name at its spaces into the first word, the middle and the last word.
func SplitName(full string) (first, middle, last string) {
	words := strings.Fields(full)
	n := len(words)
	if n < 2 {
		return strings.Join(words, ""), "", ""
	}
	return words[0], strings.Join(words[1:n-1], " "), words[n-1]
}

// MonthNumber parses the English name of a month, or its first three letters. It is empty for other text.
func MonthNumber(name string) string {
	name = strings.TrimSpace(name)
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(name, m.String()) || strings.EqualFold(name, m.String()[:3]) {
			return strconv.Itoa(int(m))
		}
	}
	return ""
}

// FolderPaths returns the path of each folder by its ID, from the titles and parents of all folders.
func FolderPaths(title, parent map[string]string) map[string]string {
	paths := map[string]string{}
	for id, path := range title {
		// The limit stops a folder that contains itself.
		for up, n := parent[id], 0; title[up] != "" && n < MaxJSONDepth; up, n = parent[up], n+1 {
			path = title[up] + "/" + path
		}
		paths[id] = path
	}
	return paths
}

// ListOf returns a list of s, or nil if s is empty.
func ListOf(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
