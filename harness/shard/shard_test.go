package shard_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/shard"
)

func key(promise string, n int) record.Key {
	return record.Key{Promise: promise, Service: fmt.Sprint("s", n), Name: "comes back"}
}

// earlier is a record of specs that took so many seconds.
func earlier(seconds map[record.Key]float64) *record.Record {
	r := &record.Record{}
	for spec, took := range seconds {
		r.Results = append(r.Results, record.Result{
			Promise: spec.Promise, Service: spec.Service, Fault: spec.Fault, Name: spec.Name, Outcome: record.Held, Duration: int64(took * float64(time.Second)),
		})
	}
	return r
}

// TestTenThousandSpecsOnAHundredRunners simulates what no single machine is enough for: waits as the suites have them,
// most of seconds and a few of minutes, experiments that several specs judge, and a fifth that nobody has measured yet.
func TestTenThousandSpecsOnAHundredRunners(t *testing.T) {
	draw := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // a test repeats itself
	var specs []shard.Spec
	took := map[record.Key]float64{}
	for n := range 10_000 {
		spec := shard.Spec{Key: key(fmt.Sprint("theme.", n%97), n)}
		if n%10 < 3 {
			spec.Group = fmt.Sprint("experiment ", n/10)
		}
		specs = append(specs, spec)
		if n%5 != 0 {
			took[spec.Key] = min(300, 5*math.Exp(1.2*draw.NormFloat64()))
		}
	}
	plan, err := shard.New(specs, shard.DurationsOf(earlier(took)), 100)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f s on the largest of 100 runners, %.3f %% above the bound of %.0f s", plan.Makespan().Seconds(), 100*plan.Distance(), plan.Bound.Seconds())
	if plan.Distance() < 0 || plan.Distance() > 0.01 {
		t.Errorf("the plan is %.3f %% above its bound", 100*plan.Distance())
	}
	exactlyOnce(t, specs, plan)
}

// failer is the common part of testing and rapid.
type failer interface{ Fatalf(string, ...any) }

// exactlyOnce fails where a spec is not in one shard, or in each where it is asked throughout, or parted from its group.
func exactlyOnce(t failer, specs []shard.Spec, plan shard.Plan) {
	places := map[record.Key][]int{}
	for i, part := range plan.Shards {
		if len(part.Specs) == 0 {
			t.Fatalf("shard %d has nothing to do", i+1)
		}
		for _, spec := range part.Specs {
			places[spec] = append(places[spec], i)
		}
	}
	groups := map[string]int{}
	for _, spec := range specs {
		want := 1
		if spec.Throughout {
			want = len(plan.Shards)
		}
		if len(places[spec.Key]) != want {
			t.Fatalf("%+v is in %d of %d shards", spec, len(places[spec.Key]), len(plan.Shards))
		}
		place, known := groups[spec.Group]
		if groups[spec.Group] = places[spec.Key][0]; known && spec.Group != "" && place != places[spec.Key][0] {
			t.Fatalf("the group %s is in shards %d and %d", spec.Group, place, places[spec.Key][0])
		}
		delete(places, spec.Key)
	}
	if len(places) > 0 {
		t.Fatalf("%v is nobody's spec", places)
	}
}

func TestEveryPlanIsWholeAndTheSameForEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var specs []shard.Spec
		took := map[record.Key]float64{}
		alone := map[string]bool{}
		for n := range rapid.IntRange(1, 60).Draw(t, "specs") {
			spec := shard.Spec{Key: key(rapid.SampledFrom([]string{"a.b", "a.c", "d.e"}).Draw(t, "promise"), n)}
			switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); kind {
			case 0:
				spec.Throughout = true
			case 1, 2:
				spec.Group = fmt.Sprint(kind)
				alone[spec.Group] = true
			default:
				alone[fmt.Sprint("spec ", n)] = true
			}
			if seconds := rapid.Float64Range(-1, 4000).Draw(t, "seconds"); rapid.Bool().Draw(t, "known") {
				took[spec.Key] = seconds
			}
			specs = append(specs, spec)
		}
		shards := rapid.IntRange(0, 12).Draw(t, "shards")
		plan, err := shard.New(specs, shard.DurationsOf(earlier(took)), shards)
		if possible := shards >= 1 && shards <= len(alone); (err == nil) != possible {
			t.Fatalf("%d shards of %d groups: %v", shards, len(alone), err)
		}
		if err != nil {
			return
		}
		exactlyOnce(t, specs, plan)
		if plan.Distance() < 0 || plan.Distance() > 1 { // a list schedule is never twice as long (Graham, 1966)
			t.Fatalf("%v above the bound", plan.Distance())
		}
		again, err := shard.New(rapid.Permutation(specs).Draw(t, "order"), shard.DurationsOf(earlier(took)), shards)
		if err != nil || again.ID != plan.ID || again.Text() != plan.Text() {
			t.Fatalf("in another order: %v\n%s\n%s", err, plan.Text(), again.Text())
		}
	})
}

