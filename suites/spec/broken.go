package spec

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
)

// Broken ends a spec as failed: a headline that says what was promised to whom and what happened, then lines
// of a key and what there is to say, then how to see it again.
func Broken(chaos *session.Session, p, service, headline string, lines ...[2]string) {
	GinkgoHelper()
	again := "make e2e FOCUS=" + p
	if service != "" {
		again += "/" + service
	}
	if seed := chaos.Configuration.Seed; seed != 0 {
		again += fmt.Sprintf(" SEED=%d", seed)
	}
	text := fmt.Sprintf("%s (%s)", headline, p)
	for _, line := range append(lines, [2]string{"again", again}) {
		text += fmt.Sprintf("\n  %-8s %s", line[0], strings.ReplaceAll(line[1], "\n", " "))
	}
	Fail(text)
}
