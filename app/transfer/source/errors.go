package source

import "fmt"

// Failure is what is wrong with a file, in words for the person who chose it. The errors of Read, Columns and Write are one
// of those below, or wrap one.
type Failure struct {
	code, message, hint string
}

func (f *Failure) Error() string { return f.message }

// Explain gives a word that a user interface may rely on, and what can be done about it.
func (f *Failure) Explain() (code, hint string) { return f.code, f.hint }

func failure(code, message, hint string) error { return &Failure{code, message, hint} }

const (
	exportAgain   = "export it again"
	passwordHint  = "enter the password that the file was exported with"
	columnsHint   = "say what its columns are, and whether the first row holds values already"
	otherFileHint = "choose a file that a password manager or a browser exported; vaultsphere formats lists the known ones"
)

var (
	ErrEmpty          = failure("file_empty", "the file is empty", exportAgain)
	ErrUnknownFormat  = failure("file_unknown_format", "the file is in none of the known formats", otherFileHint)
	ErrNotText        = failure("file_unknown_format", "the file is not text", otherFileHint)
	ErrOtherFormat    = failure("file_other_format", "the file is not in the chosen format", "choose another format, or let it be found; vaultsphere formats lists the known ones")
	ErrNoHeader       = failure("file_columns", "the first row of the table does not say what its columns are", columnsHint)
	ErrNoColumns      = failure("file_columns", "no column of the table is known as that of the titles or the passwords", columnsHint)
	ErrColumnCount    = failure("file_columns", "as many columns have to be chosen as the table has", columnsHint)
	ErrTruncated      = failure("file_truncated", "the file ends too early; it may not have been copied or downloaded completely", exportAgain)
	ErrTooLarge       = failure("file_too_large", "the file holds more than can be imported at once", "export it in parts")
	ErrMalformed      = failure("file_damaged", "the file is damaged", exportAgain)
	ErrNewerVersion   = failure("file_newer", "the file was written by a newer version of VaultSphere", "use the newest version of VaultSphere")
	ErrPasswordNeeded = failure("file_password_needed", "the file is protected by a password", passwordHint)
	ErrWrongPassword  = failure("file_wrong_password", "the password does not open the file", passwordHint)
	// Two kinds of exports that only the product they come from can open.
	ErrAccountRestricted = failure("file_account_restricted", "only the account that made this Bitwarden export can open it",
		"export again, and choose encryption with a password of its own")
	ErrPGP = failure("file_pgp", "the file is encrypted with PGP", "decrypt it first, or export again without a passphrase")
)

// TooCostly says that a file asks for more memory or time than is taken here.
func TooCostly(what string) error {
	return fmt.Errorf("%w: its key derivation asks for more %s than is taken here", ErrMalformed, what)
}
