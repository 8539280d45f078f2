package transfer

import "errors"

// What is wrong with a file, in words for the person who chose it. Errors of Read, Columns and Write wrap one of these.
var (
	ErrEmpty          = errors.New("the file is empty")
	ErrUnknownFormat  = errors.New("the file is in none of the known formats")
	ErrOtherFormat    = errors.New("the file is not in the chosen format")
	ErrNotText        = errors.New("the file is not text")
	ErrTruncated      = errors.New("the file ends too early; it may not have been copied or downloaded completely")
	ErrTooLarge       = errors.New("the file holds more than can be imported at once")
	ErrMalformed      = errors.New("the file is damaged")
	ErrNewerVersion   = errors.New("the file was written by a newer version of VaultSphere")
	ErrPasswordNeeded = errors.New("the file is protected by a password")
	ErrWrongPassword  = errors.New("the password does not open the file")
	// Two kinds of exports that only the product they come from can open.
	ErrAccountRestricted = errors.New("only the account that made this Bitwarden export can open it")
	ErrPGP               = errors.New("this Proton Pass export is encrypted with PGP")
)

// failures are tried in order: an error that wraps two of them is the first.
var failures = []struct {
	err        error
	code, hint string
}{
	{ErrEmpty, "file_empty", "export it again"},
	{ErrPasswordNeeded, "file_password_needed", "enter the password that the file was exported with"},
	{ErrWrongPassword, "file_wrong_password", "enter the password that the file was exported with"},
	{ErrAccountRestricted, "file_account_restricted", "export again, and choose encryption with a password of its own"},
	{ErrPGP, "file_pgp", "export again without a passphrase"},
	{ErrNewerVersion, "file_newer", "use the newest version of VaultSphere"},
	{ErrTruncated, "file_truncated", "export or download it again"},
	{ErrTooLarge, "file_too_large", "export it in parts"},
	{ErrOtherFormat, "file_other_format", "choose another format, or let it be found"},
	{ErrUnknownFormat, "file_unknown_format", "choose a file that a password manager or a browser exported"},
	{ErrNotText, "file_unknown_format", "choose a file that a password manager or a browser exported"},
	{ErrMalformed, "file_damaged", "export it again"},
}

// Explain finds the code, on which a user interface may rely, and the hint of an error of this package; the code is
// empty for any other error.
func Explain(err error) (code, hint string) {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.code, f.hint
		}
	}
	return "", ""
}
