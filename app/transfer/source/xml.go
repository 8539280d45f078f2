package source

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// maxXMLElements limits the decoded elements. Each takes about 200 bytes of memory, however short its text is.
const maxXMLElements = 2_000_000

// Element is an XML element with its content.
type Element struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Text       string     `xml:",chardata"`
	Elements   []Element  `xml:",any"`
}

// DecodeXML decodes the root element of a document.
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

// XMLError hides the error of package xml, which may quote the file, and gives the line instead.
func XMLError(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ErrTruncated
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return ErrTruncated
	case errors.As(err, &syntax):
		return Fail(parcel.FileDamagedXML, parcel.Values{Count: syntax.Line}) // syntax.Msg quotes the document
	}
	return ErrMalformed
}

// Name returns the local name of the element.
func (e *Element) Name() string { return e.XMLName.Local }

// Object returns the attributes, from which a reader takes values as from a JSON object.
func (e *Element) Object() Object {
	o := Object{}
	for _, a := range e.Attributes {
		o[a.Name.Local] = a.Value
	}
	return o
}
