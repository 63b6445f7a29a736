package victim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/victim"
)

func TestArgsAreReadBackAsTheSameOptions(t *testing.T) {
	delay := rapid.Map(rapid.Int64Range(0, int64(time.Hour)), func(n int64) time.Duration { return time.Duration(n) })
	rapid.Check(t, func(t *rapid.T) {
		options := victim.Options{
			Control:     rapid.String().Draw(t, "control"),
			Journal:     rapid.String().Draw(t, "journal"),
			OnTerm:      rapid.SampledFrom([]victim.TermAction{victim.TermExit, victim.TermIgnore, victim.TermDie}).Draw(t, "on-term"),
			TermDelay:   delay.Draw(t, "term-delay"),
			ExitCode:    rapid.IntRange(0, 255).Draw(t, "exit-code"),
			StartDelay:  delay.Draw(t, "start-delay"),
			ReadyDelay:  delay.Draw(t, "ready-delay"),
			ExitDelay:   delay.Draw(t, "exit-after"),
			ReplyDelay:  delay.Draw(t, "reply-delay"),
			FloodPeriod: delay.Draw(t, "flood"),
			FloodRate:   rapid.IntRange(0, 99).Draw(t, "flood-rate"),
			Behaviour:   victim.Good,
			Children:    rapid.IntRange(0, 9).Draw(t, "children"),
		}
		options.Deadlock = rapid.Bool().Draw(t, "deadlock")
		options.SetsidChild = rapid.Bool().Draw(t, "setsid-child")
		if rapid.Bool().Draw(t, "http") {
			options.Port = rapid.IntRange(1, 65535).Draw(t, "port")
		} else {
			options.Socket = "/" + rapid.String().Draw(t, "socket")
			options.Behaviour = rapid.SampledFrom(victim.Behaviours()).Draw(t, "behaviour")
			options.Workers = rapid.IntRange(0, 9).Draw(t, "workers")
		}
		read, err := victim.Parse(options.Args())
		if err != nil || read != options {
			t.Fatalf("%+v became %+v: %v", options, read, err)
		}
	})
}

func TestTheZeroOptionsNeedNoFlags(t *testing.T) {
	g := NewWithT(t)
	g.Expect(victim.Options{}.Args()).To(BeEmpty())
	read, err := victim.Parse(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(read.Behaviour).To(Equal(victim.Good))
	g.Expect(read.OnTerm).To(Equal(victim.TermExit))
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for args, complaint := range map[string]string{
		"--socket=/a --port=1":             "exclude each other",
		"--port=70000":                     "no port",
		"--port=1 --behaviour=wrong-id":    "HTTP has no ids",
		"--exit-code=256":                  "no exit code",
		"--reply-delay=-1s":                "negative",
		"--children=-1":                    "negative",
		"--endings=1":                      "needs --journal",
		"--endings=1,SIGX --journal=/a":    `"SIGX", which is no exit code`,
		"--endings=256 --journal=/a":       `"256", which is no exit code`,
		"--workers=1":                      "needs --socket",
		"--behaviour=kind":                 "use one of",
		"--on-term=dance":                  "use exit, ignore or die",
		"--reply-delay=soon":               "invalid value",
		"serve":                            "unexpected argument",
		"--no-such-flag":                   "not defined",
		"--socket=/no/such/folder/v.sock":  "listen on",
		"--journal=/no/such/folder/v.json": "open the journal",
	} {
		t.Run(args, func(t *testing.T) {
			g := NewWithT(t)
			var stderr strings.Builder
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			code := victim.Main(ctx, strings.Fields(args), &stderr)
			g.Expect(code).To(BeElementOf(1, 2))
			g.Expect(stderr.String()).To(And(HavePrefix("victim: "), ContainSubstring(complaint), HaveSuffix("\n")))
			g.Expect(strings.Count(stderr.String(), "\n")).To(Equal(1))
		})
	}
}
