package bridge

import "github.com/vaultsphere/vaultsphere/app/item"

// Finding says what exactly is wrong where one code covers several causes. The page has a sentence for each FindingCode.
type Finding struct {
	Code   FindingCode `json:"code"`
	Name   string      `json:"name,omitempty"`   // the id of a record, or the key of a field's label in the page's texts
	Number int         `json:"number,omitempty"` // of the field in a list, counted from 1
	Got    int64       `json:"got,omitempty"`    // the number that is wrong
	Want   int64       `json:"want,omitempty"`   // the one it should be, or its limit
}

// FieldFinding says why an item cannot be saved.
func FieldFinding(e *item.FieldError) Finding {
	label, number := item.LabelOf(e.Field)
	return Finding{Code: "field_" + FindingCode(e.Rule), Name: label, Number: number, Got: int64(e.Have), Want: int64(e.Limit)}
}

type FindingCode string

// Faults in the server's answer, for the code "vault_altered".
const (
	LogBroken        FindingCode = "log_broken" // by the entry or write Got
	OtherVault       FindingCode = "other_vault"
	OtherUser        FindingCode = "other_user"
	OtherAccount     FindingCode = "other_account" // as the answer to a registration or a recovery
	OtherAccountKey  FindingCode = "other_account_key"
	AccountUnsigned  FindingCode = "account_unsigned" // the log of the vault does not sign the account or its keys
	OldAccountKey    FindingCode = "old_account_key"  // of a generation before the remembered one
	CacheDamaged     FindingCode = "cache_damaged"
	VaultKeyUnopened FindingCode = "vault_key_unopened" // the envelope of the newest entry
	EnvelopeWrong    FindingCode = "envelope_wrong"     // that entry Got, whose author is Name, has for this user
	OutboxUnopened   FindingCode = "outbox_unopened"
	RecordAltered    FindingCode = "record_altered"
	RecordMisplaced  FindingCode = "record_misplaced"
	RecordMalformed  FindingCode = "record_malformed"
	RecordRepeated   FindingCode = "record_repeated"
	RecordOlder      FindingCode = "record_older"    // than version Want
	RecordsMissing   FindingCode = "records_missing" // Got of them
	RecordsSurplus   FindingCode = "records_surplus" // Got of them
	RecordsReplayed  FindingCode = "records_replayed"
	SealAltered      FindingCode = "seal_altered" // of a key or another token
)

// Reasons for the code "vault_rolled_back": Got is the revision that the server shows, Want the revision seen before.
const (
	MemoryDamaged FindingCode = "memory_damaged" // what this device remembers cannot be read
	VaultOlder    FindingCode = "vault_older"
	VaultOther    FindingCode = "vault_other" // as new or newer, but not a continuation
	CacheOlder    FindingCode = "cache_older"
	CacheOther    FindingCode = "cache_other"
)

// Why the code is "kdf_refused".
const (
	KDFMismatch FindingCode = "kdf_mismatch"
	KDFUnknown  FindingCode = "kdf_unknown" // a step that this release does not know
	KDFLowered  FindingCode = "kdf_lowered" // below the remembered step
)

// Why the code is "record_unreadable".
const (
	RecordMissing    FindingCode = "record_missing" // the overview or the details
	ContentMalformed FindingCode = "content_malformed"
	ContentUnopened  FindingCode = "content_unopened"
)

// Why the code is "bad_input".
const (
	ItemTooLarge   FindingCode = "item_too_large"
	PasswordEmpty  FindingCode = "password_empty"
	PasswordText   FindingCode = "password_text" // not valid UTF-8
	ImportChoice   FindingCode = "import_choice"
	GeneratorRules FindingCode = "generator_rules"
	NotAPicture    FindingCode = "not_a_picture"
	NoQRCode       FindingCode = "no_qr_code"
	FieldForm      FindingCode = "field_form"    // for any other reason
	FieldLength    FindingCode = "field_length"  // Got characters, Want at most
	FieldCount     FindingCode = "field_count"   // Got values, Want at most
	FieldSize      FindingCode = "field_size"    // Got bytes, Want at most
	FieldLine      FindingCode = "field_line"    // has line breaks or control characters
	FieldNeeded    FindingCode = "field_needed"  // is empty
	FieldPattern   FindingCode = "field_pattern" // is not a regular expression
	FieldTOTP      FindingCode = "field_totp"    // is not an authenticator key
	FieldNewer     FindingCode = "field_newer"   // holds a value of a newer version
)
