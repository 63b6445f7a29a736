package house_test

import (
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/cli"
)

// TestMain runs the tests in the root of the module, whose documents, imports and files they are about.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// document is a Markdown file of the project.
type document struct {
	path   string // from the root
	source []byte
	tree   ast.Node
}

func parseDocument(path string, source []byte) document {
	return document{path, source, goldmark.DefaultParser().Parse(text.NewReader(source))}
}

// ownFiles reads the files of the project that are wanted by their path from the root, without what .gitignore leaves out.
func ownFiles(t *testing.T, wanted func(path string) bool, read func(path string, content []byte)) {
	t.Helper()
	left := []string{".git", "bin", "data", "dist", filepath.Join("reports", "out")}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(left, path):
			return fs.SkipDir
		case entry.IsDir() || !wanted(path):
			return nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // our own files
		read(path, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// documents are the Markdown files of the project.
func documents(t *testing.T) (all []document) {
	t.Helper()
	ownFiles(t, func(path string) bool { return filepath.Ext(path) == ".md" }, func(path string, content []byte) {
		all = append(all, parseDocument(path, content))
	})
	if len(all) < 8 {
		t.Fatalf("only %d documents were found", len(all))
	}
	return all
}

// each calls visit for every node of a document.
func (d document) each(visit func(ast.Node)) {
	_ = ast.Walk(d.tree, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			visit(node)
		}
		return ast.WalkContinue, nil
	})
}

// words is the text of a heading or a code span.
func (d document) words(node ast.Node) string {
	var all strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if leaf, ok := child.(*ast.Text); ok {
			_, _ = all.Write(leaf.Value(d.source))
		} else {
			_, _ = all.WriteString(d.words(child))
		}
	}
	return all.String()
}

// anchors returns what a link can lead to inside a document: its own anchors, and its headings as Forgejo and GitHub call
// them. The second of two headings that are alike ends with -1.
func (d document) anchors() (all []string) {
	for _, found := range anchor.FindAllSubmatch(d.source, -1) {
		all = append(all, string(found[1]))
	}
	seen := map[string]int{}
	d.each(func(node ast.Node) {
		if node.Kind() != ast.KindHeading {
			return
		}
		heading := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, d.words(node))
		if seen[heading]++; seen[heading] > 1 {
			heading = fmt.Sprintf("%s-%d", heading, seen[heading]-1)
		}
		all = append(all, heading)
	})
	return all
}

// brokenLinks says of each link and picture inside the project what it leads to that is not there.
func (d document) brokenLinks() (broken []string) {
	d.each(func(node ast.Node) {
		var destination []byte
		switch node := node.(type) {
		case *ast.Link:
			destination = node.Destination
		case *ast.Image:
			destination = node.Destination
		default:
			return
		}
		if trouble := d.follow(string(destination)); trouble != "" {
			broken = append(broken, fmt.Sprintf("%s links to %s: %s", d.path, destination, trouble))
		}
	})
	return broken
}

// follow says why a link cannot be followed, empty where it can or leads out of the project.
func (d document) follow(destination string) (trouble string) {
	link, err := url.Parse(destination)
	if err != nil {
		return err.Error()
	}
	if link.Scheme != "" {
		return ""
	}
	goal := d
	if link.Path != "" {
		path := filepath.Join(filepath.Dir(d.path), filepath.FromSlash(link.Path))
		if _, err := os.Stat(path); err != nil || !filepath.IsLocal(path) {
			return "there is no such file"
		}
		if link.Fragment == "" {
			return ""
		}
		source, err := os.ReadFile(path) //nolint:gosec // our own documents
		if err != nil {
			return err.Error()
		}
		goal = parseDocument(path, source)
	}
	if anchors := goal.anchors(); !slices.Contains(anchors, link.Fragment) {
		return fmt.Sprintf("%s has only %s", goal.path, strings.Join(anchors, ", "))
	}
	return ""
}

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, d := range documents(t) {
		for _, one := range d.brokenLinks() {
			t.Error(one)
		}
	}
}

// block is a fenced block of a document. Its first line says what is in it: a language, and for an excerpt the file.
type block struct{ language, file, content string }

func (d document) blocks() (all []block) {
	d.each(func(node ast.Node) {
		if node.Kind() != ast.KindFencedCodeBlock && node.Kind() != ast.KindCodeBlock {
			return
		}
		var info string
		if fenced, ok := node.(*ast.FencedCodeBlock); ok && fenced.Info != nil {
			info = string(fenced.Info.Value(d.source))
		}
		language, file, _ := strings.Cut(info, " ")
		all = append(all, block{language, file, string(node.Lines().Value(d.source))})
	})
	return all
}

// wrongExcerpts names what a document quotes from a file, and is not in it. A line of three dots stands for what was left
// out.
func (d document) wrongExcerpts() (wrong []string) {
	for _, b := range d.blocks() {
		if b.file == "" {
			continue
		}
		whole, err := os.ReadFile(filepath.Join(filepath.Dir(d.path), b.file))
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s quotes a file: %v", d.path, err))
		}
		for part := range strings.SplitSeq("\n"+b.content, "\n...\n") {
			if !strings.Contains("\n"+string(whole), "\n"+strings.TrimPrefix(part, "\n")) {
				wrong = append(wrong, fmt.Sprintf("%s quotes %s, which does not have\n%s", d.path, b.file, part))
			}
		}
	}
	return wrong
}

func TestEveryExcerptIsReal(t *testing.T) {
	excerpts := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks() {
			if b.file != "" {
				excerpts++
			}
		}
		for _, one := range d.wrongExcerpts() {
			t.Error(one)
		}
	}
	if excerpts == 0 {
		t.Error("nothing is quoted from a file")
	}
}

// sources is all that our programs can say: the Go code without its tests, and the scripts.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	ownFiles(t, func(path string) bool {
		return filepath.Ext(path) == ".sh" || filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go")
	}, func(_ string, content []byte) { _, _ = all.Write(content) })
	return all.String()
}

// unsaidLines are those that a document shows as said by our programs, and which these do not say. Three dots stand for
// what differs.
func (d document) unsaidLines(sources string) (unsaid []string) {
	for _, b := range d.blocks() {
		if b.language != "text" || b.file != "" {
			continue
		}
		for line := range strings.Lines(b.content) {
			speaker, words, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if speaker != "hero_chaos" && speaker != "ci/docker.sh" {
				continue
			}
			for part := range strings.SplitSeq(words, "...") {
				if part = strings.Trim(part, " :;"); !strings.Contains(sources, part) {
					unsaid = append(unsaid, fmt.Sprintf("%s has %s say %q, which no source has", d.path, speaker, part))
				}
			}
		}
	}
	return unsaid
}

func TestWhatIsShownIsSaid(t *testing.T) {
	said := sources(t)
	for _, d := range documents(t) {
		for _, one := range d.unsaidLines(said) {
			t.Error(one)
		}
	}
}

// wrongCommands says of each command that a document gives its readers what is wrong with it. They are in blocks of sh, and
// in the text itself; there only the beginning of one may stand.
func (d document) wrongCommands() (wrong []string) {
	complain := func(line string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s has %q: %v", d.path, line, err))
		}
	}
	for _, b := range d.blocks() {
		if b.language == "" {
			complain(b.content, fmt.Errorf("a block without a language is not checked: say sh, text, go or yaml"))
		}
		if b.language != "sh" {
			continue
		}
		commands, err := shellCommands(b.content)
		complain(b.content, err)
		for _, words := range commands {
			complain(strings.Join(words, " "), checkCommand(words, true))
		}
	}
	d.each(func(node ast.Node) {
		if node.Kind() != ast.KindCodeSpan {
			return
		}
		commands, _ := shellCommands(d.words(node)) // most of them are no shell's
		for _, words := range commands {
			if len(words) > 1 {
				complain(strings.Join(words, " "), checkCommand(words, false))
			}
		}
	})
	return wrong
}

// shellCommands are the words of each command of a piece of shell.
func shellCommands(source string) (commands [][]string, err error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(source), "")
	if err != nil {
		return nil, err
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		var words []string
		for _, word := range call.Args {
			literal, wrong := expand.Literal(nil, word)
			if wrong != nil {
				err = wrong
			}
			words = append(words, literal)
		}
		commands = append(commands, words)
		return true
	})
	return commands, err
}

// checkCommand checks a command of ours without running it; whole says that nothing may be missing. Other commands it
// leaves alone, but for what docker is told to run.
func checkCommand(words []string, whole bool) error {
	first := slices.IndexFunc(words, func(word string) bool { return word == "make" || filepath.Base(word) == "hero_chaos" })
	switch {
	case first < 0 || (first > 0 && words[0] != "docker"):
		return nil
	case words[first] == "make":
		return checkMake(words[first+1:])
	}
	return checkProgram(words[first+1:], whole)
}

// checkProgram parses a command line as the program does.
func checkProgram(arguments []string, whole bool) error {
	parser, err := cli.NewParser(kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		return err
	}
	if whole {
		_, err = parser.Parse(arguments)
		return err
	}
	begun, err := kong.Trace(parser, arguments)
	if err != nil {
		return err
	}
	return begun.Error
}

// checkMake has make say what it would do, and sees that each variable makes a difference.
func checkMake(arguments []string) error {
	would, err := makeWould(arguments)
	if err != nil {
		return err
	}
	for i, argument := range arguments {
		if !strings.Contains(argument, "=") {
			continue
		}
		if without, err := makeWould(slices.Delete(slices.Clone(arguments), i, i+1)); err != nil || without == would {
			return fmt.Errorf("%s changes nothing of what make does", argument)
		}
	}
	return nil
}

func makeWould(arguments []string) (string, error) {
	command := exec.Command("make", append([]string{"--dry-run", "--no-print-directory"}, arguments...)...) //nolint:gosec // our own documents'
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}                        // without the variables of whoever runs the tests
	var complaint strings.Builder
	command.Stderr = &complaint
	would, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return string(would), nil
}

func TestEveryCommandThatIsGivenExists(t *testing.T) {
	for _, d := range documents(t) {
		for _, one := range d.wrongCommands() {
			t.Error(one)
		}
	}
}

// TestAWrongDocumentIsFound: what these tests look for is found where it is.
func TestAWrongDocumentIsFound(t *testing.T) {
	const fence = "```"
	for name, c := range map[string]struct{ source, want string }{
		"good": {source: "# A b_c: `d`!\n\n# A b_c: d\n\n[a](#a-b_c-d) [b](#a-b_c-d-1) [c](go.mod) ![d](ARCHITECTURE.md#exit-codes) <https://a.invalid>\n\n" +
			fence + "sh\nmake e2e FOCUS=boot SEED='2'   # said\nA=1 bin/hero_chaos run --focus \"$A\" || true\ndocker run -v a:b hero_chaos list\n" + fence + "\n" +
			fence + "text go.mod\nmodule " + module + "\n...\nrequire (\n" + fence + "\n`make lint` `make` `hero_chaos verify` `a < b` `--focus`"},
		"no file":              {"[a](b/c.md)", "no such file"},
		"an anchor":            {source: "<a id=\"b-1\"></a>A\n\n[b](#b-1)"},
		"no picture":           {"[![a](b.png)](go.mod)", "no such file"},
		"a link by reference":  {"[a][b]\n\n[b]: c.md", "no such file"},
		"outside":              {"[a](../)", "no such file"},
		"no heading":           {"# A\n\n[a](#b)", "has only a"},
		"no heading there":     {"[a](ARCHITECTURE.md#b)", "has only the-house"},
		"no target":            {fence + "sh\nmake e2a\n" + fence, "No rule"},
		"no variable":          {fence + "sh\nmake e2e FOCUS=boot HERO_IMGE=a\n" + fence, "HERO_IMGE=a changes nothing"},
		"of another target":    {fence + "sh\nmake list FOCUS=boot\n" + fence, "FOCUS=boot changes nothing"},
		"no command":           {fence + "sh\nhero_chaos rum\n" + fence, "unexpected argument rum"},
		"no flag":              {fence + "sh\nif bin/hero_chaos run --focs a; then b; fi\n" + fence, "unknown flag --focs"},
		"no flag in docker":    {fence + "sh\ndocker run a hero_chaos run --focs a\n" + fence, "unknown flag --focs"},
		"a bad value":          {fence + "sh\nhero_chaos run --seed=a\n" + fence, "--seed"},
		"an argument too few":  {fence + "sh\nhero_chaos promote\n" + fence, "record"},
		"in the text":          {"`make e2a`", "No rule"},
		"a flag in the text":   {"`hero_chaos run --focs`", "unknown flag --focs"},
		"no shell":             {fence + "sh\nmake e2e <\n" + fence, "must be followed"},
		"no language":          {fence + "\nmake e2e\n" + fence, "without a language"},
		"an indented block":    {"    make e2e", "without a language"},
		"not quoted":           {fence + "text go.mod\nmodule mine\n" + fence, "does not have"},
		"half a line":          {fence + "text go.mod\nodule " + module + "\n" + fence, "does not have"},
		"quoted from nowhere":  {fence + "text go.mad\nmodule mine\n" + fence, "quotes a file"},
		"said":                 {source: fence + "text\nhero_chaos: a ... b: ...; c\nmake: d\n" + fence},
		"not said":             {fence + "text\nci/docker.sh: a ... b: e\n" + fence, "say \"b: e\""},
		"after what is quoted": {fence + "text go.mod\nmodule " + module + "\n...\nmine\n" + fence, "does not have"},
	} {
		t.Run(name, func(t *testing.T) {
			d := parseDocument("a.md", []byte(c.source))
			found := strings.Join(slices.Concat(d.brokenLinks(), d.wrongExcerpts(), d.unsaidLines(`say("a %d b"); say("c")`), d.wrongCommands()), "\n")
			if (c.want == "") != (found == "") || !strings.Contains(found, c.want) {
				t.Errorf("found %q, not %q", found, c.want)
			}
		})
	}
}
