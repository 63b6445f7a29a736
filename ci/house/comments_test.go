package house_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// riddle is a doc comment that says what something is by a clause and not by a noun.
var riddle = regexp.MustCompile(`^(?:(?:An?|The) )?\S+ (?:is|are) (?:what|who|how)\b`)

// comment is a doc comment that breaks a rule of style.
type comment struct{ path, name, text string }

func (c comment) String() string { return fmt.Sprintf("%s: %s: %q", c.path, c.name, c.text) }

// riddles returns the doc comments of a file that begin with "X is what", "X is who" or "X is how".
func (f goFile) riddles() (bad []comment) {
	ast.Inspect(f.tree, func(node ast.Node) bool {
		name, doc := docOf(node)
		if text := firstLine(doc); riddle.MatchString(text) {
			bad = append(bad, comment{f.path, name, text})
		}
		return true
	})
	return bad
}

// verbless returns the functions of a file whose comments do not begin with the name and a verb in the third person.
func (f goFile) verbless() (bad []comment) {
	for _, declaration := range f.tree.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Doc == nil {
			continue
		}
		text := firstLine(function.Doc)
		words := strings.Fields(text)
		if len(words) < 2 || words[0] != function.Name.Name || !strings.HasSuffix(strings.TrimRight(words[1], ",.:;"), "s") || slices.Contains([]string{"is", "as", "its", "this", "was"}, words[1]) {
			bad = append(bad, comment{f.path, function.Name.Name, text})
		}
	}
	return bad
}

// docOf returns the name and the doc comment of a declaration, nil if node is none.
func docOf(node ast.Node) (name string, doc *ast.CommentGroup) {
	switch node := node.(type) {
	case *ast.FuncDecl:
		return node.Name.Name, node.Doc
	case *ast.GenDecl:
		return node.Tok.String(), node.Doc
	case *ast.TypeSpec:
		return node.Name.Name, node.Doc
	case *ast.ValueSpec:
		return node.Names[0].Name, node.Doc
	case *ast.Field:
		if len(node.Names) > 0 {
			return node.Names[0].Name, node.Doc
		}
	}
	return "", nil
}

// firstLine returns the first line of a comment, empty if there is no comment.
func firstLine(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	line, _, _ := strings.Cut(doc.Text(), "\n")
	return line
}

// The ceilings of doc comments that break a rule. They only go down.
const (
	mostRiddles  = 37
	mostVerbless = 9
)

func TestCommentsBeginWithANameAndAVerb(t *testing.T) {
	var riddles, verbless []comment
	for _, f := range goFiles(t) {
		riddles = append(riddles, f.riddles()...)
		if !f.isTest() {
			verbless = append(verbless, f.verbless()...)
		}
	}
	for name, c := range map[string]struct {
		found []comment
		most  int
	}{
		"begin with X is what, who or how":              {riddles, mostRiddles},
		"of functions lack the name or a verb after it": {verbless, mostVerbless},
	} {
		switch {
		case len(c.found) > c.most:
			t.Errorf("%d doc comments %s, and at most %d may: %v", len(c.found), name, c.most, c.found)
		case len(c.found) < c.most:
			t.Logf("%d doc comments %s: lower the ceiling of %d", len(c.found), name, c.most)
		}
	}
}

func TestABadCommentIsFound(t *testing.T) {
	for source, want := range map[string]string{
		"// F returns a.\nfunc F() {}":                      "",
		"// F is what a returns.\nfunc F() {}":              "riddle verbless",
		"// F tells.\n// It is what a is.\nfunc F() {}":     "",
		"// The a.\nfunc F() {}":                            "verbless",
		"// F is a.\nfunc F() {}":                           "verbless",
		"func F() {}":                                       "",
		"// T is how a does.\ntype T struct{}":              "riddle",
		"// T is a b.\ntype T struct{}":                     "",
		"type T struct {\n// A is who asks.\nA int }":       "riddle",
		"// A are what is.\nconst A = 1":                    "riddle",
		"// A is what\u00e9ver.\nconst A = 1":               "riddle",
		"// A is whatever is.\nconst A = 1":                 "",
		"const (\n// A is what is left.\nA = 1\n)":          "riddle",
		"// G is what\n// it is.\ntype (\n// T is.\nT int)": "riddle",
	} {
		f := parseGo(t, "a/b.go", "package a\n"+source)
		found := []string{}
		if len(f.riddles()) > 0 {
			found = append(found, "riddle")
		}
		if len(f.verbless()) > 0 {
			found = append(found, "verbless")
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("%q: found %q, not %q", source, got, want)
		}
	}
}
