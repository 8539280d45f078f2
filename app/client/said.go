package client

import "encoding/json"

// said is a value of a list that users see, as the server sent it. A value of another shape becomes the zero value: one bad row
// must not hide the list.
type said[T any] struct{ value T }

// UnmarshalJSON implements json.Unmarshaler.
func (s *said[T]) UnmarshalJSON(value []byte) error {
	var v T
	if err := json.Unmarshal(value, &v); err != nil {
		var zero T
		v = zero
	}
	s.value = v
	return nil
}
