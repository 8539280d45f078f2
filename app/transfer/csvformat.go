package transfer

import (
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// sourceFormat tells the files of one format from others, and reads them.
type sourceFormat interface {
	detect(in *input) bool
	read(in *input, b *builder) error
}

// custom is a format made of two functions.
type custom struct {
	is    func(in *input) bool
	parse func(in *input, b *builder) error
}

func (c custom) detect(in *input) bool            { return c.is(in) }
func (c custom) read(in *input, b *builder) error { return c.parse(in, b) }

// hasColumns reports whether the file is a table with columns of these folded names.
func (in *input) hasColumns(names ...string) bool {
	header := in.csvHeader()
	return len(header) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(header, name) })
}

// csvFormat is a format with one item a row.
type csvFormat struct {
	// needs are the folded names of the columns that tell the format from others.
	needs []string
	// is, which may be nil, tells it where the names alone do not.
	is func(*input) bool
	// set says by the folded name of a column what its value becomes. Columns that are not in it are kept as fields.
	set map[string]setter
	// finish, which may be nil, does what takes more than one column. It runs after set and before fields are kept.
	finish func(r *csvRow)
	// ragged rows may have fewer or more values than there are columns.
	ragged bool
}

// setter puts a value, which is not empty, into the item.
type setter func(it *item.Item, value string)

func (f csvFormat) detect(in *input) bool {
	return in.hasColumns(f.needs...) && (f.is == nil || f.is(in))
}

func (f csvFormat) read(in *input, b *builder) error {
	for r := range in.csvRows(b, f.ragged) {
		for i, name := range r.table.folded {
			if set := f.set[name]; set != nil && i < len(r.cells) && r.cells[i] != "" {
				set(&r.Item, r.cells[i])
				r.taken[i] = true
			}
		}
		if f.finish != nil {
			f.finish(r)
		}
		r.add()
	}
	return nil
}

// add puts what was not taken from the row into fields, and adds the item.
func (r *csvRow) add(files ...Attached) {
	for f := range r.rest() {
		r.relocate(f.Name, f.Value, f.Kind)
	}
	r.draft.add(files...)
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

// takeTime takes a time from a column, and relocates what is none.
func (r *csvRow) takeTime(to *time.Time, column string) {
	if value := r.text(column); value != "0" && !setTime(to, value) {
		r.relocate(column, value, item.FieldText)
	}
}
