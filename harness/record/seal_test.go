package record_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// fill gives every value that can be reached a content, and lists two elements.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() { //nolint:exhaustive // a record has no others
	case reflect.String:
		v.SetString("a")
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0))
		fill(t, v.Index(1))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"a": "b"}))
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(aRun().Started))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a record holds a %s, which its seal does not know", v.Type())
	}
}

// leaves calls visit with the path of every value that can be reached, and with a function that changes it and one that changes it back.
func leaves(v reflect.Value, path string, visit func(path string, change, restore func())) {
	change := func(to any) {
		old := reflect.ValueOf(v.Interface())
		visit(strings.TrimPrefix(path, "."), func() { v.Set(reflect.ValueOf(to).Convert(v.Type())) }, func() { v.Set(old) })
	}
	switch v.Kind() { //nolint:exhaustive // a record has no others
	case reflect.String:
		change("b")
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		change(8)
	case reflect.Bool:
		change(false)
	case reflect.Map:
		change(map[string]string{"a": "c"})
	case reflect.Pointer:
		leaves(v.Elem(), path, visit)
	case reflect.Slice:
		leaves(v.Index(0), path+"[]", visit)
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			change(at.Add(1))
			return
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			leaves(v.Field(i), path+"."+name, visit)
		}
	}
}

// TestASealCoversAllEvidence changes every value of a record. Those whose change the seal does not show are listed in describes.txt.
func TestASealCoversAllEvidence(t *testing.T) {
	r := new(record.Record)
	fill(t, reflect.ValueOf(r).Elem())
	r.Seal()
	if !r.IsSealed() {
		t.Fatal("a record that was just sealed is not sealed")
	}
	describing := map[string]bool{}
	leaves(reflect.ValueOf(r).Elem(), "", func(path string, change, restore func()) {
		change()
		if r.IsSealed() {
			describing[path] = true
		}
		restore()
		if !r.IsSealed() {
			t.Fatalf("%s changes the seal although it was restored", path)
		}
	})
	golden.Check(t, "describes.txt", strings.Join(slices.Sorted(maps.Keys(describing)), "\n")+"\n")
}

// TestASealIsOfWhatThereIs: order, time zones and empty lists mean nothing, and every element counts.
func TestASealIsOfWhatThereIs(t *testing.T) {
	two := func() *record.Record {
		return &record.Record{
			Schema: record.Schema, Run: aRun(), Results: []record.Result{aResult("user.a"), aResult("user.b")},
			Recoveries: []record.Recovery{aRecovery()}, End: &record.End{Finished: aRun().Started},
		}
	}
	sealed := two()
	sealed.Seal()
	for name, c := range map[string]struct {
		change func(*record.Record)
		same   bool
	}{
		"nothing":           {func(*record.Record) {}, true},
		"another order":     {func(r *record.Record) { slices.Reverse(r.Results) }, true},
		"another time zone": {func(r *record.Record) { r.End.Finished = r.End.Finished.In(time.FixedZone("x", 3600)) }, true},
		"an empty list":     {func(r *record.Record) { r.Evidence, r.Planned = []record.Evidence{}, []record.Key{} }, true},
		"a removed result":  {func(r *record.Record) { r.Results = r.Results[:1] }, false},
		"a doubled result":  {func(r *record.Record) { r.Results = append(r.Results, r.Results[0]) }, false},
		"two that swap a member": {func(r *record.Record) {
			r.Results[0].Attempts, r.Results[0].Duration = 2, r.Results[0].Duration-1
		}, false},
		"a member that moved": {func(r *record.Record) {
			r.Recoveries[0].Noticed, r.Recoveries[0].Exited = r.Recoveries[0].Exited, nil
		}, false},
		"another order of recoveries of a result": {func(r *record.Record) { r.Results[0].Recoveries = []string{"2", "1"} }, false},
	} {
		other := two()
		c.change(other)
		other.End.Seal = sealed.End.Seal
		if other.IsSealed() != c.same {
			t.Errorf("%s: the seal is whole: %v", name, !c.same)
		}
	}
	open := &record.Record{}
	if open.Seal(); open.IsSealed() {
		t.Error("a record without an end is sealed")
	}
}
