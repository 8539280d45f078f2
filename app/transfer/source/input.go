package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// MaxTextBytes limits the size of text that is decoded in one go.
const MaxTextBytes = 256 << 20

// Input is a file with its decoded views. Each view is decoded on first use, and only once.
type Input struct {
	Name    string // in lower case
	Data    []byte
	Options Options
	// Broken is why a file that starts like text, JSON or ZIP could not be decoded.
	Broken error

	decodedText *decoded[string]
	decodedJSON *decoded[any]
	Table       *Table
	archive     *archive
}

type decoded[T any] struct {
	value T
	err   error
}

// NewInput rejects files that are empty or too large.
func NewInput(f File, o Options) (*Input, error) {
	if len(f.Data) > MaxFileBytes {
		return nil, Fail(parcel.FileTooLarge, parcel.Values{Limit: MaxFileBytes >> 20})
	}
	if len(bytes.TrimSpace(f.Data)) == 0 {
		return nil, ErrEmpty
	}
	return &Input{Name: strings.ToLower(f.Name), Data: f.Data, Options: o}, nil
}

// Text returns the file as UTF-8 without a byte-order mark.
func (in *Input) Text() (string, error) {
	if in.decodedText == nil {
		s, err := DecodeText(in.Data)
		if errors.Is(err, ErrTruncated) {
			in.Broken = err
		}
		in.decodedText = &decoded[string]{s, err}
	}
	return in.decodedText.value, in.decodedText.err
}

// utf16Order recognizes UTF-16 without a byte-order mark by its zeros, if most characters are ASCII. It is nil for other
// files.
func utf16Order(data []byte) binary.ByteOrder {
	head := data[:min(len(data), 4096)&^1]
	var zeros [2]int
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(head) / 4; {
	case zeros[0] == 0 && zeros[1] > most:
		return binary.LittleEndian
	case zeros[1] == 0 && zeros[0] > most:
		return binary.BigEndian
	}
	return nil
}

// DecodeText decodes UTF-8, UTF-16, and otherwise Windows-1252, in which every byte is a character.
func DecodeText(data []byte) (string, error) {
	if len(data) > MaxTextBytes {
		return "", Fail(parcel.FileTooLarge, parcel.Values{Limit: MaxTextBytes >> 20})
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(data[2:], binary.BigEndian)
	}
	if order := utf16Order(data); order != nil {
		return decodeUTF16(data, order)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.IndexByte(data, 0) >= 0 {
		return "", Fail(parcel.FileNotText)
	}
	if utf8.Valid(data) {
		return string(data), nil
	}
	if endsInsideRune(data) {
		return "", ErrTruncated
	}
	return decodeWindows1252(data), nil
}

// endsInsideRune reports whether data is UTF-8 with a last character that is cut off. Decoded as Windows-1252, it would come
// out as gibberish.
func endsInsideRune(data []byte) bool {
	for n := 1; n < utf8.UTFMax && n < len(data); n++ {
		whole, last := data[:len(data)-n], data[len(data)-n:]
		if utf8.RuneStart(last[0]) {
			return !utf8.FullRune(last) && utf8.Valid(whole) && utf8.RuneCount(whole) < len(whole)
		}
	}
	return false
}

func decodeUTF16(data []byte, order binary.ByteOrder) (string, error) {
	if len(data)%2 != 0 {
		return "", ErrTruncated
	}
	var b strings.Builder
	b.Grow(len(data) / 2)
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) && i+4 <= len(data) {
			if both := utf16.DecodeRune(r, rune(order.Uint16(data[i+2:]))); both != utf8.RuneError {
				r = both
				i += 2
			}
		}
		b.WriteRune(r) // an unpaired surrogate becomes U+FFFD
	}
	return b.String(), nil
}

// windows1252 maps 0x80 to 0x9f (WHATWG Encoding Standard). The rest is the same as Latin-1.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

func decodeWindows1252(data []byte) string {
	var b strings.Builder
	b.Grow(len(data) + len(data)/8)
	for _, c := range data {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
		}
		b.WriteRune(r)
	}
	return b.String()
}
