package source

import (
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// The sentences of the command line. The page has its own, in each of its languages.

// sentence is one about a file.
type sentence struct {
	kind       parcel.FileCode // the more general code that errors.Is finds as well; empty: none
	says, hint string
}

const (
	exportAgain   = "export it again"
	exportInParts = "export it in parts"
	passwordHint  = "enter the password that the file was exported with"
	columnsHint   = "say what its columns are, and whether the first row holds values"
	otherFileHint = "choose a file that a password manager or a browser exported; vaultsphere formats lists the known ones"
	csvOrJSONHint = "export again as CSV or JSON"
	csvHint       = "save it as CSV"
	unpackHint    = "unpack it first"
	updateHint    = "use the newest version of VaultSphere"
)

// files has a row for every parcel.FileCode.
var files = map[parcel.FileCode]sentence{
	parcel.FileEmpty:           {"", "the file is empty", exportAgain},
	parcel.FileTooLarge:        {"", "the file is too large: at most {limit} MB", exportInParts},
	parcel.FileTooManyItems:    {parcel.FileTooLarge, "the file holds too many items: at most {limit}", exportInParts},
	parcel.FileTooManyValues:   {parcel.FileTooLarge, "the file holds too many values: at most {limit}", exportInParts},
	parcel.FileTooNested:       {parcel.FileTooLarge, "the file is nested too deeply: at most {limit} levels", exportAgain},
	parcel.FileUnpacksTooLarge: {parcel.FileTooLarge, "the archive unpacks to far more than its size", exportInParts},
	parcel.FileTruncated:       {"", "the file ends too early; it may not have been copied or downloaded completely", exportAgain},

	parcel.FileUnknownFormat: {"", "the file is in none of the known formats", otherFileHint},
	parcel.FileNotText:       {parcel.FileUnknownFormat, "the file is not text", otherFileHint},
	parcel.FileOtherFormat: {"", "the file is not in the format {name}",
		"choose another format, or none to detect it; vaultsphere formats lists the known ones"},
	parcel.FileNoSuchFormat: {parcel.FileUnknownFormat, "there is no format “{name}”", "vaultsphere formats lists the known ones"},
	parcel.FileNewer:        {"", "the file was written by a newer version of VaultSphere", updateHint},
	parcel.FileOtherVersion: {parcel.FileUnknownFormat, "this version of the format of {name} is not supported", updateHint},

	parcel.FileDocument:    {parcel.FileUnknownFormat, "the file is a document", csvOrJSONHint},
	parcel.FileSpreadsheet: {parcel.FileUnknownFormat, "the file is a spreadsheet", csvHint},
	parcel.FilePicture:     {parcel.FileUnknownFormat, "the file is a picture", otherFileHint},
	parcel.FileWebPage:     {parcel.FileUnknownFormat, "the file is a web page", csvOrJSONHint},
	parcel.FileDatabase: {parcel.FileUnknownFormat, "the file is the database of a browser or an application",
		"use the export of that application"},
	parcel.FilePacked:   {parcel.FileUnknownFormat, "the file is packed with {name}", unpackHint},
	parcel.FileKeePass1: {parcel.FileUnknownFormat, "the file is a database of KeePass 1", "open it in KeePass 2 or KeePassXC, and save it as KDBX"},

	parcel.FileNoHeader:    {"", "the first row of the table does not name its columns", columnsHint},
	parcel.FileNoColumns:   {"", "no column of the table looks like titles or passwords", columnsHint},
	parcel.FileColumnCount: {"", "{count} columns were chosen, but the table has {limit}", columnsHint},

	parcel.FilePasswordNeeded:     {"", "the file is protected by a password", passwordHint},
	parcel.FileWrongPassword:      {"", "the password does not open the file", passwordHint},
	parcel.FileWrongPasswordOrKey: {parcel.FileWrongPassword, "the password or the key file is wrong or missing", "a database may need a password, a key file, or both"},
	parcel.FileKeyDamaged:         {parcel.FileDamaged, "the key file is damaged", "use a copy of the key file"},
	parcel.FileAccountRestricted: {"", "only the account that made this Bitwarden export can open it",
		"export again, and choose encryption with a password"},
	parcel.FilePGP:                  {"", "the file is encrypted with PGP", "decrypt it first, or export again without a passphrase"},
	parcel.FileAge:                  {parcel.FileUnknownFormat, "the file is encrypted with age", "decrypt it first"},
	parcel.FileEncryptedArchive:     {parcel.FileUnknownFormat, "the archive is encrypted", unpackHint},
	parcel.FileUnsupportedAlgorithm: {parcel.FileDamaged, "the file of {name} is encrypted or compressed with an algorithm that is not supported", "export it with other settings"},
	parcel.FileTooCostly:            {parcel.FileDamaged, "opening the file would take too much memory or time", "lower the cost of the key derivation in the settings of the program that wrote it, and export again"},

	parcel.FileDamaged:     {"", "the file is damaged", exportAgain},
	parcel.FileDamagedJSON: {parcel.FileDamaged, "the file is damaged: it is not valid JSON at byte {count}", exportAgain},
	parcel.FileDamagedXML:  {parcel.FileDamaged, "the file is damaged: it is not valid XML in line {count}", exportAgain},
	parcel.FileIncomplete:  {parcel.FileDamaged, "the file is damaged: it lacks “{name}”", exportAgain},
	parcel.FileMalformed:   {parcel.FileDamaged, "the file is damaged: {name} does not write it like this", exportAgain},

	parcel.ExportTooLarge: {parcel.FileTooLarge, "the export is too large: at most {limit} MB", "leave out the attachments"},
}

// problems has a row for every parcel.ProblemCode.
var problems = map[parcel.ProblemCode]string{
	parcel.MalformedItem:   "the item is malformed",
	parcel.InvalidItem:     "the item cannot be saved",
	parcel.TruncatedItem:   "the file ends inside this item; the part before that was imported",
	parcel.UnknownPart:     "this part of the file is not in a known form",
	parcel.UnclosedQuote:   "a quotation mark is not closed",
	parcel.TextAfterQuote:  "text follows a closing quotation mark",
	parcel.TooManyColumns:  "there are more than {limit} values",
	parcel.ColumnCount:     "there are {count} values for {limit} columns",
	parcel.MissingValues:   "there are {count} values for {limit} columns; missing ones were left empty",
	parcel.ExtraIntoNotes:  "there are {count} values for {limit} columns; the last ones were added to the notes",
	parcel.ExtraIntoFields: "there are {count} values for {limit} columns; the last ones became hidden fields",

	parcel.HeaderHoldsValues: "the row seems to hold values, but was used as the names of the columns",
	parcel.NoPasswordColumn:  "no column looks like passwords",
	parcel.NoTitleColumn:     "no column looks like titles",

	parcel.NoKey:               "it has no authenticator key",
	parcel.InvalidKey:          "its authenticator key is invalid",
	parcel.UnsupportedKey:      "codes of its kind are not supported; the authenticator key became a field",
	parcel.InvalidOTPAuthURL:   "this is not an otpauth URL",
	parcel.InvalidMigrationURL: "this is incomplete, or was not exported by Google Authenticator",
	parcel.InvalidExpiry:       "its expiry date is not a month and a year; it became a field",

	parcel.EncryptedOldPassword: "an old password is encrypted in the export",
	parcel.EncryptedOldValue:    "an old value of “{name}” is encrypted in the export",

	parcel.UnclaimedFile:       "no item of the export refers to this file",
	parcel.AttachmentTooLarge:  "the attachment “{name}” is larger than {limit} MB",
	parcel.AttachmentMissing:   "the attachment “{name}” is missing in the file",
	parcel.AttachmentDamaged:   "the attachment “{name}” is damaged",
	parcel.AttachmentTruncated: "the attachment “{name}” is damaged; the intact part was imported",

	parcel.DeletedElsewhere:     "the item was deleted on another device in the meantime",
	parcel.NotMerged:            "it cannot be merged with the item in the vault",
	parcel.AttachmentNotStored:  "the attachment “{name}” was not stored",
	parcel.UnreadableItem:       "the item cannot be read",
	parcel.UnreadableAttachment: "the attachment “{name}” cannot be read",
}

// Sentence is a problem in English.
func Sentence(p parcel.Problem) string {
	says := fill(problems[p.Code], p.Values)
	if p.Err != nil {
		says += ": " + p.Err.Error()
	}
	return says
}

func fill(says string, v parcel.Values) string {
	return strings.NewReplacer("{name}", v.Name, "{count}", strconv.Itoa(v.Count), "{limit}", strconv.Itoa(v.Limit)).Replace(says)
}
