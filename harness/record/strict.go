package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decode reads one document of JSON. It refuses what two readers could understand differently: a member that is there
// twice, one that this program does not know, and whatever follows the document.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows its end")
	}
	return unambiguous(data)
}

// object is one that is being read: its members so far, and whether the next token is the name of one.
type object struct {
	members map[string]bool // nil of a list
	name    bool
}

// unambiguous finds a member that an object has twice. Names that differ in their case alone are the same to
// encoding/json. data is one document that was decoded before.
func unambiguous(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var open []object
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if last := len(open) - 1; last >= 0 && open[last].name && token != json.Delim('}') {
			name := strings.ToLower(strings.ToUpper(fmt.Sprint(token)))
			if open[last].members[name] {
				return fmt.Errorf("the member %q is there twice", token)
			}
			open[last].members[name], open[last].name = true, false
			continue
		}
		open = follow(open, token)
	}
}

// follow enters and leaves objects and lists.
func follow(open []object, token json.Token) []object {
	switch token {
	case json.Delim('{'):
		return append(open, object{members: map[string]bool{}, name: true})
	case json.Delim('['):
		return append(open, object{})
	case json.Delim('}'), json.Delim(']'):
		open = open[:len(open)-1]
	}
	if len(open) > 0 && open[len(open)-1].members != nil {
		open[len(open)-1].name = true
	}
	return open
}
