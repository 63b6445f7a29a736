package persistence

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// sqliteMark is how a database of SQLite begins (its file format, "The Database Header").
const sqliteMark = "SQLite format 3\x00"

// stateLimit bounds how much of a state file is read, in bytes; a longer one is not taken for damageable.
const stateLimit = 16 << 20

// damage is something that a crash or a disk does to a file.
type damage struct {
	name string
	what string
	of   func(state []byte, seed int64) []byte
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

// withstands is the spec of one damage, in a container that may not come up again.
func withstands(chaos *session.Session, d damage) {
	victim := session.VictimName("kept-" + d.name)
	It("has all or says what is wrong, its state "+d.what+": "+victim, spec.On(victim), func(ctx SpecContext) {
		s, err := settle(ctx, chaos, restartSandbox+"-"+d.name, d.name)
		if s != nil {
			DeferCleanup(func(ctx SpecContext) { s.leave(ctx) }, NodeTimeout(30*time.Second))
		}
		spec.Conclude(err)
		file, err := s.damage(ctx, d, chaos.Configuration.Seed)
		spec.Conclude(err)
		spec.Conclude(killFirst(ctx, chaos, s))
		if s.done.Refused != "" {
			judgeRefusal(chaos, d, victim, file, s.done.Refused)
			return
		}
		spec.Conclude(s.sandbox.Agent().WatchCrowd(ctx, d.name, s.argv))
		found, err := s.look(ctx, d.name, chaos.Target.Budgets.Boot.Duration())
		spec.Conclude(err)
		judgeDamaged(chaos, d, victim, file, found)
	}, NodeTimeout(5*time.Minute))
}

// damage finds the state among the supervisor's open files, and damages it. What is beside it for the sake of
// transactions (-wal, -shm, -journal) is emptied: it could mend what is to be broken.
func (s *survivors) damage(ctx context.Context, d damage, seed int64) (file string, err error) {
	usage, err := s.sandbox.Agent().Usage(ctx, s.sandbox.SupervisorPID())
	if err != nil {
		return "", &recovery.Inconclusive{Reason: "the supervisor's open files cannot be seen: " + err.Error()}
	}
	var state []byte
	for _, path := range usage.Files {
		content, err := s.sandbox.Agent().ReadFile(ctx, path, stateLimit)
		if err == nil && bytes.HasPrefix(content, []byte(sqliteMark)) {
			file, state = path, content
			break
		}
	}
	if file == "" {
		return "", &recovery.Inconclusive{Reason: "the supervisor has no database of SQLite open, so that no state file is known"}
	}
	broken := d.of(state, seed)
	for _, path := range usage.Files {
		if path != file && strings.HasPrefix(path, file+"-") {
			if err := s.sandbox.Agent().WriteFile(ctx, path, nil); err != nil {
				return file, err
			}
		}
	}
	if err := s.sandbox.Agent().WriteFile(ctx, file, broken); err != nil {
		return file, err
	}
	landed, err := s.sandbox.Agent().ReadFile(ctx, file, stateLimit)
	if err == nil && !bytes.Equal(landed, broken) {
		err = &recovery.Inconclusive{Reason: "the damage did not land: the state file holds something else again"}
	}
	return file, err
}

// judgeRefusal wants a word about the state from whoever does not start because of it.
func judgeRefusal(chaos *session.Session, d damage, victim, file, words string) {
	GinkgoHelper()
	said := strings.ToLower(words)
	for _, hint := range []string{strings.ToLower(path.Base(file)), "sqlite", "database", "corrupt", "damaged"} {
		if strings.Contains(said, hint) {
			AddReportEntry("refusal", words, ReportEntryVisibilityNever)
			return
		}
	}
	spec.FailWith(chaos, "nothing came up after the state was "+d.what+", and nobody said why",
		[2]string{"state", file}, [2]string{"after", words})
}

// judgeDamaged judges a supervisor that came up all the same.
func judgeDamaged(chaos *session.Session, d damage, victim, file string, found survival) {
	GinkgoHelper()
	before := [2]string{"state", fmt.Sprintf("%s, %s while zinit ran; then the container was killed and started again", file, d.what)}
	switch {
	case len(found.changed) > 0:
		spec.FailWith(chaos,
			fmt.Sprintf("zinit came up without %d of %d services after its state was %s", len(found.changed), found.registered, d.what),
			append([][2]string{before}, found.lines(found.changed)...)...)
	case found.revived != "":
		spec.FailWith(chaos, "a service that had been stopped ran after the state was "+d.what,
			before, [2]string{"after", found.revived})
	case len(found.doubled) > 0:
		spec.FailWith(chaos, fmt.Sprintf("%d services ran twice after the state was %s", len(found.doubled), d.what),
			append([][2]string{before}, found.lines(found.doubled)...)...)
	}
}
