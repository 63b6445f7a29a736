// Package script reads shell text without running it: which programs it calls, and whether it starts services in a loop.
package script

import (
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Programs returns the programs that a command line calls, each once, in the order of the text. Builtins and functions of the text
// are no programs. A program whose name is a variable is left out.
func Programs(text string) ([]string, error) {
	file, err := parse(text)
	if err != nil {
		return nil, err
	}
	var programs []string
	functions := functionsOf(file)
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		name := programOf(call)
		_, defined := functions[name]
		if name != "" && !defined && !slices.Contains(builtins, name) && !slices.Contains(programs, name) {
			programs = append(programs, name)
		}
		return true
	})
	return programs, nil
}

// Watchdog is a command in a loop of a script that starts services.
type Watchdog struct {
	Line int
	Text string // the command, on one line
	Why  string
}

// String describes the watchdog on one line.
func (w Watchdog) String() string { return fmt.Sprintf("line %d: %s (%s)", w.Line, w.Text, w.Why) }

// Watchdogs returns the commands with which loops of a script start services: `zinit start`, `zinit restart`, or one of the given
// programs. A loop that waits for zinit or restarts zinit itself is no watchdog (suites/contract/hero_zero.md#image).
func Watchdogs(text string, programs ...string) ([]Watchdog, error) {
	file, err := parse(text)
	if err != nil {
		return nil, err
	}
	r := &reader{functions: functionsOf(file), programs: programs, read: map[string]bool{}}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.WhileClause, *syntax.ForClause:
			r.readLoop(node)
			return false // its body is read
		case *syntax.CallExpr:
			if words := literals(node); len(words) > 0 && path.Base(words[0]) == "xargs" {
				r.check(node, words[1:])
			}
		}
		return true
	})
	return r.found, nil
}

// reader collects the watchdogs of a script.
type reader struct {
	functions map[string]*syntax.FuncDecl
	programs  []string
	read      map[string]bool // functions that a loop calls; each is read once
	found     []Watchdog
}

// readLoop reads the body of a loop and of the functions that it calls.
func (r *reader) readLoop(body syntax.Node) {
	syntax.Walk(body, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		words := literals(call)
		if len(words) == 0 {
			return true
		}
		if function, defined := r.functions[words[0]]; defined && !r.read[words[0]] {
			r.read[words[0]] = true
			r.readLoop(function.Body)
		}
		r.check(call, words)
		return true
	})
}

// check adds a command of a loop if it starts a service.
func (r *reader) check(call *syntax.CallExpr, words []string) {
	words = stripWrappers(words)
	if len(words) == 0 {
		return
	}
	name := path.Base(words[0])
	var why string
	switch {
	case strings.Contains(strings.ToLower(name), "zinit") && slices.ContainsFunc(words[1:], isStart):
		why = "a loop has zinit start services"
	case slices.Contains(r.programs, name):
		why = "a loop starts a service itself"
	case slices.ContainsFunc(words, isRequest):
		why = "a loop has zinit start services, by its RPC"
	default:
		return
	}
	finding := Watchdog{Line: int(call.Pos().Line()), Text: oneLine(call), Why: why} //nolint:gosec // no script has so many lines
	if !slices.Contains(r.found, finding) {
		r.found = append(r.found, finding)
	}
}

// isStart reports whether a word of zinit's command line starts a service.
func isStart(word string) bool { return word == "start" || word == "restart" }

// isRequest reports whether a word is a request to zinit's RPC to start a service.
func isRequest(word string) bool {
	return strings.Contains(word, "service.start") || strings.Contains(word, "service.restart")
}

// stripWrappers removes the words before the command itself: exec, nohup, timeout 5 and the like.
func stripWrappers(words []string) []string {
	wrappers := []string{"exec", "command", "nohup", "setsid", "timeout", "env", "sudo", "nice", "eval", "time"}
	for len(words) > 1 && (slices.Contains(wrappers, path.Base(words[0])) || strings.HasPrefix(words[0], "-") || isNumber(words[0]) || isAssignment(words[0])) {
		words = words[1:]
	}
	return words
}

func isNumber(word string) bool     { return regexp.MustCompile(`^[0-9.]+[smhd]?$`).MatchString(word) }
func isAssignment(word string) bool { return regexp.MustCompile(`^\w+=`).MatchString(word) }

// programOf returns the program that a command calls, "" if its name is computed.
func programOf(call *syntax.CallExpr) string {
	var words []string
	for _, word := range call.Args {
		words = append(words, word.Lit()+unquote(word))
	}
	for _, word := range stripWrappers(words) {
		return word
	}
	return ""
}

// unquote returns the text of a word that is one quoted text, else "".
func unquote(word *syntax.Word) string {
	if len(word.Parts) != 1 {
		return ""
	}
	switch part := word.Parts[0].(type) {
	case *syntax.SglQuoted:
		return part.Value
	case *syntax.DblQuoted:
		return (&syntax.Word{Parts: part.Parts}).Lit()
	}
	return ""
}

// literals returns a command's words without quotes. A variable is its name.
func literals(call *syntax.CallExpr) []string {
	words := make([]string, len(call.Args))
	for i, word := range call.Args {
		syntax.Walk(word, func(node syntax.Node) bool {
			switch node := node.(type) {
			case *syntax.Lit:
				words[i] += node.Value
			case *syntax.SglQuoted:
				words[i] += node.Value
			}
			return true
		})
	}
	return words
}

func functionsOf(file *syntax.File) map[string]*syntax.FuncDecl {
	functions := map[string]*syntax.FuncDecl{}
	syntax.Walk(file, func(node syntax.Node) bool {
		if function, ok := node.(*syntax.FuncDecl); ok && function.Name != nil {
			functions[function.Name.Value] = function
		}
		return true
	})
	return functions
}

// statementLimit bounds one statement, in bytes. The parser calls itself for whatever a statement nests, and a stack that overflows
// ends the program: some hundred KiB of opening brackets do.
const statementLimit = 32 << 10

// Parse parses shell text that somebody else may have prepared. It refuses a statement that is longer than 32 KiB.
func Parse(text string, variant syntax.LangVariant) (*syntax.File, error) {
	source := &statementReader{source: strings.NewReader(text), left: statementLimit}
	file := new(syntax.File)
	var failure error
	for statement, err := range syntax.NewParser(syntax.Variant(variant)).StmtsSeq(source) {
		if err != nil {
			failure = err // the loop is not left: the library goes on with the error once more, which panics then
			continue
		}
		file.Stmts = append(file.Stmts, statement)
		source.left = statementLimit
	}
	if failure != nil {
		return nil, failure
	}
	return file, nil
}

func parse(text string) (*syntax.File, error) {
	file, err := Parse(text, syntax.LangBash)
	if err != nil {
		return nil, fmt.Errorf("parse the shell script: %w", err)
	}
	return file, nil
}

// statementReader fails when a statement has taken too many bytes.
type statementReader struct {
	source io.Reader
	left   int // bytes
}

// Read reads at most what is left for the statement.
func (r *statementReader) Read(into []byte) (int, error) {
	if r.left == 0 {
		return 0, fmt.Errorf("a statement is longer than %d bytes", statementLimit)
	}
	n, err := r.source.Read(into[:min(len(into), r.left)])
	r.left -= n
	return n, err
}

func oneLine(node syntax.Node) string {
	var text strings.Builder
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&text, node); err != nil {
		return "a command that cannot be printed"
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// builtins are the commands of a POSIX shell that need no program.
var builtins = []string{
	".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false", "fg",
	"getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "source", "test",
	"times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
}
