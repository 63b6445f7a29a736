package sandbox

import (
	"slices"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
)

func TestLimitsMet(t *testing.T) {
	const giga = 1 << 30
	for name, c := range map[string]struct {
		used container.StatsResponse
		want string
	}{
		"no limits":      {container.StatsResponse{PidsStats: container.PidsStats{Current: 400}}, ""},
		"room":           {container.StatsResponse{PidsStats: container.PidsStats{Current: 40, Limit: 100}, MemoryStats: container.MemoryStats{Usage: giga, Limit: 2 * giga}}, ""},
		"few processes":  {container.StatsResponse{PidsStats: container.PidsStats{Current: 38, Limit: 40}}, "38 of at most 40 processes and threads"},
		"little memory":  {container.StatsResponse{MemoryStats: container.MemoryStats{Usage: 60 << 20, Limit: 64 << 20}}, "60 MB of at most 64 MB of memory"},
		"little of both": {container.StatsResponse{PidsStats: container.PidsStats{Current: 9, Limit: 9}, MemoryStats: container.MemoryStats{Usage: 9, Limit: 9}}, "--pids-limit; the container uses"},
	} {
		got := limitsMet(c.used)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLackOverUser(t *testing.T) {
	for _, c := range []struct {
		user           string
		dropped, added []string
		want           []string
	}{
		{"", []string{"ALL"}, nil, nil},
		{"root:root", []string{"ALL"}, nil, nil},
		{"1000:1000", nil, nil, nil},
		{"app", []string{"NET_RAW"}, nil, nil},
		{"1000", []string{"ALL"}, nil, []string{"DAC_OVERRIDE", "KILL"}},
		{"1000", []string{"all"}, []string{"CAP_KILL"}, []string{"DAC_OVERRIDE"}},
		{"1000", []string{"ALL"}, []string{"CAP_KILL", "DAC_OVERRIDE"}, nil},
		{"1000", []string{"CAP_KILL"}, nil, []string{"KILL"}},
	} {
		if lacking, _ := lackOverUser(c.user, c.dropped, c.added); !slices.Equal(lacking, c.want) {
			t.Errorf("%q -%v +%v: %v, want %v", c.user, c.dropped, c.added, lacking, c.want)
		}
	}
}
