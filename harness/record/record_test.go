package record_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

func aRun() record.Run {
	return record.Run{
		ID: "r1", Started: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Target: "embedded", Image: "hero:1", Digest: "sha256:1",
		Daemon: record.Daemon{ID: "d", API: "1.41"}, Profile: "quick", Seed: 7, Version: "dev", Procs: 56,
		Host: record.Host{Cores: 2, Kernel: "6.1", WorstGap: 12},
	}
}

func aResult(service string) record.Result {
	return record.Result{
		Promise: "restart.sigterm", Theme: "restart", Service: service, Fault: "SIGTERM", Name: "comes back",
		Outcome: record.Held, Attempts: 1, Started: aRun().Started, Duration: int64(time.Second), Recoveries: []string{"1"},
	}
}

func aRecovery() record.Recovery {
	return record.Recovery{
		ID: "1", Promise: "restart.sigterm", Service: "user.a", Fault: "SIGTERM",
		Before:   record.Incarnation{PID: 41, StartTime: 9, Argv: []string{"a_server", "serve"}},
		Injected: record.Interval{Lo: 1, Hi: 2}, Exited: &record.Interval{Lo: 3, Hi: 4},
	}
}

func create(t *testing.T, redact record.Redactor) (*record.Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out", "record.json")
	writer, err := record.Create(path, aRun(), redact)
	gomega.NewWithT(t).Expect(err).NotTo(gomega.HaveOccurred())
	return writer, path
}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	g := gomega.NewWithT(t)
	writer, path := create(t, record.Redactor{})
	g.Expect(writer.Recovery(aRecovery())).To(gomega.Succeed())
	g.Expect(writer.Result(aResult("user.a"))).To(gomega.Succeed())
	g.Expect(writer.Evidence(record.Evidence{What: "log", Path: "a.log"})).To(gomega.Succeed())
	g.Expect(writer.Container(record.Container{Sandbox: "main", Generation: 1})).To(gomega.Succeed())
	g.Expect(path).NotTo(gomega.BeAnExistingFile())
	end := record.End{Finished: aRun().Started.Add(time.Minute), WorstGap: 3}
	g.Expect(writer.Close(end)).To(gomega.Succeed())
	end.Totals = &record.Totals{Results: 1, Recoveries: 1, Evidence: 1, Containers: 1}

	want := &record.Record{
		Schema: record.Schema, Run: aRun(), Results: []record.Result{aResult("user.a")},
		Recoveries: []record.Recovery{aRecovery()}, Evidence: []record.Evidence{{What: "log", Path: "a.log"}},
		Containers: []record.Container{{Sandbox: "main", Generation: 1}}, End: &end,
	}
	for _, file := range []string{path, record.EventsPath(path)} {
		read, err := record.Load(file)
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(read.IsSealed()).To(gomega.Equal(file == path), "only the document is sealed")
		read.End.Seal = ""
		g.Expect(read).To(gomega.Equal(want), file)
		g.Expect(read.Complete()).To(gomega.BeTrue())
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(left).To(gomega.HaveLen(2), "a temporary file was left")
	g.Expect(writer.Result(aResult("user.b"))).To(gomega.MatchError(gomega.ContainSubstring("closed")))
	g.Expect(writer.Close(end)).To(gomega.MatchError(gomega.ContainSubstring("closed")))
}

