package plain

import (
	"slices"
	"strings"
	"testing"
)

func TestLineMovesNoCursor(t *testing.T) {
	for text, want := range map[string]string{
		"as it is  ":            "as it is\n",
		"":                      "\n",
		"a\x1b[2Jb\r\nc\u202ed": "a\ufffd[2Jb\ufffd\ufffdc\ufffdd\n",
		"größer":                "größer\n",
		"::error::it failed":    ": :error::it failed\n",
		"  ##[command]rm":       "  # #[command]rm\n",
		"a::b":                  "a::b\n",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func TestClipped(t *testing.T) {
	for text, want := range map[string]string{
		"12345": "12345\n", "123456": "1234…\n", "äöüß12": "äöüß…\n", "123\x00567": "123\ufffd…\n", "123   7": "123 …\n",
	} {
		if got := Clipped(text, 5); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := Wrap("a: ", 5, 12, strings.Fields("one two three fourteen-letters x"))
	want := []string{"a: one two", "     three", "     fourteen-letters", "     x"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	if got := Wrap("only", 2, 12, nil); !slices.Equal(got, []string{"only"}) {
		t.Errorf("without words: %q", got)
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 results": Count(0, "result"), "1 result": Count(1, "result"), "1 recovery": Count(1, "recovery"), "2 recoveries": Count(2, "recovery"),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
