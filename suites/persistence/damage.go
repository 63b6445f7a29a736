package persistence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

const (
	// sqliteMark begins a database of SQLite (its file format, "The Database Header").
	sqliteMark = "SQLite format 3\x00"
	// stateLimit is how much of a state file is read, in bytes. A longer file is not damaged.
	stateLimit = 16 << 20
	// attempts is the number of starts after a damage: a supervisor that ends again and again may have answered in between.
	attempts = 2
)

// damage is something that a crash or a disk does to a file.
type damage struct {
	name  string
	what  string
	apply func(state []byte, seed int64) []byte
}

func damages() []damage {
	return []damage{
		{"truncated", "cut off in the middle", func(state []byte, _ int64) []byte { return state[:len(state)/2] }},
		{"garbage", "overwritten with noise", func(state []byte, seed int64) []byte {
			noise := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // it has to be repeatable
			garbage := make([]byte, len(state))
			for i := range garbage {
				garbage[i] = byte(noise.Uint32()) //nolint:gosec // the low bits are meant
			}
			return garbage
		}},
	}
}

// itWithstands registers the spec of one damage, in a container that may not come up again.
func itWithstands(chaos *session.Session, d damage) {
	victim := session.VictimName("kept-" + d.name)
	It("has all or says what is wrong, its state "+d.what+": "+victim, spec.On(victim), spec.InBackground(restartSandbox+"-"+d.name), func(ctx SpecContext) {
		p, err := settle(ctx, chaos, restartSandbox+"-"+d.name, d.name)
		if p != nil {
			DeferCleanup(func(ctx SpecContext) { p.leave(ctx) }, NodeTimeout(30*time.Second))
		}
		spec.Conclude(err)
		file := damageState(ctx, p.sandbox, d, chaos.Configuration.Seed)
		state := spec.Note("state", "%s, %s while zinit ran; then the container was killed and started again", file, d.what)
		var seen result
		var unseen error
		for range attempts {
			By("kill the container's first process and start the container again")
			done, err := killFirst(ctx, chaos, p)
			spec.Conclude(err)
			if done.Refused != "" {
				if !explains(done.Refused, file) {
					spec.FailWith(chaos, "nothing came up after the state was "+d.what+", and no message says why",
						spec.Note("state", "%s", file), spec.Note("after", "%s", done.Refused))
				}
				AddReportEntry("refusal", done.Refused, ReportEntryVisibilityNever)
				return
			}
			spec.Conclude(p.sandbox.Agent().WatchCrowd(ctx, d.name, p.argv))
			if seen, unseen = p.look(ctx, d.name, chaos.Target.Budgets.Boot.Duration()); !errors.Is(unseen, zinit.ErrConnection) {
				break
			}
		}
		spec.Conclude(unseen)
		switch {
		case len(seen.changed) > 0:
			spec.FailWith(chaos, fmt.Sprintf("zinit came up without %d of %d services after its state was %s", len(seen.changed), seen.registered, d.what),
				slices.Insert(spec.ListServices(seen.changed), 0, state)...)
		case seen.revived != "":
			spec.FailWith(chaos, p.stopped.Name+" had been stopped, and ran after the state was "+d.what, state, spec.Note("after", "%s", seen.revived))
		case len(seen.doubled) > 0:
			spec.FailWith(chaos, fmt.Sprintf("%s ran twice after the state was %s", spec.Count(len(seen.doubled), "service"), d.what),
				slices.Insert(spec.ListServices(seen.doubled), 0, state)...)
		}
	}, NodeTimeout(specTimeout))
}

// damageState finds the state among the supervisor's open files, and damages it. It empties the files that SQLite keeps
// beside it (-wal, -shm, -journal), since these could undo the damage.
func damageState(ctx context.Context, sandbox *session.Sandbox, d damage, seed int64) (file string) {
	GinkgoHelper()
	agent := sandbox.Agent()
	By("find the state among the supervisor's open files")
	usage, err := agent.Usage(ctx, sandbox.SupervisorPID())
	if err != nil {
		spec.Inconclusive("the supervisor's open files cannot be seen: " + err.Error())
	}
	var state []byte
	for _, name := range usage.Files {
		content, err := agent.ReadFile(ctx, name, stateLimit)
		if err == nil && bytes.HasPrefix(content, []byte(sqliteMark)) {
			file, state = name, content
			break
		}
	}
	if file == "" {
		spec.Inconclusive("the supervisor has no database of SQLite open, so no state file is known")
	}
	By("damage the state")
	for _, name := range usage.Files {
		if name != file && strings.HasPrefix(name, file+"-") {
			spec.Conclude(agent.WriteFile(ctx, name, nil))
		}
	}
	damaged := d.apply(state, seed)
	spec.Conclude(agent.WriteFile(ctx, file, damaged))
	landed, err := agent.ReadFile(ctx, file, stateLimit)
	spec.Conclude(err)
	if !bytes.Equal(landed, damaged) {
		spec.Inconclusive("the damage did not land: the state file holds something else again")
	}
	return file
}

// explains reports whether the last words of a container that does not start are about its state.
func explains(words, file string) bool {
	return slices.ContainsFunc([]string{path.Base(file), "sqlite", "database", "corrupt", "damaged"}, func(hint string) bool {
		return strings.Contains(strings.ToLower(words), strings.ToLower(hint))
	})
}
