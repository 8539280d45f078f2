// Package kaspersky reads exports of Kaspersky Password Manager.
package kaspersky

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Text is the text export of Kaspersky Password Manager: sections with a heading, and items with lines "Label: value", each
// followed by a line of three dashes. A value continues on lines that do not start with a later label, and the last one, a
// comment or a note, continues up to the dashes.
var Text = source.Custom{Is: isText, Parse: readText}

var (
	firstLabel = regexp.MustCompile(`(?m)^(Website name|Application|Account name): ?`)
	onlyNotes  = regexp.MustCompile(`^\s*Notes\s+Name: [^\n]*\n+Text:`)
	dashes     = regexp.MustCompile(`(?m)^---[ \t]*$`)
	oneLabel   = regexp.MustCompile(`^(\pL[\pL\d ]{0,40}): ?(.*)$`)
)

// kinds are the labels of each type of item, in order.
var kinds = [][]string{
	{"Website name", "Website URL", "Login name", "Login", "Password", "Comment"},
	{"Application", "Login name", "Login", "Password", "Comment"},
	{"Account name", "Login name", "Login", "Password", "Comment"},
	{"Name", "Text"},
}

// headings are those of the sections.
var headings = []string{"Websites", "Applications", "Other Accounts", "Notes"}

func isText(in *source.Input) bool {
	text, err := in.Text()
	return err == nil && in.JSONValue() == nil && dashes.MatchString(plainLines(text)) && (firstLabel.MatchString(plainLines(text)) || onlyNotes.MatchString(plainLines(text)))
}

func plainLines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

func readText(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	items, cut := itemsOf(plainLines(text))
	for i, e := range items {
		if b.Full {
			return nil
		}
		b.Progress(i+1, len(items))
		it := b.Draft(i + 1)
		fill(it, e)
		it.Add()
	}
	if cut {
		b.Problem(len(items), "", parcel.TruncatedItem)
	}
	return nil
}

// line is a labelled value, which may span several lines.
type line struct{ label, value string }

// itemsOf splits the text at the lines of dashes. Dashes in a note do not start an item. cut says that the last item has
// none.
func itemsOf(text string) (items [][]line, cut bool) {
	blocks := dashes.Split(text, -1)
	for i, block := range blocks {
		for _, heading := range headings {
			if rest, ok := strings.CutPrefix(strings.TrimLeft(block, "\n"), heading+"\n"); ok {
				block = rest
			}
		}
		last := i == len(blocks)-1
		switch e := linesOf(strings.Trim(block, "\n")); {
		case e != nil:
			items, cut = append(items, e), last
		case strings.TrimSpace(block) != "" && len(items) > 0: // the dashes belong to the previous value
			before := items[len(items)-1]
			before[len(before)-1].value += "\n---" + strings.TrimRight(block, "\n")
			cut = last
		case strings.TrimSpace(block) != "":
			items, cut = append(items, []line{{"Text", strings.Trim(block, "\n")}}), last
		}
	}
	return items, cut
}

// linesOf returns nil for a block that does not start with the first label of any type.
func linesOf(block string) []line {
	first := oneLabel.FindStringSubmatch(strings.SplitN(block, "\n", 2)[0])
	if first == nil {
		return nil
	}
	i := slices.IndexFunc(kinds, func(labels []string) bool { return labels[0] == first[1] })
	if i < 0 {
		return nil
	}
	labels := kinds[i]
	var out []line
	for _, text := range strings.Split(block, "\n") {
		parts := oneLabel.FindStringSubmatch(text)
		next := -1
		if parts != nil {
			next = slices.Index(labels, parts[1])
		}
		if next < 0 {
			out[len(out)-1].value += "\n" + text
			continue
		}
		out = append(out, line{parts[1], parts[2]})
		labels = labels[next+1:]
	}
	for i := range out {
		out[i].value = strings.TrimRight(out[i].value, "\n")
	}
	return out
}

func fill(it *source.Draft, lines []line) {
	it.Type = item.TypeLogin
	for _, l := range lines {
		switch value := l.value; l.label {
		case "Website name", "Application", "Account name":
			it.Title = value
		case "Name":
			it.Type, it.Title = item.TypeNote, value
		case "Website URL":
			it.AddURL(value, item.MatchDomain)
		case "Login":
			it.Username = value
		case "Password":
			it.Password = value
		case "Comment":
			it.Notes = value
		case "Text":
			it.Type, it.Notes = item.TypeNote, value
		default:
			it.Relocate(l.label, value, item.FieldText)
		}
	}
}
