// Package yamlfile reads YAML files that somebody else may have prepared, and says where in one something is wrong, in one line.
package yamlfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
)

// Located returns an error with the place in the file, what the YAML library says, and the key that may have been meant. It leaves out the
// lines around the place, which the library would add and which may hold anything.
func Located(path string, err error, keys []string) error {
	var known yaml.Error
	if !errors.As(err, &known) {
		return fmt.Errorf("%s: %s", path, OneLine(err.Error()))
	}
	place, meant := "", ""
	if token := known.GetToken(); token != nil {
		place = fmt.Sprintf(":%d:%d", token.Position.Line, token.Position.Column)
		var unknown *yaml.UnknownFieldError
		if errors.As(err, &unknown) {
			meant = Meant(token.Value, keys)
		}
	}
	return fmt.Errorf("%s%s: %s%s", path, place, OneLine(known.GetMessage()), meant)
}

// Meant returns `: did you mean "NAME"?`, or "" if none of the names is near.
func Meant(name string, names []string) string {
	if near := spelling.Nearest(name, names); near != "" {
		return fmt.Sprintf(": did you mean %q?", near)
	}
	return ""
}

// Position returns ":line:column" of what a YAML path names or, if the file leaves that out, of the nearest thing that would hold it. It is
// empty if nothing would.
func Position(file *ast.File, at string) string {
	for ; at != "$" && at != ""; at = at[:max(0, strings.LastIndexAny(at, ".["))] {
		path, err := yaml.PathString(at)
		if err != nil {
			continue
		}
		if node, err := path.FilterFile(file); err == nil && node != nil {
			start := node.GetToken()
			if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
				start = mapping.Values[0].Key.GetToken()
			}
			return fmt.Sprintf(":%d:%d", start.Position.Line, start.Position.Column)
		}
	}
	return ""
}

// OneLine returns a text of the YAML library without its line breaks.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
