package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
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

// object is one that is being read: its members so far, and whether the next string is the name of one.
type object struct {
	members map[string]bool // nil of a list
	name    bool
}

// unambiguous finds a member that an object has twice, or whose name no program of ours writes. Names that differ in their case alone are the
// same to encoding/json, and not to others. data is one document that was decoded before, so that its form is known to be right.
func unambiguous(data []byte) error {
	var open []object
	for i := 0; i < len(data); i++ {
		switch last := len(open) - 1; data[i] {
		case '{':
			open = append(open, object{members: map[string]bool{}, name: true})
		case '[':
			open = append(open, object{})
		case '}', ']':
			open = open[:last]
		case ',':
			open[last].name = open[last].members != nil
		case '"':
			end := i + 1
			for ; data[end] != '"'; end++ {
				if data[end] == '\\' {
					end++
				}
			}
			if last >= 0 && open[last].name {
				if err := open[last].add(data[i : end+1]); err != nil {
					return err
				}
			}
			i = end
		}
	}
	return nil
}

// add notes a member by its quoted name. The error says that it is there twice.
func (o *object) add(quoted []byte) error {
	text := string(quoted[1 : len(quoted)-1])
	if strings.ContainsRune(text, '\\') {
		if err := json.Unmarshal(quoted, &text); err != nil {
			return err
		}
	}
	name := strings.ToLower(strings.ToUpper(text))
	if o.members[name] {
		return fmt.Errorf("the member %q is there twice", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsUpper(r) }) {
		return fmt.Errorf("unknown member %q: names are in lower case", text)
	}
	o.members[name], o.name = true, false
	return nil
}
