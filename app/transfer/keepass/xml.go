package keepass

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/tobischo/gokeepasslib/v3"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The document inside a KDBX file, which KeePass 2 also exports as XML. The types of gokeepasslib silently skip an entry
// with a time or a number that they cannot parse, and then decrypt all following protected values with the wrong part of the
// stream, so the document is parsed by tokens.

const (
	maxDepth = 128
	maxBytes = 256 << 20 // of the document, and of all attachments
)

// content is the content of a document.
type content struct {
	root       group  // the parent of the top groups; usually there is one
	recycleBin string // UUID of the group; empty if there is none
	headerHash []byte
	files      map[string]fileContent // by the number in an entry
}

type fileContent struct {
	data    []byte
	damaged bool // data ends too early
}

type group struct {
	uuid, name, notes string
	entries           []*entry
	groups            []*group
}

type entry struct {
	uuid     string
	strings  []stringField
	tags     string
	override string   // a URL to open in place of the entry's
	autoType string   // the typed keys, if not those of the group
	windows  []string // window titles, each with the typed keys
	custom   []stringField
	files    []attachment
	history  []*entry // oldest first

	created, modified, moved, expires time.Time
}

type stringField struct {
	name, value string
	protected   bool
}

// attachment has its content, or the number of it.
type attachment struct {
	name, ref string
	content   fileContent
}

type xmlReader struct {
	d      *xml.Decoder
	stream *gokeepasslib.StreamManager // nil: no stream protects values
	file   *content
	depth  int
	budget int64 // bytes that attachments may still unpack to; uncompressed ones are within the document
}

func parseXML(document []byte, stream *gokeepasslib.StreamManager, files map[string]fileContent) (*content, error) {
	r := &xmlReader{
		d: xml.NewDecoder(bytes.NewReader(document)), stream: stream, budget: maxBytes,
		file: &content{files: files},
	}
	r.d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	for {
		token, err := r.d.Token()
		if err != nil {
			return nil, source.XMLError(err)
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case start.Name.Local != "KeePassFile":
			return nil, source.Malformed("KeePass")
		default:
			// The rest is at most the padding of a cipher.
			return r.file, r.members(r.top)
		}
	}
}

