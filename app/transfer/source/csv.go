package source

import (
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Format detects files of one format and reads them.
type Format interface {
	Detect(in *Input) bool
	Read(in *Input, b *Builder) error
}

// Custom is a format made of two functions.
type Custom struct {
	Is    func(in *Input) bool
	Parse func(in *Input, b *Builder) error
}

// Detect implements Format.
func (c Custom) Detect(in *Input) bool { return c.Is(in) }

// Read implements Format.
func (c Custom) Read(in *Input, b *Builder) error { return c.Parse(in, b) }

// HasColumns reports whether the file is a table with columns of these folded names.
func (in *Input) HasColumns(names ...string) bool {
	header := in.CSVHeader()
	return len(header) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(header, name) })
}

// CSV is a format with one item per row.
type CSV struct {
	// Needs are the folded names of the columns that identify the format.
	Needs []string
	// Is may be nil. It decides where the names alone do not identify the format.
	Is func(*Input) bool
	// Set puts the values of a column, by its folded name, into the item. Values of other columns become fields.
	Set map[string]Setter
	// Finish may be nil. It handles values that need more than one column, after Set and before the rest becomes fields.
	Finish func(r *Row)
	// Ragged allows rows with fewer or more values than there are columns.
	Ragged bool
}

// Setter puts a nonempty value into the item.
type Setter func(it *item.Item, value string)

// Detect implements Format.
func (f CSV) Detect(in *Input) bool {
	return in.HasColumns(f.Needs...) && (f.Is == nil || f.Is(in))
}

// Read implements Format.
func (f CSV) Read(in *Input, b *Builder) error {
	for r := range in.CSVRows(b, f.Ragged) {
		f.take(r)
		if f.Finish != nil {
			f.Finish(r)
		}
		r.Add()
	}
	return nil
}

// take puts the values of a row into the item. If two columns have the same name, it leaves the second, unless the item can
// hold several values.
func (f CSV) take(r *Row) {
	have := map[string]bool{}
	for i, name := range r.Table.Folded {
		set := f.Set[name]
		if set == nil || i >= len(r.Cells) || r.Cells[i] == "" {
			continue
		}
		if c, _ := Meaning(name); have[name] && !repeated(c) {
			continue
		}
		set(&r.Item, r.Cells[i])
		r.Taken[i], have[name] = true, true
	}
}

// TakeURLs takes the URLs of all URL columns. Each may hold several, joined by commas.
func (r *Row) TakeURLs() {
	for _, column := range []string{"url", "urls", "website"} {
		for joined := r.Text(column); joined != ""; joined = r.Text(column) {
			for _, rawURL := range SplitURLs(joined) {
				r.AddURL(rawURL, item.MatchDomain)
			}
		}
	}
}

// Add adds the remaining values as fields, and the item to the result.
func (r *Row) Add(files ...parcel.Attached) {
	for f := range r.rest() {
		r.Relocate(f.Name, f.Value, f.Kind)
	}
	r.Draft.Add(files...)
}

// Setters that most formats use.
func SetTitle(it *item.Item, v string)     { it.Title = v }
func SetURL(it *item.Item, v string)       { it.URLs = append(it.URLs, v) }
func SetUsername(it *item.Item, v string)  { it.Username = v }
func SetPassword(it *item.Item, v string)  { it.Password = v }
func SetTOTP(it *item.Item, v string)      { it.TOTP = v }
func SetTag(it *item.Item, v string)       { it.Tags = append(it.Tags, v) }
func SetFavourite(it *item.Item, v string) { it.Favourite = IsYes(v) }

// SetNotes appends to the notes.
func SetNotes(it *item.Item, v string) {
	if it.Notes != "" {
		it.Notes += "\n\n"
	}
	it.Notes += v
}

// TakeTime takes a time from a column, and relocates a value that is not a time.
func (r *Row) TakeTime(to *time.Time, column string) {
	if value := r.Text(column); value != "0" && !SetTime(to, value) {
		r.Relocate(column, value, item.FieldText)
	}
}

// TakeEmail uses the email address as the username if there is no other.
func (r *Row) TakeEmail(column string) {
	email := r.Text(column)
	if r.Username == "" {
		r.Username = email
	} else if email != r.Username {
		r.Relocate("Email", email, item.FieldText)
	}
}
