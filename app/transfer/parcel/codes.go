package parcel

import "github.com/vaultsphere/vaultsphere/app/protocol/bridge"

// FileCode says why a file cannot be read or written. The sentences are where they are shown: on the page in its user's
// language, and for the command line in app/transfer/source.
type FileCode string

const (
	FileEmpty           FileCode = "file_empty"
	FileTooLarge        FileCode = "file_too_large"         // {limit} MB
	FileTooManyItems    FileCode = "file_too_many_items"    // {limit}
	FileTooManyValues   FileCode = "file_too_many_values"   // {limit}
	FileTooNested       FileCode = "file_too_nested"        // {limit}
	FileUnpacksTooLarge FileCode = "file_unpacks_too_large" //
	FileTruncated       FileCode = "file_truncated"

	FileUnknownFormat FileCode = "file_unknown_format"
	FileNotText       FileCode = "file_not_text"
	FileOtherFormat   FileCode = "file_other_format"   // {name} of the chosen format
	FileNoSuchFormat  FileCode = "file_no_such_format" // {name}, as it was chosen
	FileNewer         FileCode = "file_newer"          // of VaultSphere
	FileOtherVersion  FileCode = "file_other_version"  // of {name}

	// Files that people choose by mistake.
	FileDocument    FileCode = "file_document"
	FileSpreadsheet FileCode = "file_spreadsheet"
	FilePicture     FileCode = "file_picture"
	FileWebPage     FileCode = "file_web_page"
	FileDatabase    FileCode = "file_database"
	FilePacked      FileCode = "file_packed" // by {name}
	FileKeePass1    FileCode = "file_keepass1"

	// Tables whose columns are not known.
	FileNoHeader    FileCode = "file_no_header"
	FileNoColumns   FileCode = "file_no_columns"
	FileColumnCount FileCode = "file_column_count" // {count} were chosen, the table has {limit}

	FilePasswordNeeded       FileCode = "file_password_needed"
	FileWrongPassword        FileCode = "file_wrong_password"
	FileWrongPasswordOrKey   FileCode = "file_wrong_password_or_key"
	FileKeyDamaged           FileCode = "file_key_damaged"
	FileAccountRestricted    FileCode = "file_account_restricted"
	FilePGP                  FileCode = "file_pgp"
	FileAge                  FileCode = "file_age"
	FileEncryptedArchive     FileCode = "file_encrypted_archive"
	FileUnsupportedAlgorithm FileCode = "file_unsupported_algorithm" // of {name}
	FileTooCostly            FileCode = "file_too_costly"

	FileDamaged     FileCode = "file_damaged"
	FileDamagedJSON FileCode = "file_damaged_json" // at byte {count}
	FileDamagedXML  FileCode = "file_damaged_xml"  // in line {count}
	FileIncomplete  FileCode = "file_incomplete"   // without {name}, a part that every file of the format has
	FileMalformed   FileCode = "file_malformed"    // not as {name} writes it

	ExportTooLarge FileCode = "export_too_large" // {limit} MB
)

// ProblemCode says why an item, or a part of one, was not imported or exported as it is.
type ProblemCode string

const (
	MalformedItem   ProblemCode = "malformed_item"
	InvalidItem     ProblemCode = "invalid_item"
	TruncatedItem   ProblemCode = "truncated_item"
	UnknownPart     ProblemCode = "unknown_part"
	UnclosedQuote   ProblemCode = "unclosed_quote"
	TextAfterQuote  ProblemCode = "text_after_quote"
	TooManyColumns  ProblemCode = "too_many_columns"  // {limit}
	ColumnCount     ProblemCode = "column_count"      // {count} values, {limit} columns
	MissingValues   ProblemCode = "missing_values"    // {count} values, {limit} columns
	ExtraIntoNotes  ProblemCode = "extra_into_notes"  // {count} values, {limit} columns
	ExtraIntoFields ProblemCode = "extra_into_fields" // {count} values, {limit} columns

	HeaderHoldsValues ProblemCode = "header_holds_values"
	NoPasswordColumn  ProblemCode = "no_password_column"
	NoTitleColumn     ProblemCode = "no_title_column"

	NoKey               ProblemCode = "no_key"
	InvalidKey          ProblemCode = "invalid_key"
	UnsupportedKey      ProblemCode = "unsupported_key"
	InvalidOTPAuthURL   ProblemCode = "invalid_otpauth_url"
	InvalidMigrationURL ProblemCode = "invalid_migration_url"
	InvalidExpiry       ProblemCode = "invalid_expiry"

	EncryptedOldPassword ProblemCode = "encrypted_old_password"
	EncryptedOldValue    ProblemCode = "encrypted_old_value" // of the field {name}

	UnclaimedFile       ProblemCode = "unclaimed_file"       // the title is the file's name
	AttachmentTooLarge  ProblemCode = "attachment_too_large" // {name}, more than {limit} MB
	AttachmentMissing   ProblemCode = "attachment_missing"   // {name}
	AttachmentDamaged   ProblemCode = "attachment_damaged"   // {name}
	AttachmentTruncated ProblemCode = "attachment_truncated" // {name}

	// These come from app/client.
	DeletedElsewhere     ProblemCode = "deleted_elsewhere"
	NotMerged            ProblemCode = "not_merged"            // with a cause
	AttachmentNotStored  ProblemCode = "attachment_not_stored" // {name}, with a cause
	UnreadableItem       ProblemCode = "unreadable_item"       // with a cause
	UnreadableAttachment ProblemCode = "unreadable_attachment" // {name}, with a cause
)

// Values fill the placeholders of a sentence.
type Values = bridge.Values
