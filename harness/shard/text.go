package shard

import (
	"fmt"
	"strings"
)

// Text renders the plan for a person: a line for each shard, and the distance from the bound.
func (p Plan) Text() string {
	text := new(strings.Builder)
	for i, shard := range p.Shards {
		_, _ = fmt.Fprintf(text, "shard %-8s %5d specs %9.1f s one after the other, the longest %.1f s\n",
			fmt.Sprintf("%d/%d", i+1, len(p.Shards)), len(shard.Specs), shard.Work.Seconds(), shard.Longest.Seconds())
	}
	_, _ = fmt.Fprintf(text, "plan %.12s: the largest shard has %.1f s, %.2f %% more than the least that is possible (%.1f s)\n",
		p.ID, p.Makespan().Seconds(), 100*p.Distance(), p.Bound.Seconds())
	return text.String()
}
