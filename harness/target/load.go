package target

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/yamlfile"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

const (
	suffix      = ".yaml"
	largestFile = 1 << 16 // bytes: the YAML library takes quadratic time on nonsense
)

// Find loads NAME.yaml from the first of the folders that has it. A name with a slash, or that ends in .yaml, is the path of a file.
func Find(name string, dirs ...string) (*Target, error) {
	if strings.ContainsRune(name, filepath.Separator) || strings.HasSuffix(name, suffix) {
		return Load(name)
	}
	var names []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		if err != nil {
			return nil, fmt.Errorf("look for targets in %s: %w", dir, err)
		}
		for _, file := range files {
			found := strings.TrimSuffix(filepath.Base(file), suffix)
			if found == name {
				return Load(file)
			}
			names = append(names, found)
		}
	}
	return nil, fmt.Errorf("there is no target %q in %s%s", name, strings.Join(dirs, ", "), spelling.DidYouMean(name, names))
}

// Load reads a target file and checks all of it. An error is one line that begins with file:line:column if that is known.
func Load(path string) (*Target, error) {
	data, err := regular.Read(path, largestFile)
	if err != nil {
		return nil, fmt.Errorf("read the target: %w", err)
	}
	return parse(path, data)
}

func parse(path string, data []byte) (*Target, error) {
	read := new(Target)
	file, err := yamlfile.Parse(path, data, read, keys(reflect.TypeFor[Target]()), checkNumbers)
	if err != nil {
		return nil, err
	}
	if found := read.check(); found != nil {
		return nil, fmt.Errorf("%s%s: %s", path, yamlfile.Position(file, found.at), yamlfile.OneLine(found.text))
	}
	read.setDefaults()
	read.sum = fmt.Sprintf("%x", sha256.Sum256(data))
	return read, nil
}

// checkNumbers finds the first invalid duration, whose place the YAML library does not return, and the first fraction in place of a
// whole number, which it would round.
func checkNumbers(file *ast.File) (at string, err error) {
	indices := regexp.MustCompile(`\[\d+\]`)
	durations := pathsOf(reflect.TypeFor[zinit.Milliseconds](), "$", reflect.TypeFor[Target]())
	integers := pathsOf(reflect.TypeFor[int](), "$", reflect.TypeFor[Target]())
	for _, value := range ast.Filter(ast.MappingValueType, file.Docs[0].Body) {
		member, ok := value.(*ast.MappingValueNode)
		if !ok {
			continue
		}
		path := indices.ReplaceAllString(member.Value.GetPath(), "[]")
		token := member.Value.GetToken()
		at := fmt.Sprintf(":%d:%d", token.Position.Line, token.Position.Column)
		if _, fraction := member.Value.(*ast.FloatNode); fraction && slices.Contains(integers, path) {
			return at, fmt.Errorf("%s is not a whole number", yamlfile.OneLine(token.Value))
		}
		if !slices.Contains(durations, path) {
			continue
		}
		var read zinit.Milliseconds
		if err := yaml.NodeToValue(member.Value, &read); err != nil {
			return at, errors.New(yamlfile.OneLine(err.Error()))
		}
	}
	return "", nil
}

// pathsOf returns the paths below at of all values of a type, with [] in place of an index.
func pathsOf(wanted reflect.Type, at string, of reflect.Type) []string {
	switch {
	case of == wanted:
		return []string{at}
	case of.Kind() == reflect.Pointer:
		return pathsOf(wanted, at, of.Elem())
	case of.Kind() == reflect.Slice:
		return pathsOf(wanted, at+"[]", of.Elem())
	case of.Kind() == reflect.Struct:
		var found []string
		for i := range of.NumField() {
			if !of.Field(i).IsExported() {
				continue
			}
			found = append(found, pathsOf(wanted, at+"."+of.Field(i).Tag.Get("yaml"), of.Field(i).Type)...)
		}
		return found
	}
	return nil
}

// keys returns every key that a target file may hold, at any depth.
func keys(of reflect.Type) []string {
	var found []string
	switch of.Kind() { //nolint:exhaustive // nothing else holds keys
	case reflect.Pointer, reflect.Slice:
		return keys(of.Elem())
	case reflect.Struct:
		for i := range of.NumField() {
			field := of.Field(i)
			if !field.IsExported() {
				continue
			}
			found = append(found, field.Tag.Get("yaml"))
			found = append(found, keys(field.Type)...)
		}
	}
	return found
}
