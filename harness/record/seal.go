package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The tag of a field that Seal treats otherwise than the rest.
const (
	sealTag   = "seal"
	describes = "describes" // it describes the run, and nothing is proved by it
	unordered = "unordered" // the order of its elements means nothing
)

// Seal writes the hash of all evidence into the end of the record, so that a later edit shows. What a field tagged as describing holds is left out.
// A record without an end has no seal.
func (r *Record) Seal() {
	if r.End != nil {
		r.End.Seal = r.hash()
	}
}

// IsSealed reports whether the record holds the evidence that it was sealed with.
func (r *Record) IsSealed() bool { return r.End != nil && r.End.Seal == r.hash() }

// hash returns the hash of the evidence in hexadecimal. A member that is empty counts as absent, so that a newer program with more members
// finds the same hash.
func (r *Record) hash() string {
	bare := *r
	if r.End != nil {
		end := *r.End
		end.Seal = ""
		bare.End = &end
	}
	sum := sha256.Sum256(encode(nil, reflect.ValueOf(bare), false))
	return hex.EncodeToString(sum[:])
}

// encode appends a value in a form that no other value has. isUnordered is whether the order of its elements means nothing.
func encode(to []byte, v reflect.Value, isUnordered bool) []byte {
	switch v.Kind() { //nolint:exhaustive // a record has no others, which the test holds
	case reflect.String:
		return strconv.AppendQuote(to, v.String())
	case reflect.Int, reflect.Int64:
		return append(strconv.AppendInt(to, v.Int(), 10), ' ')
	case reflect.Uint64:
		return append(strconv.AppendUint(to, v.Uint(), 10), ' ')
	case reflect.Float64:
		return append(strconv.AppendFloat(to, v.Float(), 'g', -1, 64), ' ')
	case reflect.Bool:
		return append(strconv.AppendBool(to, v.Bool()), ' ')
	case reflect.Pointer:
		return encode(to, v.Elem(), false)
	case reflect.Struct:
		return encodeStruct(to, v)
	case reflect.Slice:
		return encodeAll(to, v.Len(), isUnordered, func(to []byte, i int) []byte { return encode(to, v.Index(i), false) })
	case reflect.Map:
		keys := v.MapKeys()
		return encodeAll(to, len(keys), true, func(to []byte, i int) []byte {
			return encode(encode(to, keys[i], false), v.MapIndex(keys[i]), false)
		})
	}
	return append(to, v.Kind().String()...)
}

// encodeStruct appends the members of a struct that are evidence and not empty.
func encodeStruct(to []byte, v reflect.Value) []byte {
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().AppendFormat(to, time.RFC3339Nano)
	}
	to = append(to, '{')
	for _, m := range membersOf(v.Type()) {
		value := v.Field(m.index)
		if isEmpty := value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0; !isEmpty {
			to = encode(append(append(to, m.name...), ':'), value, m.isUnordered)
		}
	}
	return append(to, '}')
}

// member is a member of a struct that is evidence.
type member struct {
	index       int
	name        string // in JSON
	isUnordered bool
}

// members are those of every type that was asked for: the tags are read once.
var members sync.Map

func membersOf(t reflect.Type) []member {
	if known, ok := members.Load(t); ok {
		return known.([]member) //nolint:forcetypeassert // nothing else is stored
	}
	var found []member
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); field.Tag.Get(sealTag) != describes {
			found = append(found, member{i, name, field.Tag.Get(sealTag) == unordered})
		}
	}
	members.Store(t, found)
	return found
}

// encodeAll appends so many elements.
func encodeAll(to []byte, count int, isUnordered bool, element func(to []byte, i int) []byte) []byte {
	to = append(to, '[')
	if !isUnordered {
		for i := range count {
			to = append(element(to, i), ',')
		}
		return append(to, ']')
	}
	all := make([][]byte, count)
	for i := range all {
		all[i] = element(nil, i)
	}
	slices.SortFunc(all, bytes.Compare)
	for _, one := range all {
		to = append(append(to, one...), ',')
	}
	return append(to, ']')
}
