package source

import "time"

// MaxFileBytes is the size of the largest file that Read takes.
const MaxFileBytes = 512 << 20

// File is a file as it was chosen; only the end of its name is looked at.
type File struct {
	Name string
	Data []byte
}

// Options say how to read a file. The zero value finds out by itself.
type Options struct {
	Format     string                // ID of a Format; empty: found from name and content
	Password   string                // of a protected file
	NoPassword bool                  // Password is empty because its owner said so, and not because the person was not asked yet
	KeyFile    []byte                // of a KeePass database
	Columns    []Column              // what each column is, for the format "csv"; empty: guessed
	Headerless bool                  // the first row holds values already, for the format "csv"
	Now        time.Time             // when what a file has in its trash went there, where the file does not say it; zero: a tag instead
	Progress   func(done, total int) // may be nil; the unit is the reader's own
}
