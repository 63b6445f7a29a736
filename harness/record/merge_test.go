package record_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// aShard is one of a run, with a recovery and a log of the names that every shard has, a result of its own, and one of a
// promise about the whole run.
func aShard(number, of int) *record.Record {
	r := &record.Record{Schema: record.Schema, Run: aRun()}
	r.Run.ID, r.Run.Shard, r.Run.Plan, r.Run.Specs = fmt.Sprint("r", number), record.Shard(number, of), "p1", 2
	r.Run.Promises = []record.Promise{{ID: "restart.sigterm"}, {ID: "isolation.bystanders", Throughout: true}}
	r.Run.Started = aRun().Started.Add(time.Duration(number) * time.Minute)
	own, whole := aResult(fmt.Sprint("user.", number)), record.Result{Promise: "isolation.bystanders", Name: "nobody changed", Outcome: record.Held, Attempts: 1, Duration: 1}
	own.Started, whole.Started = r.Run.Started, r.Run.Started
	own.Windows = []record.Window{{Recovery: "1", Phase: "exited", From: "injected"}}
	r.Results = []record.Result{own, whole}
	seen := aRecovery()
	seen.Sandbox, seen.Service = "main", own.Service
	r.Recoveries = []record.Recovery{seen}
	r.Evidence = []record.Evidence{{What: "log of sandbox main", Path: "evidence/main/log.txt"}}
	r.End = &record.End{Finished: r.Run.Started.Add(30 * time.Second), WorstGap: int64(number)}
	return r
}

// shardsOf are all of a run, the last first.
func shardsOf(of int) (all []*record.Record) {
	for number := of; number >= 1; number-- {
		all = append(all, aShard(number, of))
	}
	return all
}

func TestShardsMergeToOneRun(t *testing.T) {
	shards := shardsOf(3)
	shards[0].Run.Daemon.ID, shards[0].Run.Host = "d3", record.Host{Cores: 1, Kernel: "6.6", WorstGap: 99}
	shards[0].Run.Budgets = []record.Budget{{Name: "respawn"}}
	before, _ := json.Marshal(shards)
	merged, err := record.Merge(shards)
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(shards); string(after) != string(before) {
		t.Error("the shards were changed")
	}
	run := merged.Run
	if run.Shard != "" || len(run.Parts) != 3 || run.Parts[1].ID != "r2" || run.Parts[1].Finished != shards[1].End.Finished || run.Parts[2].Daemon.ID != "d3" {
		t.Errorf("the parts: %+v", run)
	}
	if run.Started != shards[2].Run.Started || merged.End.Finished != shards[0].End.Finished || merged.End.WorstGap != 3 || merged.Took() != 30*time.Second {
		t.Errorf("from %v to %+v, took %v", run.Started, merged.End, merged.Took())
	}
	if run.Daemon.ID != "" || run.Host != (record.Host{Cores: 1, Kernel: "6.1, 6.6", WorstGap: 99}) || len(run.Budgets) != 1 {
		t.Errorf("what the machines have in common: %+v", run)
	}
	if len(merged.Results) != 4 || len(merged.Recoveries) != 3 || !strings.HasPrefix(run.ID, "merged-") {
		t.Fatalf("%s: %d results, %d recoveries", run.ID, len(merged.Results), len(merged.Recoveries))
	}
	for i, seen := range merged.Recoveries {
		shard := record.Shard(i+1, 3)
		at := slices.IndexFunc(merged.Results, func(r record.Result) bool { return slices.Contains(r.Recoveries, seen.ID) })
		if seen.Shard != shard || at < 0 || merged.Results[at].Shard != shard || merged.Results[at].Windows[0].Recovery != seen.ID || merged.Results[at].Service != seen.Service {
			t.Errorf("the recovery %+v of shard %s", seen, shard)
		}
		if evidence := merged.Evidence[i]; evidence.Shard != shard || evidence.Path != fmt.Sprintf("shards/%d/evidence/main/log.txt", i+1) {
			t.Errorf("the evidence %+v of shard %s", evidence, shard)
		}
		if own, ok := merged.RunOf(shard); !ok || own.ID != fmt.Sprint("r", i+1) {
			t.Errorf("the run of shard %s is %+v", shard, own)
		}
	}
	if _, ok := merged.RunOf(""); ok {
		t.Error("a merged record has a run of no shard")
	}
	again, err := record.Merge([]*record.Record{shards[1], shards[2], shards[0]})
	one, _ := json.Marshal(merged)
	if other, _ := json.Marshal(again); err != nil || string(one) != string(other) {
		t.Errorf("in another order: %v\n%s\n%s", err, one, other)
	}
}