func TestWhatHasNoFigureGetsTheMedian(t *testing.T) {
	known := map[record.Key]float64{key("a.b", 1): 2, key("a.b", 2): 4, key("a.b", 3): 30, key("c.d", 1): 100, key("c.d", 2): 100, key("c.d", 3): 100}
	refused := earlier(map[record.Key]float64{key("e.f", 1): 4000, key("e.f", 2): -1, key("e.f", 3): 0})
	skipped := record.Result{Promise: "e.f", Service: "s4", Outcome: record.NotRun, Duration: int64(time.Second)}
	r := earlier(known)
	r.Results = append(append(r.Results, refused.Results...), skipped)
	for spec, want := range map[record.Key]float64{
		key("a.b", 3): 30, key("a.b", 9): 4, // its promise's
		key("e.f", 1): 30, key("x.y", 1): 30, // that of all, the lower one of an even number
	} {
		plan, err := shard.New([]shard.Spec{{Key: spec}}, shard.DurationsOf(r), 1)
		if err != nil || plan.Makespan().Seconds() != want {
			t.Errorf("%+v takes %v, not %v s; %v", spec, plan.Makespan(), want, err)
		}
	}
	plan, err := shard.New([]shard.Spec{{Key: key("a.b", 1)}, {Key: key("c.d", 1)}}, shard.Durations{}, 2)
	if err != nil || plan.Distance() != 0 || plan.Makespan() != plan.Shards[1].Work {
		t.Errorf("without a record: %s, %v", plan.Text(), err)
	}
}

func TestAPlanIsNamedByWhoAsksWhat(t *testing.T) {
	specs := []shard.Spec{{Key: key("a.b", 1)}, {Key: key("a.b", 2)}, {Key: key("a.b", 3)}}
	name := func(specs []shard.Spec, took map[record.Key]float64, shards int) string {
		plan, err := shard.New(specs, shard.DurationsOf(earlier(took)), shards)
		if err != nil {
			t.Fatal(err)
		}
		return plan.ID
	}
	names := []string{
		name(specs, nil, 2), name(specs, nil, 3), name(specs[:2], nil, 2), name(specs, map[record.Key]float64{key("a.b", 1): 1, key("a.b", 2): 5, key("a.b", 3): 2}, 2),
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 4 {
		t.Errorf("different plans have one name: %q", names)
	}
}

func TestWhatCannotBeDivided(t *testing.T) {
	one := shard.Spec{Key: key("a.b", 1)}
	for want, c := range map[string]struct {
		specs  []shard.Spec
		shards int
	}{
		`two specs are the same: a.b on "s1", "comes back"`:                              {[]shard.Spec{one, one}, 1},
		"into 2 shards: it has 1 groups of specs that stay together, give 1 to 1":        {[]shard.Spec{one}, 2},
		"into 0 shards: it has 1 groups":                                                 {[]shard.Spec{one}, 0},
		"into -1 shards: it has 1 groups":                                                {[]shard.Spec{one}, -1},
		"into 1 shards: it has 0 groups of specs that stay together, give 1 to 1":        {nil, 1},
		"into 1 shards: it has 0 groups of specs that stay together":                     {[]shard.Spec{{Key: one.Key, Throughout: true}}, 1},
		"into 2 shards: it has 1 groups of specs that stay together, give 1 to 1 ":       {[]shard.Spec{{Key: key("a.b", 1), Group: "g"}, {Key: key("a.b", 2), Group: "g"}}, 2},
		"into 9223372036854775807 shards: it has 1 groups of specs that stay together, ": {[]shard.Spec{one}, math.MaxInt},
	} {
		if _, err := shard.New(c.specs, shard.Durations{}, c.shards); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestText(t *testing.T) {
	specs := []shard.Spec{
		{Key: key("hang.detected", 1)},
		{Key: key("hang.detected", 2)},
		{Key: key("restart.sigterm", 1)},
		{Key: key("restart.sigterm", 2)},
		{Key: key("load.herd", 1), Group: "load"},
		{Key: key("load.single", 1), Group: "load"},
		{Key: key("isolation.bystanders", 0), Throughout: true},
	}
	took := map[record.Key]float64{specs[0].Key: 12.5, specs[1].Key: 11.25, specs[2].Key: 5, specs[3].Key: 5.5, specs[4].Key: 36}
	plan, err := shard.New(specs, shard.DurationsOf(earlier(took)), 3)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "plan.txt", plan.Text())
}
