package transfer

import (
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// csvFormat is a format with one item a row.
type csvFormat struct {
	// needs are the folded names of the columns that tell the format from others.
	needs []string
	// set says by the folded name of a column what its value becomes. Columns that are not in it are kept as fields.
	set map[string]setter
	// finish, which may be nil, does what takes more than one column. It runs after set and before fields are kept.
	finish func(b *builder, r *csvRow, it *item.Item)
	// ragged rows may have fewer or more values than there are columns.
	ragged bool
}

// setter puts a value, which is not empty, into the item.
type setter func(it *item.Item, value string)

func (f csvFormat) detect(in *input) bool {
	header := in.csvHeader()
	return len(header) > 0 && !slices.ContainsFunc(f.needs, func(name string) bool { return !slices.Contains(header, name) })
}

func (f csvFormat) read(in *input, b *builder) error {
	for r := range in.csvRows(b, f.ragged) {
		var it item.Item
		f.take(r, &it)
		if f.finish != nil {
			f.finish(b, r, &it)
		}
		b.addRow(r, it)
	}
	return nil
}

// take puts the values of a row into their places. Of columns with one name the second is left, unless an item has several of
// its part.
func (f csvFormat) take(r *csvRow, it *item.Item) {
	have := map[string]bool{}
	for i, name := range r.table.folded {
		set := f.set[name]
		if set == nil || i >= len(r.cells) || r.cells[i] == "" {
			continue
		}
		if c, _ := meaning(name); have[name] && !repeated(c) {
			continue
		}
		set(it, r.cells[i])
		r.taken[i], have[name] = true, true
	}
}

// addURLs takes the addresses of all columns that are called so, each of which may have several joined by commas.
func addURLs(b *builder, r *csvRow, it *item.Item) {
	for _, column := range []string{"url", "urls", "website"} {
		for joined := r.text(column); joined != ""; joined = r.text(column) {
			for _, address := range splitURLs(joined) {
				addURL(b, r.number, it, address, item.MatchDomain)
			}
		}
	}
}

// addRow keeps what was not taken from the row as fields, and adds the item.
func (b *builder) addRow(r *csvRow, it item.Item, files ...Attached) {
	for f := range r.rest() {
		b.keepField(r.number, &it, f.Name, f.Value, f.Kind)
	}
	b.add(r.number, it, files...)
}

// Setters of what most formats have.
func setTitle(it *item.Item, v string)     { it.Title = v }
func setURL(it *item.Item, v string)       { it.URLs = append(it.URLs, v) }
func setUsername(it *item.Item, v string)  { it.Username = v }
func setPassword(it *item.Item, v string)  { it.Password = v }
func setTOTP(it *item.Item, v string)      { it.TOTP = v }
func setTag(it *item.Item, v string)       { it.Tags = append(it.Tags, v) }
func setFavourite(it *item.Item, v string) { it.Favourite = isYes(v) }

// setNotes adds to notes that are there.
func setNotes(it *item.Item, v string) {
	if it.Notes != "" {
		it.Notes += "\n\n"
	}
	it.Notes += v
}

// takeTime takes a time from a column, and keeps what is none as a field.
func takeTime(b *builder, r *csvRow, it *item.Item, to *time.Time, column string) {
	if value := r.text(column); value != "0" && !setTime(to, value) {
		b.keepField(r.number, it, column, value, item.FieldText)
	}
}
