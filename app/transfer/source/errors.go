package source

import "github.com/vaultsphere/vaultsphere/app/transfer/parcel"

// Failure says why a file cannot be read or written. Every error of Read, Columns and Write is one, or wraps one.
type Failure struct {
	Code   parcel.FileCode
	Values parcel.Values
	cause  error // says more, in English; nil: nothing
}

// Fail makes a Failure with the values of its placeholders.
func Fail(code parcel.FileCode, values ...parcel.Values) *Failure {
	f := &Failure{Code: code}
	for _, v := range values {
		f.Values = v
	}
	return f
}

// Because adds an error that says more. It must not quote a secret.
func (f *Failure) Because(err error) *Failure { return &Failure{f.Code, f.Values, err} }

func (f *Failure) Error() string {
	says := fill(files[f.Code].says, f.Values)
	if f.cause != nil {
		says += ": " + f.cause.Error()
	}
	return says
}

func (f *Failure) Unwrap() error { return f.cause }

// Is makes errors.Is find an error by its code, and by the more general code that it belongs to.
func (f *Failure) Is(target error) bool {
	t, ok := target.(*Failure)
	return ok && (t.Code == f.Code || t.Code == files[f.Code].kind)
}

// Explain returns the code, and in English what can be done about it.
func (f *Failure) Explain() (code, hint string) { return string(f.Code), files[f.Code].hint }

// Kinds of faults in a file. errors.Is matches the particular errors of a kind too.
var (
	ErrEmpty             error = Fail(parcel.FileEmpty)
	ErrUnknownFormat     error = Fail(parcel.FileUnknownFormat)
	ErrOtherFormat       error = Fail(parcel.FileOtherFormat)
	ErrNoHeader          error = Fail(parcel.FileNoHeader)
	ErrNoColumns         error = Fail(parcel.FileNoColumns)
	ErrColumnCount       error = Fail(parcel.FileColumnCount)
	ErrTruncated         error = Fail(parcel.FileTruncated)
	ErrTooLarge          error = Fail(parcel.FileTooLarge)
	ErrMalformed         error = Fail(parcel.FileDamaged)
	ErrNewerVersion      error = Fail(parcel.FileNewer)
	ErrPasswordNeeded    error = Fail(parcel.FilePasswordNeeded)
	ErrWrongPassword     error = Fail(parcel.FileWrongPassword)
	ErrAccountRestricted error = Fail(parcel.FileAccountRestricted)
	ErrPGP               error = Fail(parcel.FilePGP)
)

// TooManyItems says that a file holds more items than a Builder takes.
func TooManyItems() error { return Fail(parcel.FileTooManyItems, parcel.Values{Limit: MaxItems}) }

// Malformed says that a file is not as that product writes it.
func Malformed(product string) *Failure {
	return Fail(parcel.FileMalformed, parcel.Values{Name: product})
}

// Incomplete says that a file lacks a part that every file of its format has.
func Incomplete(part string) error { return Fail(parcel.FileIncomplete, parcel.Values{Name: part}) }

// UnsupportedAlgorithm says that a file of that product is encrypted or compressed in a way that this package does not know.
func UnsupportedAlgorithm(product string) error {
	return Fail(parcel.FileUnsupportedAlgorithm, parcel.Values{Name: product})
}

// TooCostly says that the key derivation of a file takes more memory or time than this package spends.
func TooCostly() error { return Fail(parcel.FileTooCostly) }