func TestARunThatIsKilledLeavesWhatItFound(t *testing.T) {
	g := gomega.NewWithT(t)
	writer, path := create(t, record.Redactor{})
	g.Expect(writer.Result(aResult("user.a"))).To(gomega.Succeed())
	g.Expect(writer.Result(aResult("user.b"))).To(gomega.Succeed())
	events, err := os.ReadFile(record.EventsPath(path))
	g.Expect(err).NotTo(gomega.HaveOccurred())

	read, err := record.Load(record.EventsPath(path))
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(read.Complete()).To(gomega.BeFalse())
	g.Expect(read.Results).To(gomega.HaveLen(2))
	g.Expect(read.Notes).To(gomega.ConsistOf(gomega.ContainSubstring("no end")))

	cut := filepath.Join(t.TempDir(), "cut.jsonl")
	g.Expect(os.WriteFile(cut, events[:len(events)-20], 0o600)).To(gomega.Succeed()) //nolint:gosec // into a folder of this test
	read, err = record.Load(cut)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(read.Results).To(gomega.HaveLen(1))
	g.Expect(read.Notes).To(gomega.ConsistOf(gomega.HavePrefix("line 3 was cut off"), gomega.ContainSubstring("no end")))
}

func TestWhatIsNoRecordIsRefused(t *testing.T) {
	run, err := json.Marshal(map[string]any{"schema": record.Schema, "run": aRun()})
	if err != nil {
		t.Fatal(err)
	}
	half := func(id string) string { return `{"schema":"` + record.Schema + `","run":{"id":"` + id + `"}}` + "\n" }
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":                    {"", "it is empty"},
		"spaces":                     {" \n ", "it is empty"},
		"half a first line":          {string(run[:30]), "its first line was cut off"},
		"a corrupt first line":       {"{]\n" + string(run) + "\n", "line 1: "},
		"a corrupt middle line":      {string(run) + "\n{\"result\n{\"end\":{}}\n", "line 2: "},
		"a corrupt last line":        {string(run) + "\n{\"result\n", "line 2: "},
		"no run":                     {`{"end":{}}` + "\n", "line 1: the first line"},
		"two runs":                   {string(run) + "\n" + string(run) + "\n", "line 2: a second run"},
		"two half runs":              {half("1") + half("2"), "line 2: a second run"},
		"after the end":              {string(run) + "\n{\"end\":{}}\n{\"evidence\":{}}\n", "line 3: nothing may follow"},
		"an unknown event":           {string(run) + "\n{\"verdict\":{}}\n", `line 2: json: unknown field "verdict"`},
		"two events in one":          {string(run) + "\n{\"end\":{},\"evidence\":{}}\n", "line 2: an event is one of"},
		"an unknown outcome":         {string(run) + "\n{\"result\":{\"outcome\":\"passed\"}}\n", `line 2: the result of "" for "" has the outcome "passed"`},
		"another schema":             {`{"schema":"hero_chaos.record/9","run":{}}` + "\n", `line 1: the record has the schema "hero_chaos.record/9"`},
		"half a document":            {"{\n \"schema\": \"hero", "it is no record"},
		"more than a document":       {"{\n \"schema\": \"hero_chaos.record/1\"}\n{}", "something follows"},
		"another document":           {"{\n \"schema\": \"other\"}", `the record has the schema "other"`},
		"a document's outcome":       {"{\n \"schema\": \"hero_chaos.record/1\", \"results\": [{}]}", `has the outcome ""`},
		"no JSON":                    {"PASS\n", "line 1: "},
		"a member twice":             {"{\n \"schema\": \"other\", \"schema\": \"hero_chaos.record/1\"}", `the member "schema" is there twice`},
		"in another case":            {"{\n \"schema\": \"hero_chaos.record/1\", \"run\": {\"focus\": \"x\", \"foCuS\": \"\"}}", `the member "foCuS" is there twice`},
		"in another case alone":      {"{\n \"schema\": \"hero_chaos.record/1\", \"run\": {\"Focus\": \"x\"}}", `unknown member "Focus"`},
		"in letters that fold alone": {"{\n \"\u017fchema\": \"hero_chaos.record/1\"}", "unknown member"},
		"in letters that fold":       {"{\n \"schema\": \"other\", \"\u017fchema\": \"hero_chaos.record/1\"}", "is there twice"},
		"twice in a result":          {string(run) + "\n{\"result\":{\"outcome\":\"failed\",\"attempts\":1,\"outcome\":\"held\"}}\n", `line 2: the member "outcome" is there twice`},
		"an unknown member":          {"{\n \"schema\": \"hero_chaos.record/1\", \"pardoned\": true}", `unknown field "pardoned"`},
		"a number out of range":      {"{\n \"schema\": \"hero_chaos.record/1\", \"run\": {\"scale\": 1e999}}", "it is no record"},
		"no number at all":           {"{\n \"schema\": \"hero_chaos.record/1\", \"run\": {\"scale\": NaN}}", "it is no record"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "record")
			g := gomega.NewWithT(t)
			g.Expect(os.WriteFile(path, []byte(tc.text), 0o600)).To(gomega.Succeed())
			_, err := record.Load(path)
			g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring(tc.want)))
			g.Expect(err.Error()).To(gomega.HavePrefix("read the record " + path))
			g.Expect(err.Error()).NotTo(gomega.ContainSubstring("\n"))
		})
	}
	_, err = record.Load(filepath.Join(t.TempDir(), "missing"))
	gomega.NewWithT(t).Expect(err).To(gomega.MatchError(os.ErrNotExist))
}