// TestTheWorstOfAWholeRunCounts where every shard was asked, wherever it was found.
func TestTheWorstOfAWholeRunCounts(t *testing.T) {
	for _, c := range []struct{ first, second, want record.Outcome }{
		{record.Held, record.Failed, record.Failed},
		{record.Failed, record.Inconclusive, record.Failed},
		{record.Inconclusive, record.Held, record.Inconclusive},
		{record.Held, record.NotRun, record.NotRun},
		{record.Held, record.Held, record.Held},
	} {
		shards := shardsOf(2)
		shards[0].Results[1].Outcome, shards[1].Results[1].Outcome = c.first, c.second
		merged, err := record.Merge(shards)
		if err != nil || len(merged.Results) != 3 || merged.Results[1].Outcome != c.want {
			t.Errorf("%+v: %v, %+v", c, err, merged)
		}
	}
}

func TestNotesAndTroubleAreMergedToo(t *testing.T) {
	shards := shardsOf(2)
	shards[0].Notes, shards[0].MeasuredAgain, shards[1].MeasuredAgain = []string{"results may be missing"}, 3, 2
	shards[1].End.Trouble, shards[0].End.Trouble = "the reaper is gone", "no evidence"
	merged, err := record.Merge(shards)
	if err != nil {
		t.Fatal(err)
	}
	if merged.End.Trouble != "shard 1/2: the reaper is gone; shard 2/2: no evidence" {
		t.Errorf("trouble: %q", merged.End.Trouble)
	}
	if !slices.Equal(merged.Notes, []string{"shard 2/2: results may be missing"}) || merged.MeasuredAgain != 5 {
		t.Errorf("notes %q, and %d measured again", merged.Notes, merged.MeasuredAgain)
	}
}

