package yamlfile

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The limits of a file. The YAML library takes time and memory that grow with the square of the depth and of the number of nodes.
const (
	depthLimit  = 16
	indentLimit = 80
	nodeLimit   = 5000
)

// byteOrderMark begins a file of UTF-8 that some editors wrote.
const byteOrderMark = "\uFEFF"

// Check looks for what is wrong with a parsed file. at is the place, ":line:column".
type Check func(file *ast.File) (at string, err error)

// Parse reads a file that holds exactly one YAML document. It refuses one that is too deep or has too many nodes before the YAML
// library sees it, and one with aliases. keys are all members that the file may have. The error is one line.
func Parse(path string, data []byte, into any, keys []string, checks ...Check) (file *ast.File, err error) {
	defer func() { // the YAML library can panic at invalid input
		if panicked := recover(); panicked != nil {
			file, err = nil, fmt.Errorf("%s: invalid YAML: %s", path, OneLine(fmt.Sprint(panicked)))
		}
	}()
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if err := checkSize(data); err != nil {
		return nil, fmt.Errorf("%s%w", path, err)
	}
	if file, err = parser.ParseBytes(data, 0); err != nil {
		return nil, Located(path, err, keys)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s: it must hold exactly one YAML document", path)
	}
	for _, check := range append([]Check{refuseAliases}, checks...) {
		if at, err := check(file); err != nil {
			return nil, fmt.Errorf("%s%s: %w", path, at, err)
		}
	}
	if err := yaml.UnmarshalWithOptions(data, into, yaml.Strict()); err != nil {
		return nil, Located(path, err, keys)
	}
	return file, nil
}

// checkSize refuses a file by what stands in its lines, without parsing it. It takes quoted text and comments for YAML: no file
// that people write comes near the limits.
func checkSize(data []byte) error {
	nodes, open := 0, 0
	number := 0
	for line := range bytes.Lines(data) {
		number++
		indent, depth := measureIndent(line)
		for _, letter := range line {
			switch letter {
			case '[', '{':
				nodes, open = nodes+1, open+1
			case ']', '}':
				open = max(0, open-1)
			case ',', ':', '-', '?', '!', '&':
				nodes++
			}
			if depth+open > depthLimit || indent > indentLimit || nodes > nodeLimit {
				return fmt.Errorf(":%d: too deep, or with too many members: at most %d levels, %d columns of indentation and %d members",
					number, depthLimit, indentLimit, nodeLimit)
			}
		}
	}
	return nil
}

// measureIndent returns the column in which a line's text begins, and how many lists and mappings the line itself opens before.
func measureIndent(line []byte) (column, depth int) {
	for ; column < len(line); column++ {
		switch letter := line[column]; {
		case letter == ' ' || letter == '\t':
		case (letter == '-' || letter == '?') && column+1 < len(line) && bytes.IndexByte([]byte(" \t\r\n"), line[column+1]) >= 0:
			depth++
		default:
			return column, depth
		}
	}
	return column, depth
}

// refuseAliases refuses aliases: a few of them can stand for a file of any size.
func refuseAliases(file *ast.File) (at string, err error) {
	if found := ast.Filter(ast.AliasType, file.Docs[0].Body); len(found) > 0 {
		position := found[0].GetToken().Position
		return fmt.Sprintf(":%d:%d", position.Line, position.Column), errors.New("an alias: write out what it stands for")
	}
	return "", nil
}
