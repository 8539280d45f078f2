package transfer

import "github.com/vaultsphere/vaultsphere/app/transfer/source"

// General errors: errors.Is finds the particular ones of each kind. Every error of Read, Columns and Write is a Failure, or
// wraps one.
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
