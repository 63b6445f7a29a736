package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// goFile is a parsed Go file of the project.
type goFile struct {
	path string // from the root
	tree *ast.File
}

// goFiles parses the Go files of the project.
func goFiles(t *testing.T) (all []goFile) {
	t.Helper()
	ownFiles(t, func(path string) bool { return filepath.Ext(path) == ".go" }, func(path string, content []byte) {
		all = append(all, parseGo(t, path, string(content)))
	})
	if len(all) < 200 {
		t.Fatalf("found only %d Go files", len(all))
	}
	return all
}

func parseGo(t *testing.T, path, source string) goFile {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return goFile{path, tree}
}

// isTest reports whether the file is a test.
func (f goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }
