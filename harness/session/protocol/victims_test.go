package protocol

import (
	"slices"
	"testing"
	"unicode"

	"mvdan.cc/sh/v3/shell"
	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// TestASampleSharesNothing checks that samples share neither a name nor a file.
func TestASampleSharesNothing(t *testing.T) {
	first := NewVictim("restart-exit1", zinit.RetryPolicy{MaxAttempts: 20})
	first.Options.ExitCode = 1
	second, third := first.Sample(2), first.Sample(3)
	if second.Name != "hero_chaos.restart-exit1-2" || third.Name != "hero_chaos.restart-exit1-3" || first.Name != "hero_chaos.restart-exit1" {
		t.Errorf("names: %s, %s, %s", first.Name, second.Name, third.Name)
	}
	if second.Options.ExitCode != 1 || second.Policy.MaxAttempts != 20 {
		t.Errorf("the second is not like the first: %+v", second)
	}
	for what, paths := range map[string][2]string{
		"socket":  {first.Options.Socket, second.Options.Socket},
		"control": {first.Options.Control, second.Options.Control},
		"journal": {first.Options.Journal, second.Options.Journal},
	} {
		if paths[0] == paths[1] {
			t.Errorf("both have the %s %s", what, paths[0])
		}
	}
}

func TestAShellReadsTheWordsOfACommandLine(t *testing.T) {
	for want, words := range map[string][]string{
		"/hero_chaos/victim victim '--socket=/hero_chaos/a.sock'": {"/hero_chaos/victim", "victim", "--socket=/hero_chaos/a.sock"},
		"a '' b":           {"a", "", "b"},
		"echo 'two words'": {"echo", "two words"},
		`"it's"`:           {"it's"},
		"'$HOME' '*' '~'":  {"$HOME", "*", "~"},
	} {
		if got := CommandLine(words); got != want {
			t.Errorf("%q is %s, not %s", words, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.RuneFrom([]rune(" '\"$`\\*~=;&|<>(){}#!"), unicode.PrintRanges...))
		words := rapid.SliceOfN(word, 1, 5).Draw(t, "words")
		read, err := shell.Fields(CommandLine(words), func(string) string { return "expanded" })
		if err != nil || !slices.Equal(read, words) {
			t.Fatalf("%q reads as %q, %v", words, read, err)
		}
	})
}