// members calls read for each element inside the current one. read must consume its element.
func (r *xmlReader) members(read func(xml.StartElement) error) error {
	if err := r.enter(); err != nil {
		return err
	}
	defer r.leave()
	for {
		token, err := r.d.Token()
		if err != nil {
			return source.XMLError(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := read(token); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (r *xmlReader) enter() error {
	if r.depth++; r.depth > maxDepth {
		return source.Fail(parcel.FileTooNested, parcel.Values{Limit: maxDepth})
	}
	return nil
}

func (r *xmlReader) leave() { r.depth-- }

// skip consumes an element. Protected values in it still advance the stream.
func (r *xmlReader) skip(start xml.StartElement) error {
	if !isTrue(attribute(start, "Protected")) {
		return r.members(r.skip)
	}
	_, err := r.text(start)
	return err
}

// text returns the content of an element without children.
func (r *xmlReader) text(start xml.StartElement) (string, error) {
	if err := r.enter(); err != nil {
		return "", err
	}
	defer r.leave()
	var b strings.Builder
	for {
		token, err := r.d.Token()
		if err != nil {
			return "", source.XMLError(err)
		}
		switch token := token.(type) {
		case xml.CharData:
			b.Write(token)
		case xml.StartElement:
			if err := r.skip(token); err != nil {
				return "", err
			}
		case xml.EndElement:
			if r.stream == nil || !isTrue(attribute(start, "Protected")) {
				return b.String(), nil
			}
			sealed := strings.TrimSpace(b.String())
			if _, err := base64.StdEncoding.DecodeString(sealed); err != nil {
				return "", source.ErrMalformed
			}
			return string(r.stream.Unpack(sealed)), nil
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func isTrue(s string) bool { return strings.EqualFold(s, "true") }

// into parses the text of an element into a variable.
func (r *xmlReader) into(start xml.StartElement, to *string) (err error) {
	*to, err = r.text(start)
	return err
}

func (r *xmlReader) top(e xml.StartElement) error {
	switch e.Name.Local {
	case "Meta":
		return r.members(r.meta())
	case "Root":
		return r.members(func(e xml.StartElement) error {
			if e.Name.Local != "Group" {
				return r.skip(e)
			}
			return r.group(&r.file.root)
		})
	}
	return r.skip(e)
}

func (r *xmlReader) meta() func(xml.StartElement) error {
	enabled := true
	return func(e xml.StartElement) error {
		switch e.Name.Local {
		case "RecycleBinEnabled":
			s, err := r.text(e)
			if enabled = isTrue(s); !enabled {
				r.file.recycleBin = ""
			}
			return err
		case "RecycleBinUUID":
			s, err := r.text(e)
			if enabled && s != base64.StdEncoding.EncodeToString(make([]byte, 16)) {
				r.file.recycleBin = s
			}
			return err
		case "HeaderHash":
			s, err := r.text(e)
			r.file.headerHash, _ = base64.StdEncoding.DecodeString(s)
			return err
		case "Binaries":
			return r.members(func(e xml.StartElement) error {
				content, err := r.binary(e)
				r.file.files[attribute(e, "ID")] = content
				return err
			})
		}
		return r.skip(e)
	}
}

// binary returns the content of a file: base64 or protected, and perhaps compressed.
func (r *xmlReader) binary(e xml.StartElement) (fileContent, error) {
	s, err := r.text(e)
	if err != nil {
		return fileContent{}, err
	}
	c := fileContent{data: []byte(s)}
	if r.stream == nil || !isTrue(attribute(e, "Protected")) {
		if c.data, err = base64.StdEncoding.DecodeString(s); err != nil {
			return c, source.ErrMalformed
		}
	}
	if isTrue(attribute(e, "Compressed")) {
		packed := c.data
		c.data, err = source.Gunzip(packed, max(r.budget, 0))
		c.damaged = err != nil
		if errors.Is(err, source.ErrTooLarge) {
			return c, err
		}
	}
	r.budget -= int64(len(c.data))
	return c, nil
}

func (r *xmlReader) group(parent *group) error {
	g := &group{}
	parent.groups = append(parent.groups, g)
	return r.members(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "UUID":
			return r.into(e, &g.uuid)
		case "Name":
			return r.into(e, &g.name)
		case "Notes":
			return r.into(e, &g.notes)
		case "Entry":
			entry, err := r.entry()
			g.entries = append(g.entries, entry)
			return err
		case "Group":
			return r.group(g)
		}
		return r.skip(e)
	})
}

func (r *xmlReader) entry() (*entry, error) {
	entry := &entry{}
	return entry, r.members(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "UUID":
			return r.into(e, &entry.uuid)
		case "Tags":
			return r.into(e, &entry.tags)
		case "OverrideURL":
			return r.into(e, &entry.override)
		case "Times":
			return r.times(entry)
		case "String":
			s, err := r.pair()
			entry.strings = append(entry.strings, s)
			return err
		case "Binary":
			return r.attachment(entry)
		case "AutoType":
			return r.members(func(e xml.StartElement) error {
				switch e.Name.Local {
				case "DefaultSequence":
					return r.into(e, &entry.autoType)
				case "Association":
					return r.association(entry)
				}
				return r.skip(e)
			})
		case "CustomData":
			return r.members(func(xml.StartElement) error {
				s, err := r.pair()
				entry.custom = append(entry.custom, s)
				return err
			})
		case "History":
			return r.members(func(e xml.StartElement) error {
				if e.Name.Local != "Entry" {
					return r.skip(e)
				}
				old, err := r.entry()
				entry.history = append(entry.history, old)
				return err
			})
		}
		return r.skip(e)
	})
}

// association reads the keys for the windows of a name.
func (r *xmlReader) association(entry *entry) error {
	var window, keys string
	err := r.members(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "Window":
			return r.into(e, &window)
		case "KeystrokeSequence":
			return r.into(e, &keys)
		}
		return r.skip(e)
	})
	if window != "" {
		entry.windows = append(entry.windows, strings.TrimSuffix(window+": "+keys, ": "))
	}
	return err
}

// pair reads the key and the value of a string or of custom data.
func (r *xmlReader) pair() (stringField, error) {
	var s stringField
	err := r.members(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "Key":
			return r.into(e, &s.name)
		case "Value":
			s.protected = isTrue(attribute(e, "Protected")) || isTrue(attribute(e, "ProtectInMemory"))
			return r.into(e, &s.value)
		}
		return r.skip(e)
	})
	return s, err
}

func (r *xmlReader) attachment(entry *entry) error {
	var a attachment
	err := r.members(func(e xml.StartElement) (err error) {
		switch {
		case e.Name.Local == "Key":
			return r.into(e, &a.name)
		case e.Name.Local == "Value" && attribute(e, "Ref") != "":
			a.ref = attribute(e, "Ref")
		case e.Name.Local == "Value":
			a.content, err = r.binary(e)
			return err
		}
		return r.skip(e)
	})
	entry.files = append(entry.files, a)
	return err
}

func (r *xmlReader) times(entry *entry) error {
	expires := false
	var expiry time.Time
	err := r.members(func(e xml.StartElement) error {
		s, err := r.text(e)
		switch e.Name.Local {
		case "CreationTime":
			entry.created = parseTime(s)
		case "LastModificationTime":
			entry.modified = parseTime(s)
		case "LocationChanged":
			entry.moved = parseTime(s)
		case "ExpiryTime":
			expiry = parseTime(s)
		case "Expires":
			expires = isTrue(s)
		}
		return err
	})
	if expires {
		entry.expires = expiry
	}
	return err
}

// parseTime parses RFC 3339, or base64 of the seconds since the year 1 (version 4). Other times are unknown.
func parseTime(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC()
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != 8 {
		return time.Time{}
	}
	const endOfYear9999 = 315537897600
	seconds := littleEndian(b)
	if seconds >= endOfYear9999 {
		return time.Time{}
	}
	return time.Unix(int64(seconds)+time.Time{}.Unix(), 0).UTC() //nolint:gosec // below the year 10000
}
