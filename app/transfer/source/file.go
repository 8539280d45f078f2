package source

import "time"

// MaxFileBytes is the size of the largest file that Read accepts.
const MaxFileBytes = 512 << 20

// File is a file that the user chose. Only the extension of its name matters.
type File struct {
	Name string
	Data []byte
}

// Options say how to read a file. The zero value detects the format.
type Options struct {
	Format     string                // ID of a Format; empty: detected
	Password   string                // of an encrypted file
	NoPassword bool                  // the user says that the password is empty
	KeyFile    []byte                // of a KeePass database
	Columns    []Column              // for the format "csv"; empty: guessed
	Headerless bool                  // for the format "csv": the first row holds values
	Now        time.Time             // deletion time of items in the trash, if the file has none; zero: a tag instead
	Progress   func(done, total int) // may be nil; each reader has its own unit
}