func TestMembersOfDifferentObjectsMayBeCalledAlike(t *testing.T) {
	g := gomega.NewWithT(t)
	path := filepath.Join(t.TempDir(), "record")
	text := "{\n \"schema\": \"hero_chaos.record/1\", \"results\": [{\"outcome\": \"held\", \"recoveries\": [\"a\", \"a\"]}, {\"outcome\": \"held\"}], \"end\": {}}"
	g.Expect(os.WriteFile(path, []byte(text), 0o600)).To(gomega.Succeed())
	read, err := record.Load(path)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(read.Results).To(gomega.HaveLen(2))
}

func TestAFileThatIsTooLargeIsNotReadIntoMemory(t *testing.T) {
	g := gomega.NewWithT(t)
	path := filepath.Join(t.TempDir(), "record")
	file, err := os.Create(path) //nolint:gosec // into a folder of this test
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(file.Truncate(1 << 40)).To(gomega.Succeed())
	g.Expect(file.Close()).To(gomega.Succeed())
	_, err = record.Load(path)
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring("more than 33554432 bytes")))
}

func TestAnUnknownOutcomeIsNotWritten(t *testing.T) {
	writer, _ := create(t, record.Redactor{})
	result := aResult("user.a")
	result.Outcome = "passed"
	gomega.NewWithT(t).Expect(writer.Result(result)).To(gomega.MatchError(gomega.ContainSubstring(`outcome "passed"`)))
}

func TestManyWriteAtOnce(t *testing.T) {
	g := gomega.NewWithT(t)
	writer, path := create(t, record.Redactor{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 20 {
				_ = writer.Result(aResult(strings.Repeat("s", 10_000)))
			}
		})
	}
	group.Wait()
	g.Expect(writer.Close(record.End{})).To(gomega.Succeed())
	read, err := record.Load(path)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(read.Results).To(gomega.HaveLen(400))
}

