package house_test

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
)

// durationEnding matches the end of a duration's name.
var durationEnding = regexp.MustCompile(`(?i)(timeout|interval|delay|period|limit)s?$`)

// measured are the names of durations that were measured or summed up, and of the bounds of a window.
var measured = []string{
	"Took", "took", "Lasted", "lasted", "lo", "hi", "Min", "Median", "Max", "OldMedian", "NewMedian", "median", "Work", "work", "Bound", "Longest", "longest", "Pressure",
	"Earliest", "Latest", "Shift", "HostMedian", "host",
}

// badDurations returns the durations of a file whose names do not say that they are one: constants and variables of the
// package, and fields of its structs.
func (f goFile) badDurations() (bad []string) {
	add := func(owner string, names []*ast.Ident) {
		for _, name := range names {
			if name.Name != "_" && (owner == "" || !slices.Contains(measured, name.Name)) && !durationEnding.MatchString(name.Name) {
				bad = append(bad, filepath.Dir(f.path)+" "+owner+name.Name)
			}
		}
	}
	for _, declaration := range f.tree.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for i, name := range spec.Names {
					if isDurationType(spec.Type) || (spec.Type == nil && i < len(spec.Values) && isDurationValue(spec.Values[i])) {
						add("", []*ast.Ident{name})
					}
				}
			case *ast.TypeSpec:
				ast.Inspect(spec.Type, func(node ast.Node) bool {
					if structure, ok := node.(*ast.StructType); ok {
						for _, field := range structure.Fields.List {
							if isDurationType(field.Type) {
								add(spec.Name.Name+".", field.Names)
							}
						}
					}
					return true
				})
			}
		}
	}
	return bad
}

// isDurationType reports whether an expression is the type time.Duration.
func isDurationType(expression ast.Expr) bool {
	selector, ok := expression.(*ast.SelectorExpr)
	return ok && isOf(selector, "time") && selector.Sel.Name == "Duration"
}

// isDurationValue reports whether an expression is a number of time units, such as 5 * time.Second.
func isDurationValue(expression ast.Expr) bool {
	switch expression := expression.(type) {
	case *ast.ParenExpr:
		return isDurationValue(expression.X)
	case *ast.BinaryExpr:
		left, right := isDurationValue(expression.X), isDurationValue(expression.Y)
		isRatio := left && right && expression.Op == token.QUO
		return (left || right) && !isRatio
	case *ast.CallExpr:
		return isDurationType(expression.Fun)
	case *ast.SelectorExpr:
		units := []string{"Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"}
		return isOf(expression, "time") && slices.Contains(units, expression.Sel.Name)
	}
	return false
}

// isOf reports whether a selector is of the named package.
func isOf(selector *ast.SelectorExpr, name string) bool {
	owner, ok := selector.X.(*ast.Ident)
	return ok && owner.Name == name
}

// TestDurationsAreNamed compares the durations without such a name with those that are known. Names leave the list;
// none enters it.
func TestDurationsAreNamed(t *testing.T) {
	var bad []string
	for _, f := range goFiles(t) {
		if !f.isTest() {
			bad = append(bad, f.badDurations()...)
		}
	}
	slices.Sort(bad)
	golden.Check(t, "../ci/house/testdata/durations.txt", strings.Join(bad, "\n")+"\n")
}

func TestABadDurationIsFound(t *testing.T) {
	for source, want := range map[string]string{
		"const replyTimeout = 5 * time.Second":               "",
		"const patience = 5 * time.Second":                   "a patience",
		"var patience = time.Second + 2*time.Minute":         "a patience",
		"var patience time.Duration":                         "a patience",
		"const patience = time.Duration(5)":                  "a patience",
		"const ratio = time.Second / time.Millisecond":       "",
		"const count = 5":                                    "",
		"type T struct { Reply time.Duration }":              "a T.Reply",
		"type T struct { ReplyLimit time.Duration }":         "",
		"type T struct { A struct { Reply time.Duration } }": "a T.Reply",
		"type T struct { Took time.Duration }":               "",
		"const took = time.Second":                           "a took",
		"func f() { patience := time.Second; _ = patience }": "",
	} {
		found := parseGo(t, "a/b.go", "package a\n"+source).badDurations()
		if strings.Join(found, ",") != want {
			t.Errorf("%s: found %q, not %q", source, found, want)
		}
	}
}
