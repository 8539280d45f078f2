package item

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of one item, in characters (Unicode code points) unless they say otherwise.
const (
	MaxTitle    = 500
	MaxUsername = 1000
	MaxURL      = 4096
	MaxURLs     = 50
	MaxTag      = 100
	MaxTags     = 50
	MaxIgnored  = 50 // this version has fewer kinds of findings
	MaxPassword = 10_000
	MaxTOTP     = 2000
	MaxNotes    = 20_000
	MaxFields   = 100
	MaxName     = 200    // of a field
	MaxValue    = 10_000 // of a field, or of a text of a part

	MaxAttachmentName = 255 // the limit of file systems

	MaxPasswordHistory = 100
	MaxAttachments     = 100
	MaxAttachmentBytes = 10 << 20
	// MaxPartBytes bounds the canonical JSON of the overview, and that of the details. Base64 adds a third, and padding some more:
	// the token must stay below the server's limit of 64 KiB.
	MaxPartBytes = 40_000
)

// FieldError names the field for which an item cannot be saved. It never contains the value.
type FieldError struct {
	Field       string // as in JSON: "title", "fields[1].value"
	Rule        Rule
	Have, Limit int    // of RuleLength, RuleCount and RuleSize
	Reason      string // in English
}

// Rule says what a value breaks.
type Rule string

const (
	RuleForm    Rule = "form"    // it has no other rule
	RuleLength  Rule = "length"  // at most Limit characters
	RuleCount   Rule = "count"   // at most Limit values
	RuleSize    Rule = "size"    // at most Limit bytes
	RuleLine    Rule = "line"    // no line breaks and control characters
	RuleNeeded  Rule = "needed"  // not empty
	RulePattern Rule = "pattern" // a regular expression
	RuleTOTP    Rule = "totp"    // an authenticator key
	RuleNewer   Rule = "newer"   // a value of a newer version is not changed
)

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// in prefixes the field with the name of a member or the index of an element.
func (e *FieldError) in(name string) *FieldError {
	if e.Field != "" && e.Field[0] != '[' {
		name += "."
	}
	out := *e
	out.Field = name + e.Field
	return &out
}

func checkText(row *Row, p any) *FieldError {
	s := p.(*string)
	if !utf8.ValidString(*s) {
		return &FieldError{Rule: RuleForm, Reason: "is not valid UTF-8"}
	}
	if n := utf8.RuneCountInString(*s); n > row.Limit {
		return &FieldError{Rule: RuleLength, Have: n, Limit: row.Limit, Reason: fmt.Sprintf("at most %d characters, this has %d", row.Limit, n)}
	}
	return nil
}

func checkLine(row *Row, p any) *FieldError {
	if err := checkText(row, p); err != nil {
		return err
	}
	if strings.ContainsFunc(*p.(*string), isControl) {
		return &FieldError{Rule: RuleLine, Reason: "must be one line without control characters"}
	}
	return nil
}

// TypeList lists the types for a sentence: "login, note or card".
func TypeList() string {
	var b strings.Builder
	for i, t := range Types {
		switch i {
		case 0:
		case len(Types) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(t))
	}
	return b.String()
}

// Validate returns a *FieldError for the first invalid field. Call Normalise first.
func (it Item) Validate() error {
	b := make([]byte, 0, 256)
	for _, p := range [...]struct {
		*object
		largest, fields string
	}{{overview, "urls", "title, username, URLs and tags"}, {details, "notes", "notes, password and fields"}} {
		if err := p.check(&it); err != nil {
			return err
		}
		b = p.append(b[:0], &it)
		if n := len(b); n > MaxPartBytes {
			return &FieldError{
				Field: p.largest, Rule: RuleSize, Have: n, Limit: MaxPartBytes,
				Reason: fmt.Sprintf("%s have %d bytes together, at most %d are allowed", p.fields, n, MaxPartBytes),
			}
		}
	}
	return nil
}

// isControl reports C0, DEL, C1 and the two Unicode line separators.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029
}

func validType(t Type) bool {
	if len(t) == 0 || len(t) > 32 {
		return false
	}
	for i := range len(t) {
		if c := t[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
