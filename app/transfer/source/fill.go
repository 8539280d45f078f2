package source

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// TagArchived marks what its owner had put away without deleting it. It does not go to the trash, which may be emptied.
const TagArchived = "Archived"

// CardExpiry brings a month and a year to the form of a card: 1 to 12, and four digits. What is neither stays as it is.
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

// SplitURLs takes apart URLs that were joined by commas, which may stand inside a URL as well.
func SplitURLs(joined string) []string {
	var out []string
	for i, piece := range strings.Split(joined, ",") {
		if i > 0 && !startsURL.MatchString(piece) {
			out[len(out)-1] += "," + piece
			continue
		}
		out = append(out, piece)
	}
	return out
}

// NewestFirst is the order of a password history. Those without a time come last.
func NewestFirst(list []item.OldPassword) {
	slices.SortStableFunc(list, func(a, b item.OldPassword) int { return b.Until.Compare(a.Until) })
}

// JoinLines joins what is not empty, one below the other.
func JoinLines(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), "\n")
}

// AddField adds a field that was a custom field in the source too.
func AddField(it *item.Item, name, value string, kind item.FieldKind) {
	if kind == item.FieldBoolean && value != item.True && value != item.False {
		kind = item.FieldText
	}
	it.Fields = append(it.Fields, item.Field{Name: name, Value: value, Kind: kind})
}

// SplitName takes a full name apart at its spaces: the first, those between, and the last.
func SplitName(full string) (first, middle, last string) {
	words := strings.Fields(full)
	n := len(words)
	if n < 2 {
		return strings.Join(words, ""), "", ""
	}
	return words[0], strings.Join(words[1:n-1], " "), words[n-1]
}

// MonthNumber reads the English name of a month, or its first three letters; it is empty for anything else.
func MonthNumber(name string) string {
	name = strings.TrimSpace(name)
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(name, m.String()) || strings.EqualFold(name, m.String()[:3]) {
			return strconv.Itoa(int(m))
		}
	}
	return ""
}

// FolderPaths is the path of each folder by its id, from the titles and the parents of all.
func FolderPaths(title, parent map[string]string) map[string]string {
	paths := map[string]string{}
	for id, path := range title {
		// As many steps as there may be levels, so that a folder inside itself does no harm.
		for up, n := parent[id], 0; title[up] != "" && n < MaxJSONDepth; up, n = parent[up], n+1 {
			path = title[up] + "/" + path
		}
		paths[id] = path
	}
	return paths
}

// ListOf is a list of s, or of nothing if it is empty.
func ListOf(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
