// Package bridge is how the page calls the WebAssembly modules in its worker: the messages that pass, whichever module
// answers. The methods of each module are an interface in a package below. From those, go generate ./app/protocol makes the
// TypeScript calls and, for modules in Go, the table that finds a method by its name.
package bridge

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// File is a file that comes with a call or with its result, beside the JSON.
type File []byte

// JSON is a result of type T that is encoded already.
type JSON[T any] []byte

// Progress says how far a call is.
type Progress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// Request is one call of a method.
type Request struct {
	Params []byte // JSON
	File   File   // nil: none came
	// Send gives the caller an event before the answer, as JSON. Nil: the caller takes none.
	Send func(event []byte)
}

// Progress sends a Progress.
func (r Request) Progress(done, total int) { Event[Progress](r)(Progress{done, total}) }

// Event returns a function that sends events of type T.
func Event[T any](r Request) func(T) {
	return func(event T) {
		if r.Send == nil {
			return
		}
		text, err := json.Marshal(event)
		if err != nil {
			panic(err) // events are plain structs
		}
		r.Send(text)
	}
}

// Answer is the result of a call: JSON, and a file from methods that make one.
type Answer struct {
	JSON []byte
	File File
}

// Code says what went wrong, for programs: a protocol.Code, client.Code, parcel.FileCode or worker.Code.
type Code string

// Values fill the placeholders of the sentence that a code stands for. They never hold a secret.
type Values struct {
	Name  string `json:"name,omitempty"`
	Count int    `json:"count,omitempty"`
	Limit int    `json:"limit,omitempty"`
}

// Failure is why a call failed. As JSON it is the message of the Error with which the promise of the call is rejected. It
// holds no sentence: the page has one for each code and each finding, in the reader's language.
type Failure struct {
	Code       Code      `json:"code"`
	Values     Values    `json:"values,omitzero"`
	Findings   []Finding `json:"findings,omitempty"`   // what exactly is wrong, the most telling first
	RequestID  string    `json:"request_id,omitempty"` // of a server fault, by which the operator finds the cause
	RetryAfter float64   `json:"retry_after"`          // seconds; 0: the server did not say
}

// ErrInput is wrapped by errors about a call that fits no method.
var ErrInput = errors.New("bad parameters")

// UnknownMethod is the error of a call that names no method.
func UnknownMethod(name string) error { return fmt.Errorf("%w: there is no method %q", ErrInput, name) }

// None is the parameters of a method without parameters.
type None struct{}

// parameters hold maps whose keys are addresses.
var parameters = strictjson.Form{Name: "the parameters", AnyNames: true}

// Decode reads the parameters.
func (r Request) Decode(to any) error {
	if err := parameters.Unmarshal(r.Params, to); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return nil
}

func (j JSON[T]) encoded() []byte { return j }

// Encode makes the answer of what a method has returned; result is nil if it has none.
func Encode(result any, file File, err error) (Answer, error) {
	if err != nil {
		return Answer{}, err
	}
	switch result := result.(type) {
	case nil:
		return Answer{[]byte("{}"), file}, nil
	case interface{ encoded() []byte }:
		return Answer{result.encoded(), file}, nil
	}
	text, err := json.Marshal(result)
	return Answer{text, file}, err
}
