package record

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// shortestSecret is the length from which on a secret can be told from ordinary text: to replace
// every "x" would tear the names in a record apart.
const shortestSecret = 6

// Redactor replaces the values of secrets, wherever they stand, by their names. The zero value knows
// no secret.
type Redactor struct{ replacer *strings.Replacer }

// NewRedactor returns a redactor for the secrets, whose values are given by name. An unset (empty)
// one is left out; one of fewer than 6 bytes is an error that names it and not its value.
func NewRedactor(secrets map[string]string) (Redactor, error) {
	// The longest first: of two secrets that begin alike the longer one has to go as a whole.
	names := slices.SortedFunc(maps.Keys(secrets), func(one, other string) int {
		return cmp.Or(cmp.Compare(len(secrets[other]), len(secrets[one])), cmp.Compare(one, other))
	})
	var pairs []string
	for _, name := range names {
		value := secrets[name]
		if value == "" {
			continue
		}
		if len(value) < shortestSecret {
			return Redactor{}, fmt.Errorf("the secret %s has %d bytes, too few to keep it out of the record: set its real value, or unset it", name, len(value))
		}
		pairs = append(pairs, value, "["+name+"]")
	}
	return Redactor{replacer: strings.NewReplacer(pairs...)}, nil
}

// Text returns text without the values of the secrets.
func (r Redactor) Text(text string) string {
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// value redacts every string that can be reached from v, which is settable.
func (r Redactor) value(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // nothing else holds text
	case reflect.String:
		v.SetString(r.Text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			r.value(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				r.value(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	}
}
