package record

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/redact"
)

// shortestSecret is the length from which on a secret can be told from ordinary text: to replace
// every "x" would tear the names in a record apart.
const shortestSecret = 6

// Redactor replaces the values of secrets, wherever they stand and in any form, by their names. The zero value knows no secret.
type Redactor struct{ redact.Redactor }

// NewRedactor returns a redactor for the secrets, whose values are given by name. An unset (empty)
// one is left out; one of fewer than 6 bytes is an error that names it and not its value.
func NewRedactor(secrets map[string]string) (Redactor, error) {
	values := map[string]string{}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(secrets))) {
		value := secrets[name]
		if value == "" {
			continue
		}
		if len(value) < shortestSecret {
			return Redactor{}, fmt.Errorf("the secret %s has %d bytes, too few to keep it out of the record: set its real value, or unset it", name, len(value))
		}
		values[value] = "[" + name + "]"
	}
	return Redactor{redact.New(values)}, nil
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
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if value := v.MapIndex(key); value.Kind() == reflect.String {
				v.SetMapIndex(key, reflect.ValueOf(r.Text(value.String())).Convert(value.Type()))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			r.value(v.Index(i))
		}
	}
}
