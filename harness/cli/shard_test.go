package cli

import (
	"strings"
	"testing"
)

func TestShardRefusesWhatCannotBePlanned(t *testing.T) {
	for want, arguments := range map[string][]string{
		"run `make build`":                        {"shard", "4"},
		`no promise or theme "hangs"`:             {"shard", "4", "--focus=hangs"},
		`expected "<n>"`:                          {"shard"},
		`there is no target "embeddde"`:           {"shard", "4", "--target=embeddde"},
		"target embedded ships none of that name": {"shard", "4", "--service=x"},
	} {
		if code, _, stderr := commandLine(arguments...); code != exitError || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, %q", arguments, code, stderr)
		}
	}
}