func TestWhatIsNoWholeRunIsRefused(t *testing.T) {
	last := func(change func(*record.Record)) func([]*record.Record) []*record.Record {
		return func(shards []*record.Record) []*record.Record {
			change(shards[0])
			return shards
		}
	}
	run := func(change func(*record.Run)) func([]*record.Record) []*record.Record {
		return last(func(r *record.Record) { change(&r.Run) })
	}
	for want, change := range map[string]func([]*record.Record) []*record.Record{
		"there is no record": func([]*record.Record) []*record.Record { return nil },
		"2/3 is missing": func(shards []*record.Record) []*record.Record {
			return []*record.Record{shards[0], shards[2]}
		},
		"1/3 is missing": func(shards []*record.Record) []*record.Record { return shards[:1] },
		"3/3 is there twice, as the runs r3 and r9": func(shards []*record.Record) []*record.Record {
			second := aShard(3, 3)
			second.Run.ID = "r9"
			return append(shards, second)
		},
		"2/3 is there twice, as the runs r2 and r2": func(shards []*record.Record) []*record.Record { return append(shards, shards[1]) },
		`2/3 has the id "r3", as no other run may`:  func(s []*record.Record) []*record.Record { s[1].Run.ID = "r3"; return s },
		`1/3 has the id "", as no other run may`:    func(s []*record.Record) []*record.Record { s[2].Run.ID = ""; return s },
		"3/4 is not one of 3, as 1/3 is": func(s []*record.Record) []*record.Record {
			s[0].Run.Shard = "3/4"
			return []*record.Record{s[2], s[1], s[0]}
		},
		`the run r3 is no shard: it has the shard ""`:       run(func(r *record.Run) { r.Shard = "" }),
		`it has the shard "03/3"`:                           run(func(r *record.Run) { r.Shard = "03/3" }),
		`it has the shard "4/3"`:                            run(func(r *record.Run) { r.Shard = "4/3" }),
		`it has the shard "3"`:                              run(func(r *record.Run) { r.Shard = "3" }),
		`it has the shard "9223372036854775808/3"`:          run(func(r *record.Run) { r.Shard = "9223372036854775808/3" }),
		"2/9223372036854775807 is not one of 3":             func(s []*record.Record) []*record.Record { s[1].Run.Shard = "2/9223372036854775807"; return s },
		"3/3: it did not come to its end: run it again":     last(func(r *record.Record) { r.End = nil }),
		"3/3: it has 2 results, and the plan gave it 3":     run(func(r *record.Run) { r.Specs = 3 }),
		"3/3: it does not say by which plan":                run(func(r *record.Run) { r.Plan = "" }),
		"3/3: it was merged before":                         run(func(r *record.Run) { r.Parts = []record.Part{{}} }),
		`3/3 and 1/3 are not of one run: the digest is "x"`: run(func(r *record.Run) { r.Digest = "x" }),
		`the target is "x" here and "embedded" there`:       run(func(r *record.Run) { r.Target = "x" }),
		`the profile is "faithful" here and "quick" there`:  run(func(r *record.Run) { r.Profile = "faithful" }),
		`the seed is "8" here and "7" there`:                run(func(r *record.Run) { r.Seed = 8 }),
		`the focus is "hang" here and "" there`:             run(func(r *record.Run) { r.Focus = "hang" }),
		`the service is "user.a" here`:                      run(func(r *record.Run) { r.Service = "user.a" }),
		`the selection of choices is "c" here`:              run(func(r *record.Run) { r.Choices = "c" }),
		`the mutant is "m" here`:                            run(func(r *record.Run) { r.Mutant = "m" }),
		`the version of hero_chaos is "v2" here`:            run(func(r *record.Run) { r.Version = "v2" }),
		`the plan is "p2" here and "p1" there`:              run(func(r *record.Run) { r.Plan = "p2" }),
		`the tolerance is "1" here`:                         run(func(r *record.Run) { r.Tolerance = 1 }),
		`the scale is "2" here`:                             run(func(r *record.Run) { r.Scale = 2 }),
		"they have different promises":                      run(func(r *record.Run) { r.Promises = r.Promises[:1] }),
		"they have different services":                      run(func(r *record.Run) { r.Services = []record.Service{{}} }),
		"they have different confirmed assumptions":         run(func(r *record.Run) { r.Confirmed = []string{"all"} }),
		`3/3: its evidence "../../etc/passwd" lies outside`: last(func(r *record.Record) { r.Evidence[0].Path = "../../etc/passwd" }),
		`3/3: its evidence "/etc/passwd" lies outside`:      last(func(r *record.Record) { r.Evidence[0].Path = "/etc/passwd" }),
		`restart.sigterm on "user.1" is in 1/3 and in 3/3`:  last(func(r *record.Record) { r.Results[0].Service = "user.1" }),
		`restart.sigterm on "user.3" is in 3/3 and in 3/3`:  last(func(r *record.Record) { r.Results = append(r.Results, r.Results[0]) }),
		`isolation.bystanders on "" is in 3/3 and in 3/3`: func(s []*record.Record) []*record.Record {
			s[0].Results, s[1].Results = append(s[0].Results, s[0].Results[1]), append(s[1].Results[:1], aResult("user.x"))
			return s
		},
		"isolation.bystanders is about all of a run, and only 2 of 3 shards were asked": last(func(r *record.Record) { r.Results[1].Promise = "restart.sigterm" }),
	} {
		shards := shardsOf(3)
		merged, err := record.Merge(change(shards))
		if err == nil || merged != nil || !strings.HasPrefix(err.Error(), "merge shards: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, not %q", err, want)
		}
	}
	huge := aShard(1, 2)
	huge.Run.Shard = "1/9223372036854775807"
	if _, err := record.Merge([]*record.Record{huge}); err == nil || !strings.Contains(err.Error(), "2/9223372036854775807 is missing") {
		t.Errorf("%v", err)
	}
}

// FuzzMerge: whatever two files say, merging them is an error or a record that can be written, in which no two
// results are the same, and no recovery of one shard belongs to a result of the other.
func FuzzMerge(f *testing.F) {
	for _, change := range []func(*record.Record){func(*record.Record) {}, func(r *record.Record) { r.Run.Plan = "p2" }, func(r *record.Record) { r.Results = r.Results[:1] }} {
		shards := shardsOf(2)
		change(shards[0])
		one, _ := json.Marshal(shards[1])
		other, _ := json.Marshal(shards[0])
		f.Add(one, other)
	}
	f.Fuzz(func(t *testing.T, one, other []byte) {
		var shards []*record.Record
		for _, data := range [][]byte{one, other} {
			path := filepath.Join(t.TempDir(), "record.json")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			read, err := record.Load(path)
			if err != nil {
				return
			}
			shards = append(shards, read)
		}
		merged, err := record.Merge(shards)
		if err != nil {
			return
		}
		if _, err := json.Marshal(merged); err != nil {
			t.Fatal(err)
		}
		seen, shardOf := map[record.Key]bool{}, map[string]string{}
		for _, recovery := range merged.Recoveries {
			shardOf[recovery.ID] = recovery.Shard
		}
		for _, result := range merged.Results {
			if seen[result.Key()] {
				t.Fatalf("%+v is there twice", result.Key())
			}
			seen[result.Key()] = true
			for _, id := range result.Recoveries {
				if shard, ok := shardOf[id]; ok && shard != result.Shard {
					t.Fatalf("the recovery %q of shard %s belongs to a result of shard %s", id, shard, result.Shard)
				}
			}
		}
	})
}
