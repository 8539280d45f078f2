package client

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// Bounds of an event stream. A server has no reason to exceed them: its events are shorter than two hundred bytes.
const (
	maxEventLine  = 4 << 10
	maxEventData  = 4 << 10
	maxStreamSize = 64 << 10
)

var errStreamTooLarge = errors.New("the event stream exceeds its bounds")

// eventStream parses server-sent events (WHATWG HTML §9.2.6) as they arrive. A lone carriage return does not end a line.
type eventStream struct {
	event func(name string, data []byte) error // its error ends the stream
	alive func()                               // called for each line

	retry time.Duration // that the server asked for last, at most maxRetry
	size  int
	line  []byte // incomplete
	name  string
	data  []byte
}

const maxRetry = time.Minute

// read parses the next part of the stream.
func (s *eventStream) read(part []byte) error {
	if s.size += len(part); s.size > maxStreamSize {
		return errStreamTooLarge
	}
	for {
		line, rest, complete := bytes.Cut(part, []byte("\n"))
		if len(s.line)+len(line) > maxEventLine {
			return errStreamTooLarge
		}
		s.line = append(s.line, line...)
		if !complete {
			return nil
		}
		s.alive()
		err := s.readLine(bytes.TrimSuffix(s.line, []byte("\r")))
		s.line = s.line[:0]
		if err != nil {
			return err
		}
		part = rest
	}
}

func (s *eventStream) readLine(line []byte) error {
	if len(line) == 0 {
		return s.dispatch()
	}
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		s.name = string(value)
	case "data":
		if len(s.data)+len(value) > maxEventData {
			return errStreamTooLarge
		}
		s.data = append(append(s.data, value...), '\n')
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			s.retry = min(time.Duration(ms)*time.Millisecond, maxRetry)
		}
	}
	return nil
}

// dispatch ends an event. Events without data are ignored.
func (s *eventStream) dispatch() error {
	name, data := s.name, bytes.TrimSuffix(s.data, []byte("\n"))
	s.name, s.data = "", nil
	if len(data) == 0 {
		return nil
	}
	return s.event(name, data)
}