func TestNoSecretIsWritten(t *testing.T) {
	g := gomega.NewWithT(t)
	redact, err := record.NewRedactor(map[string]string{"SHORT": "gsk-1234", "LONG": "gsk-1234-5678", "ODD": "a\"b\n\\c\u2028", "UNSET": ""})
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(redact.Text("gsk-1234-5678 gsk-1234")).To(gomega.Equal("[LONG] [SHORT]"))
	writer, path := create(t, redact)
	result := aResult("user.a")
	result.Failure = "said gsk-1234-5678 and a\"b\n\\c\u2028"
	result.Recoveries = []string{"gsk-1234"}
	recovery := aRecovery()
	recovery.Before.Argv = []string{"serve", "--key=gsk-1234-5678"}
	recovery.Disturbed = []record.Disturbance{{What: "gsk-1234"}}
	recovery.Landing = &record.Landing{Proof: "gsk-1234"}
	g.Expect(writer.Result(result)).To(gomega.Succeed())
	g.Expect(writer.Recovery(recovery)).To(gomega.Succeed())
	g.Expect(writer.Evidence(record.Evidence{Path: "gsk-1234"})).To(gomega.Succeed())
	g.Expect(writer.Close(record.End{Trouble: "gsk-1234"})).To(gomega.Succeed())
	for _, file := range []string{path, record.EventsPath(path)} {
		text, err := os.ReadFile(file) //nolint:gosec // written by this test
		g.Expect(err).NotTo(gomega.HaveOccurred())
		g.Expect(string(text)).NotTo(gomega.ContainSubstring("gsk-"))
		g.Expect(string(text)).NotTo(gomega.ContainSubstring(`a\"b`))
	}
	g.Expect(recovery.Before.Argv[1]).To(gomega.Equal("--key=gsk-1234-5678"), "the caller's own copy was changed")
	read, err := record.Load(path)
	g.Expect(err).NotTo(gomega.HaveOccurred())
	g.Expect(read.Results[0].Failure).To(gomega.Equal("said [LONG] and [ODD]"))

	_, err = record.NewRedactor(map[string]string{"TINY": "abc"})
	g.Expect(err).To(gomega.MatchError(gomega.And(gomega.ContainSubstring("TINY"), gomega.Not(gomega.ContainSubstring("abc")))))
}

func TestCreateSaysWhatIsWrong(t *testing.T) {
	g := gomega.NewWithT(t)
	file := filepath.Join(t.TempDir(), "file")
	g.Expect(os.WriteFile(file, nil, 0o600)).To(gomega.Succeed())
	_, err := record.Create(filepath.Join(file, "record.json"), aRun(), record.Redactor{})
	g.Expect(err).To(gomega.MatchError(gomega.HavePrefix("begin the record: ")))
}

// TestLoadBoundsItsMemory reads lists of what is no result: the decoder makes one of each before it says that it is wrong.
func TestLoadBoundsItsMemory(t *testing.T) {
	load := func(list string, elements int) string {
		_, err := record.Parse([]byte(`{"schema":"hero_chaos.record/1","results":[],"` + list + `":[1` + strings.Repeat(",1", elements) + "]}"))
		if err == nil {
			t.Fatalf("%s of numbers were read", list)
		}
		return err.Error()
	}
	for _, list := range []string{"recoveries", "evidence"} {
		if said := load(list, 16<<20); !strings.Contains(said, "more than 250000 members") {
			t.Errorf("%s: %s", list, said)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		said := load(list, 249_000)
		runtime.ReadMemStats(&after)
		if taken := (after.Sys - before.Sys) >> 20; taken > 512 || strings.Contains(said, "more than 250000 members") {
			t.Errorf("%s: it took %d MiB: %s", list, taken, said)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"schema":"hero_chaos.record/1","run":{"id":"r"}}` + "\n" + `{"result":{"outcome":"held"}}` + "\n" + `{"end":{}}`))
	f.Add([]byte("{\n\"schema\":\"hero_chaos.record/1\",\"results\":[]}"))
	f.Add([]byte(`{"schema":"hero_chaos.record/1","run":{}}` + "\n" + `{"recovery":{"exited":{"lo":1,"hi":2}}}` + "\n{\"re"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "record")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := record.Load(path)
		if err != nil {
			return
		}
		if err := read.Save(path); err != nil {
			t.Fatalf("save what was read: %v", err)
		}
		again, err := record.Load(path)
		if err != nil {
			t.Fatalf("read what was saved: %v", err)
		}
		one, _ := json.Marshal(read)
		other, _ := json.Marshal(again)
		if string(one) != string(other) {
			t.Fatalf("%s\n%s", one, other)
		}
	})
}
