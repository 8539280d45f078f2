package transfer

import "github.com/vaultsphere/vaultsphere/app/transfer/source"

// What is wrong with a file. The errors of Read, Columns and Write are one of these, or wrap one.
var (
	ErrEmpty             = source.ErrEmpty
	ErrUnknownFormat     = source.ErrUnknownFormat
	ErrOtherFormat       = source.ErrOtherFormat
	ErrNoHeader          = source.ErrNoHeader
	ErrNoColumns         = source.ErrNoColumns
	ErrColumnCount       = source.ErrColumnCount
	ErrTruncated         = source.ErrTruncated
	ErrTooLarge          = source.ErrTooLarge
	ErrMalformed         = source.ErrMalformed
	ErrNewerVersion      = source.ErrNewerVersion
	ErrPasswordNeeded    = source.ErrPasswordNeeded
	ErrWrongPassword     = source.ErrWrongPassword
	ErrAccountRestricted = source.ErrAccountRestricted
	ErrPGP               = source.ErrPGP
)
