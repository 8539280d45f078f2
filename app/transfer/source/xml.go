package source

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// maxXMLElements bounds how many elements are decoded: one takes some 200 bytes of memory, however short it is written.
const maxXMLElements = 2_000_000

// Element is one of an XML document, with all that is in it.
type Element struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Text       string     `xml:",chardata"`
	Elements   []Element  `xml:",any"`
}

// DecodeXML decodes the element that a document is.
func DecodeXML(document string) (*Element, error) {
	if strings.Count(document, "<") > 2*maxXMLElements {
		return nil, Fail(parcel.FileTooManyValues, parcel.Values{Limit: maxXMLElements})
	}
	d := xml.NewDecoder(strings.NewReader(document))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	var root Element
	if err := d.Decode(&root); err != nil {
		return nil, XMLError(err)
	}
	return &root, nil
}

// XMLError says where, and never what stands there.
func XMLError(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrTruncated
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return ErrTruncated
	case errors.As(err, &syntax):
		return Fail(parcel.FileDamagedXML, parcel.Values{Count: syntax.Line}) // its message quotes the document
	}
	return ErrMalformed
}

// Name is what the element is called.
func (e *Element) Name() string { return e.XMLName.Local }

// Object is the attributes, from which they are taken as from a JSON object.
func (e *Element) Object() Object {
	o := Object{}
	for _, a := range e.Attributes {
		o[a.Name.Local] = a.Value
	}
	return o
}
