package item

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:generate go run ./fieldgen

// MergeRule says how to merge a field that two devices changed.
type MergeRule int

const (
	MergeConflict MergeRule = iota // if only one side changed it, that side wins; otherwise my item becomes a copy
	MergeUnion                     // the elements that either side added, without those that either side removed
	MergeLatest                    // the later change wins; the other stays in the history
	MergeFirst                     // if only one side changed it, that side wins; otherwise the change that was stored first
	MergeNever                     // never changes: the time of creation
	MergeStamp                     // set by every save: the time of the last change
)

// ImportRule says how an import updates a field of an existing item.
type ImportRule int

const (
	ImportNever   ImportRule = iota // not imported
	ImportKeep                      // keep the value of the item
	ImportReplace                   // take the value of the file unless it is empty
	ImportAppend                    // append the text of the file
	ImportUnion                     // all elements of both
	ImportEither                    // true if either is true; ignored when items are compared
	ImportSame                      // an item with another value is another item
)

// The tables list the members in the order of the page. A label is the key of a message of the page.

var overview = objectOf(func(v any) *Unknown { return &v.(*Item).UnknownOverview },
	member{Row: Row{Name: "title", Label: "itemForm.title", Limit: MaxTitle, Required: true, Import: ImportKeep, Search: true},
		at: func(v any) any { return &v.(*Item).Title }, kind: line},
	member{Row: Row{Name: "type", Label: "itemForm.type", Import: ImportSame},
		at: func(v any) any { return &v.(*Item).Type }, kind: word, extra: checkType},
	member{Row: Row{Name: "username", Label: "common.username", Limit: MaxUsername, Import: ImportKeep, Search: true, Type: TypeLogin},
		at: func(v any) any { return &v.(*Item).Username }, kind: line},
	member{Row: Row{Name: "urls", Label: "itemView.url", Limit: MaxURL, MaxCount: MaxURLs, Merge: MergeUnion, Import: ImportUnion, Search: true, Type: TypeLogin},
		at: func(v any) any { return &v.(*Item).URLs }, kind: lines},
	member{Row: Row{Name: "match", Label: "itemFields.rules", Type: TypeLogin},
		at: func(v any) any { return &v.(*Item).Match }, kind: rules, extra: checkRules},
	member{Row: Row{Name: "tags", Label: "common.tags", Limit: MaxTag, MaxCount: MaxTags, Merge: MergeUnion, Import: ImportUnion, Search: true},
		at: func(v any) any { return &v.(*Item).Tags }, kind: lines},
	member{Row: Row{Name: "favourite", Label: "common.favourite", Import: ImportEither},
		at: func(v any) any { return &v.(*Item).Favourite }, kind: flag},
	member{Row: Row{Name: "reprompt", Label: "itemForm.reprompt", Import: ImportEither},
		at: func(v any) any { return &v.(*Item).Reprompt }, kind: flag},
	member{Row: Row{Name: "created", Label: "itemView.created", Merge: MergeNever, Fixed: true},
		at: func(v any) any { return &v.(*Item).Created }, kind: moment},
	member{Row: Row{Name: "modified", Label: "itemView.changed", Merge: MergeStamp, Fixed: true},
		at: func(v any) any { return &v.(*Item).Modified }, kind: moment},
	member{Row: Row{Name: "archived", Label: "archive.since", Merge: MergeFirst, Fixed: true}, at: func(v any) any { return &v.(*Item).Archived }, kind: moment},
	member{Row: Row{Name: "trashed", Label: "trash.since", Fixed: true}, at: func(v any) any { return &v.(*Item).Trashed }, kind: moment},
	member{Row: Row{Name: "purge", Label: "trash.purge", Fixed: true}, at: func(v any) any { return &v.(*Item).Purge }, kind: moment},
	member{Row: Row{Name: "ignored", Limit: MaxName, MaxCount: MaxIgnored, Merge: MergeUnion, Fixed: true},
		at: func(v any) any { return &v.(*Item).Ignored }, kind: lines},
)

