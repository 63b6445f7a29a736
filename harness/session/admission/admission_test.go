package admission

import (
	"slices"
	"testing"
	"time"
)

// The stand-in as it is, and with the weight of real services, on two cores.
var (
	light = Cost{Memory: 110e6, Disk: 1e6, CPUPeriod: 700 * time.Millisecond, BootPeriod: 1500 * time.Millisecond}
	heavy = Cost{Memory: 1800e6, Disk: 1e6, CPUPeriod: 15 * time.Second, BootPeriod: 9 * time.Second}
)

// wanted returns as many demands as a quick run has.
func wanted(count int) []Demand {
	demands := make([]Demand, count)
	for i := range demands {
		demands[i] = Demand{Sandbox: string(rune('a' + i)), Specs: 2, Period: 15 * time.Second}
	}
	return demands
}

func TestAsManySandboxesAsTheHostBears(t *testing.T) {
	for name, c := range map[string]struct {
		host    Host
		cost    Cost
		demands int
		order   Order
		atOnce  int
		reason  Reason
		refused string
	}{
		"light":                      {host: Host{2, 22e9, 100e9}, cost: light, demands: 17, atOnce: 17, reason: ByDemand},
		"light on a small host":      {host: Host{2, 1e9, 100e9}, cost: light, demands: 17, atOnce: 6, reason: ByMemory},
		"heavy":                      {host: Host{2, 22e9, 100e9}, cost: heavy, demands: 17, atOnce: 4, reason: ByCores},
		"heavy in 6 GB":              {host: Host{2, 4200e6, 100e9}, cost: heavy, demands: 17, atOnce: 1, reason: ByMemory},
		"heavy on one core":          {host: Host{1, 22e9, 100e9}, cost: Cost{Memory: 1, CPUPeriod: 2 * time.Minute}, demands: 17, atOnce: 1, reason: ByCores},
		"a disk that is nearly full": {host: Host{2, 22e9, 20e6}, cost: Cost{Disk: 4e6}, demands: 17, atOnce: 3, reason: ByDisk},
		"nothing is known":           {demands: 17, atOnce: 17, reason: ByDemand},
		"an order":                   {host: Host{2, 100e6, 0}, cost: heavy, demands: 17, order: 2, atOnce: 2, reason: ByOrder},
		"an order above the demand":  {host: Host{2, 100e6, 0}, cost: heavy, demands: 3, order: 5, atOnce: 3, reason: ByDemand},
		"nothing is wanted":          {host: Host{2, 1e6, 0}, cost: heavy, reason: ByDemand},
		"no room": {
			host: Host{2, 2200e6, 0}, cost: heavy, demands: 17, reason: ByMemory,
			refused: "the Docker host has no room for a second container of the image: it takes 1.8 GB of memory, and sandboxes may take 75 % of " +
				"the 2.2 GB left; free some, take a larger host, or try it with --sandboxes 1",
		},
		"no room on the disk": {
			host: Host{2, 22e9, 900e6}, cost: Cost{Disk: 1e9}, demands: 1, reason: ByDisk,
			refused: "the Docker host has no room for a second container of the image: it takes 1.0 GB of disk space, and sandboxes may take 75 % of " +
				"the 900 MB left; free some, take a larger host, or try it with --sandboxes 1",
		},
	} {
		plan, err := New(c.host, c.cost, wanted(c.demands), c.order, time.Minute, 45*time.Second)
		if plan.AtOnce != c.atOnce || plan.Reason != c.reason {
			t.Errorf("%s: %d at once by %s, not %d by %s", name, plan.AtOnce, plan.Reason, c.atOnce, c.reason)
		}
		if (err == nil) != (c.refused == "") || err != nil && err.Error() != c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARunIsExpectedToTakeAsLongAsItsSandboxes(t *testing.T) {
	boot := Cost{BootPeriod: 2 * time.Second}
	for name, c := range map[string]struct {
		demands []Demand
		atOnce  Order
		want    time.Duration
	}{
		"the main sandbox alone": {nil, 0, 47 * time.Second},
		"all at once":            {wanted(17), 0, 2*time.Second + 17*2*time.Second + 15*time.Second},
		"one at a time":          {wanted(3), 1, 2*time.Second + 3*17*time.Second},
		"the longest first":      {append(wanted(3), Demand{Sandbox: "z", Period: time.Minute}), 2, 2*time.Second + 62*time.Second},
	} {
		plan, err := New(Host{}, boot, c.demands, c.atOnce, time.Minute, 45*time.Second)
		if err != nil || plan.RunPeriod != c.want {
			t.Errorf("%s: %s, not %s, %v", name, plan.RunPeriod, c.want, err)
		}
	}
}

func TestTheLongestExperimentsComeFirst(t *testing.T) {
	var names []string
	for _, demand := range Sort([]Demand{{Sandbox: "b", Period: 1}, {Sandbox: "a", Period: 1}, {Sandbox: "c", Period: 2}}) {
		names = append(names, demand.Sandbox)
	}
	if !slices.Equal(names, []string{"c", "a", "b"}) {
		t.Errorf("%v", names)
	}
}

func TestAPlanIsOneSentence(t *testing.T) {
	for want, p := range map[string]Plan{
		"a container of the image takes 110 MB of memory and 0.7 s of processor time, and 1.5 s until all serve; 17 more are needed, " +
			"and all may run at once; the run should take about 61 s": {17, ByDemand, 17, 61 * time.Second, light, Host{2, 22e9, 0}},
		"a container of the image takes 1.8 GB of memory and 15 s of processor time, and 9.0 s until all serve; 17 more are needed, and 2 may run at once " +
			"(4.2 GB of memory are left); the run should take about 3 min": {2, ByMemory, 17, 3 * time.Minute, heavy, Host{2, 4200e6, 0}},
		"a container of the image takes 1.8 GB of memory and 15 s of processor time, and 9.0 s until all serve; 17 more are needed, and 4 may run at once " +
			"(2 cores); the run should take about 2 min": {4, ByCores, 17, 2 * time.Minute, heavy, Host{2, 22e9, 0}},
		"a container of the image takes 2.0 s until all serve; 17 more are needed, and 3 may run at once (--sandboxes); the run should take about 2 min": {
			3, ByOrder, 17, 90 * time.Second, Cost{BootPeriod: 2 * time.Second}, Host{},
		},
		"a container of the image takes 2.0 s until all serve; 17 more are needed, and 3 may run at once (20 MB of disk space are left); the run should take " +
			"about 2 min": {3, ByDisk, 17, 90 * time.Second, Cost{BootPeriod: 2 * time.Second}, Host{Disk: 20e6}},
		"a container of the image takes 2.0 s until all serve; no experiment needs another one; the run should take about 47 s": {
			0, ByDemand, 0, 47 * time.Second, Cost{BootPeriod: 2 * time.Second}, Host{},
		},
	} {
		if got := p.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
