package spelling_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
)

func TestNearest(t *testing.T) {
	names := []string{"restart.sigterm", "restart.sigkill", "hang.detected", "user.hero_osis_server"}
	for word, want := range map[string]string{
		"restart.sigtem":             "restart.sigterm",
		"RESTART.SIGKILL":            "restart.sigkill",
		"osis":                       "user.hero_osis_server",
		"zzz":                        "",
		"":                           "",
		strings.Repeat("x", 100_000): "",
	} {
		if got := spelling.Nearest(word, names); got != want {
			t.Errorf("Nearest(%.40q) = %q, want %q", word, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for _, tc := range []struct {
		word  string
		names []string
		want  string
	}{
		{"imge", []string{"image", "name"}, `: did you mean "image"?`},
		{"zzz", []string{"image", "name"}, ": there are image, name"},
		{"zzz", nil, ": there is none"},
	} {
		if got := spelling.DidYouMean(tc.word, tc.names); got != tc.want {
			t.Errorf("DidYouMean(%q) = %q, want %q", tc.word, got, tc.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		one, other string
		want       int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"prot", "port", 1}, {"imge", "image", 1}, {"kitten", "sitting", 3},
	} {
		if got := spelling.Distance(tc.one, tc.other); got != tc.want {
			t.Errorf("%q and %q are %d apart, want %d", tc.one, tc.other, got, tc.want)
		}
	}
}

func TestDistanceIsADistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching("[a-d]{0,8}")
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		ab, ba := spelling.Distance(a, b), spelling.Distance(b, a)
		if ab != ba || (ab == 0) != (a == b) || ab > max(len(a), len(b)) {
			t.Fatalf("%q and %q are %d and %d apart", a, b, ab, ba)
		}
	})
}