var details = objectOf(func(v any) *Unknown { return &v.(*Item).UnknownDetails },
	member{Row: Row{Name: "password", Label: "common.password", Limit: MaxPassword, Merge: MergeLatest, Import: ImportReplace, Hidden: true, Type: TypeLogin},
		at: func(v any) any { return &v.(*Item).Password }, kind: text},
	member{Row: Row{Name: "totp", Label: "common.authenticatorKey", Limit: MaxTOTP, Import: ImportReplace, Hidden: true, Type: TypeLogin},
		at: func(v any) any { return &v.(*Item).TOTP }, kind: key},
	partOf("card", TypeCard, part[Card](card), func(v any) any { return &v.(*Item).Card }),
	partOf("bank_account", TypeBankAccount, part[BankAccount](bankAccount), func(v any) any { return &v.(*Item).BankAccount }),
	partOf("identity", TypeIdentity, part[Identity](identity), func(v any) any { return &v.(*Item).Identity }),
	partOf("passport", TypePassport, part[Passport](passport), func(v any) any { return &v.(*Item).Passport }),
	partOf("drivers_license", TypeDriversLicense, part[DriversLicense](driversLicense), func(v any) any { return &v.(*Item).DriversLicense }),
	partOf("api_key", TypeAPIKey, part[APIKey](apiKey), func(v any) any { return &v.(*Item).APIKey }),
	partOf("ssh_key", TypeSSHKey, part[SSHKey](sshKey), func(v any) any { return &v.(*Item).SSHKey }),
	member{Row: Row{Name: "fields", Label: "itemForm.fields", MaxCount: MaxFields, Import: ImportUnion, Search: true, Table: "field"},
		at: func(v any) any { return &v.(*Item).Fields }, kind: list[Field](field, func(f *Field) bool { return f.Name != "" || f.Value != "" })},
	member{Row: Row{Name: "notes", Label: "common.notes", Limit: MaxNotes, Import: ImportAppend, Search: true},
		at: func(v any) any { return &v.(*Item).Notes }, kind: text},
	member{Row: Row{Name: "attachments", Label: "attachments.title", MaxCount: MaxAttachments, Merge: MergeUnion, Search: true, Fixed: true, Table: "attachment"},
		at: func(v any) any { return &v.(*Item).Attachments }, kind: list[Attachment](attachment, nil)},
	member{Row: Row{Name: "password_history", Label: "history.title", MaxCount: MaxPasswordHistory, Import: ImportUnion, Hidden: true, Fixed: true, Table: "old_password"},
		at: func(v any) any { return &v.(*Item).PasswordHistory }, kind: list[OldPassword](oldPassword, func(p *OldPassword) bool { return p.Password != "" })},
	// The history shows the date of each version of the details.
	member{Row: Row{Name: "modified", Label: "itemView.changed", Merge: MergeStamp, Fixed: true},
		at: func(v any) any { return &v.(*Item).Modified }, kind: moment},
)

var field = objectOf(func(v any) *Unknown { return &v.(*Field).Unknown },
	member{Row: Row{Name: "name", Label: "itemForm.fieldName", Limit: MaxName, Search: true}, at: func(v any) any { return &v.(*Field).Name }, kind: line},
	member{Row: Row{Name: "hidden", Label: "itemFields.fieldKinds.hidden"}, at: func(v any) any { return v }, kind: hiddenKind()},
	member{Row: Row{Name: "kind", Label: "itemFields.fieldKind"}, at: func(v any) any { return v }, kind: wordKind(), extra: checkFieldKind},
	member{Row: Row{Name: "value", Label: "itemForm.fieldValue", Limit: MaxValue, Search: true},
		at: func(v any) any { return &v.(*Field).Value }, kind: text, found: shownValue, extra: checkFieldValue},
)

var oldPassword = objectOf(func(v any) *Unknown { return &v.(*OldPassword).Unknown },
	member{Row: Row{Name: "password", Label: "common.password", Limit: MaxPassword, Hidden: true}, at: func(v any) any { return &v.(*OldPassword).Password }, kind: text},
	member{Row: Row{Name: "until", Label: "history.until"}, at: func(v any) any { return &v.(*OldPassword).Until }, kind: moment},
)

var attachment = objectOf(func(v any) *Unknown { return &v.(*Attachment).Unknown },
	member{Row: Row{Name: "name", Label: "attachments.title", Limit: MaxAttachmentName, Required: true, Search: true},
		at: func(v any) any { return &v.(*Attachment).Name }, kind: filename},
	member{Row: Row{Name: "size"}, at: func(v any) any { return &v.(*Attachment).Size }, kind: number, extra: checkSize},
	member{Row: Row{Name: "id", Limit: MaxName, Required: true}, at: func(v any) any { return &v.(*Attachment).ID }, kind: filename},
	member{Row: Row{Name: "sha256", Limit: 2 * sha256.Size}, at: func(v any) any { return &v.(*Attachment).SHA256 }, kind: text, extra: checkDigest},
	member{Row: Row{Name: "key", Limit: 43, Hidden: true}, at: func(v any) any { return &v.(*Attachment).Key }, kind: text, extra: checkKey},
)

// Rows returns the rows of a table: "overview" and "details" of an item; the name of a part, such as "card"; "field", "old_password"
// and "attachment" for the elements of lists. It returns nil for any other name.
func Rows(table string) []Row {
	switch table {
	case "overview":
		return overview.rows()
	case "details":
		return details.rows()
	case "field":
		return field.rows()
	case "old_password":
		return oldPassword.rows()
	case "attachment":
		return attachment.rows()
	}
	if m := details.member(table); m != nil && m.kind.part != nil {
		return m.kind.part.rows()
	}
	return nil
}

// tableOf names the table of the elements of a list whose name is another.
var tableOf = map[string]string{"fields": "field", "password_history": "old_password", "attachments": "attachment"}

// LabelOf returns the key of the page's message for the field that a FieldError names, and its number in a list, counted from 1.
// The label is empty if the page has none.
func LabelOf(name string) (label string, number int) {
	rows := slices.Concat(overview.rows(), details.rows())
	for part := range strings.SplitSeq(name, ".") {
		part, index, listed := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		if n, err := strconv.Atoi(index); listed && err == nil {
			number = n + 1
		}
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == part })
		if i < 0 {
			break
		}
		label, rows = cmp.Or(rows[i].Label, label), Rows(cmp.Or(tableOf[part], part))
	}
	return label, number
}

// shownValue adds the value of a custom field that is not hidden.
func shownValue(v any, add func(string)) {
	if f := v.(*Field); f.Unknown == "" && (f.Kind == FieldText || f.Kind == FieldLink) {
		add(f.Value)
	}
}

func checkType(v any) *FieldError {
	it := v.(*Item)
	if !validType(it.Type) {
		return &FieldError{Field: "type", Rule: RuleForm, Reason: "must be " + TypeList()}
	}
	return nil
}

func checkRules(v any) *FieldError {
	it := v.(*Item)
	for i, url := range it.URLs {
		if rule := it.Match[url]; !rule.Known() && !rule.Newer() {
			return &FieldError{Field: fmt.Sprintf("match[%d]", i), Rule: RuleForm, Reason: "must be host, starts, exact, regexp or never, or be omitted for the domain"}
		}
	}
	for _, rule := range it.Match {
		if u := Unknown(rule); rule.Newer() && !u.canonical(false) {
			return &FieldError{Field: "match", Rule: RuleForm, Reason: "is not canonical JSON"}
		}
	}
	return nil
}

func checkFieldKind(v any) *FieldError {
	f := v.(*Field)
	if !f.Kind.Known() {
		return &FieldError{Field: "kind", Rule: RuleForm, Reason: "must be hidden, boolean or link, or be omitted for text"}
	}
	return nil
}

func checkFieldValue(v any) *FieldError {
	f := v.(*Field)
	if f.Kind == FieldBoolean && f.Value != True && f.Value != False {
		return &FieldError{Field: "value", Rule: RuleForm, Reason: fmt.Sprintf("must be %s or %s", True, False)}
	}
	return nil
}

func checkSize(v any) *FieldError {
	a := v.(*Attachment)
	if a.Size < 0 || a.Size > MaxAttachmentBytes {
		return &FieldError{Field: "size", Rule: RuleForm, Reason: fmt.Sprintf("at most %d bytes, this has %d", MaxAttachmentBytes, a.Size)}
	}
	return nil
}

func checkDigest(v any) *FieldError {
	a := v.(*Attachment)
	if digest, err := hex.DecodeString(a.SHA256); err != nil || len(digest) != sha256.Size {
		return &FieldError{Field: "sha256", Rule: RuleForm, Reason: "must be 64 hexadecimal digits"}
	}
	return nil
}

func checkKey(v any) *FieldError {
	a := v.(*Attachment)
	if key, err := base64.RawURLEncoding.Strict().DecodeString(a.Key); a.Key != "" && (err != nil || len(key) != sha256.Size) {
		return &FieldError{Field: "key", Rule: RuleForm, Reason: "must be 32 bytes in base64url without padding"}
	}
	return nil
}
