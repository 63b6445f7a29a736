package verdict_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/golden"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// contradiction is an edit of a faithful run's record. Whoever makes it counts and seals the record again, unless asIs is set.
type contradiction struct {
	wrong string
	edit  func(*record.Record)
	asIs  bool
	says  string // a part of the reason
}

// onRecovery returns an edit of the recovery of user.hero_db_server from SIGTERM.
func onRecovery(edit func(*record.Recovery)) func(*record.Record) {
	return onRecoveryOf("restart.sigterm/user.hero_db_server#", edit)
}

// injectAgain is an edit by which a fault was injected twice.
func injectAgain(r *record.Record) {
	onRecovery(func(one *record.Recovery) {
		again := *one
		again.ID += "1"
		r.Recoveries = append(r.Recoveries, again)
	})(r)
}

func onRecoveryOf(id string, edit func(*record.Recovery)) func(*record.Record) {
	return func(r *record.Record) {
		i := slices.IndexFunc(r.Recoveries, func(r record.Recovery) bool { return strings.HasPrefix(r.ID, id) })
		edit(&r.Recoveries[i])
	}
}

// onResult returns an edit of the result of a promise on a service.
func onResult(promise, service string, edit func(*record.Result)) func(*record.Record) {
	return func(r *record.Record) {
		i := slices.IndexFunc(r.Results, func(r record.Result) bool {
			return r.Promise == promise && (service == "" || r.Service == service)
		})
		edit(&r.Results[i])
	}
}

func onSigterm(edit func(*record.Result)) func(*record.Record) {
	return onResult("restart.sigterm", "user.hero_db_server", edit)
}

// onHost returns an edit of one of the results that rest on a fault of the host, and onEachHost of the fault in all of them.
func onHost(edit func(*record.Result)) func(*record.Record) {
	return onResult("host.disk-during", "", edit)
}

func onEachHost(edit func(*record.Lasting)) func(*record.Record) {
	return func(r *record.Record) {
		for _, result := range r.Results {
			if result.Lasting != nil {
				edit(result.Lasting)
			}
		}
	}
}

// moveLasting moves a fault of the host by some time.
func moveLasting(l *record.Lasting, by time.Duration) {
	for _, point := range []*record.Interval{&l.Injected, l.Landed, l.Reverted, l.Released} {
		point.Lo, point.Hi = point.Lo+int64(by), point.Hi+int64(by)
	}
}

// moveRun moves a run's own times, and the time of its id.
func moveRun(r *record.Record, by time.Duration) {
	seconds, word, _ := strings.Cut(r.Run.ID, "-")
	drawn, _ := strconv.ParseInt(seconds, 10, 64)
	r.Run.ID, r.Run.Started = fmt.Sprintf("%d-%s", drawn+int64(by/time.Second), word), r.Run.Started.Add(by)
}

// later moves what followed a fault by some time.
func later(r *record.Recovery, by time.Duration) {
	for _, point := range []*record.Interval{r.Respawned, r.Accepting, r.Serving, &r.Observed} {
		point.Hi += int64(by)
		if point != &r.Observed {
			point.Lo += int64(by)
		}
	}
	r.After.StartTime += uint64(by / (10 * time.Millisecond)) //nolint:gosec // by is positive
}

func contradictions() []contradiction {
	second := int64(time.Second)
	return []contradiction{
		{wrong: "a note of an observer's gap was lowered", edit: func(r *record.Record) { r.Recoveries[0].WorstGap-- }, asIs: true, says: "changed after it was saved"},
		{wrong: "a result was removed", edit: func(r *record.Record) { r.Results = r.Results[1:] }, asIs: true, says: "does not hold as many"},
		{wrong: "a result was removed, and the totals with it", edit: func(r *record.Record) { r.Results = r.Results[1:] }, says: "was due, and is missing"},
		{wrong: "a result was renamed", edit: func(r *record.Record) { r.Results[0].Name += "x" }, says: "was not due in this run"},
		{wrong: "a result moved to another theme", edit: onSigterm(func(r *record.Result) { r.Theme = "boot" }), says: "another theme"},
		{wrong: "the tolerance was raised within the policy", edit: func(r *record.Record) { r.Run.Tolerance -= 1e6 }, says: "not those of the target's file"},
		{wrong: "the restart limit was raised", edit: func(r *record.Record) { r.Run.Limits.Restart *= 2 }, says: "the restart limit is"},
		{wrong: "a promise was taken its proof", edit: func(r *record.Record) { r.Run.Promises[1].Proof = nil }, says: "asked for other evidence"},
		{wrong: "the target file is another", edit: func(r *record.Record) { r.Run.TargetSHA256 = strings.Repeat("0", 64) }, says: "another file of the target"},
		{wrong: "a service was renamed", edit: func(r *record.Record) { r.Run.Services[0].Name = "user.other" }, says: "the services are not those"},
		{wrong: "a service is there twice", edit: func(r *record.Record) { r.Run.Services = append(r.Run.Services, r.Run.Services[0]) }, says: "lists the service twice"},
		{wrong: "a service without a fault", edit: func(r *record.Record) {
			r.Results = slices.DeleteFunc(r.Results, func(r record.Result) bool { return r.Theme == "restart" && r.Service == "user.hero_proxy" })
			r.Planned = slices.DeleteFunc(r.Planned, func(k record.Key) bool {
				return strings.HasPrefix(k.Promise, "restart") && k.Service == "user.hero_proxy"
			})
		}, says: "no fault that took effect"},
		{wrong: "a service without a result, and without a plan for it", edit: func(r *record.Record) {
			r.Results = slices.DeleteFunc(r.Results, func(r record.Result) bool { return r.Promise == "retry.shipped" && r.Service == "user.hero_proxy" })
			r.Planned = slices.DeleteFunc(r.Planned, func(k record.Key) bool { return k.Promise == "retry.shipped" && k.Service == "user.hero_proxy" })
		}, says: "the promise is about every service"},

		{wrong: "a container ran another image", edit: func(r *record.Record) { r.Containers[0].Digest = digest("b") }, says: "of another image"},
		{wrong: "a container is there twice", edit: func(r *record.Record) { r.Containers = append(r.Containers, r.Containers[0]) }, says: "there twice, or of another image"},
		{wrong: "a container is missing", edit: func(r *record.Record) {
			r.Containers = slices.DeleteFunc(r.Containers, func(c record.Container) bool { return c.Sandbox == "main" })
		}, says: `no container of the sandbox "main"`},
		{wrong: "a container ended before the fault", edit: func(r *record.Record) {
			i := slices.IndexFunc(r.Containers, func(c record.Container) bool { return c.Sandbox == "main" })
			r.Containers[i].Until = r.Containers[i].From + 1
		}, says: "not within the life of a container"},
		{wrong: "the files of a container are missing", edit: func(r *record.Record) { r.Evidence = nil }, says: "has no file log.txt of a container"},
		{wrong: "a file lies elsewhere", edit: func(r *record.Record) { r.Evidence[0].Path = "../../etc/passwd" }, says: `the file "../../etc/passwd" is impossible`},
		{wrong: "a recovery was in another sandbox", edit: onRecovery(func(r *record.Recovery) { r.Sandbox = "other" }), says: "not within the life of a container"},
		{wrong: "a result names no sandbox", edit: onSigterm(func(r *record.Result) { r.Sandboxes = nil }), says: "does not say in which sandbox"},
		{wrong: "a result was found in another sandbox", edit: onSigterm(func(r *record.Result) { r.Sandboxes = []string{"other"} }), says: `no container of the sandbox "other"`},

		{wrong: "a recovery of another promise", edit: onRecovery(func(r *record.Recovery) { r.Promise = "restart.sigkill" }), says: "is not of a promise, service, fault or seed"},
		{wrong: "a recovery by another seed", edit: onRecovery(func(r *record.Recovery) { r.Seed++ }), says: "is not of a promise, service, fault or seed"},
		{wrong: "a recovery from another fault", edit: onRecovery(func(r *record.Recovery) { r.Fault = "SIGKILL" }), says: "is of another promise, service, fault"},
		{wrong: "a recovery on which two results stand", edit: func(r *record.Record) {
			var ids []string
			onResult("restart.sigterm", "user.hero_db_server", func(r *record.Result) { ids = r.Recoveries })(r)
			onResult("restart.zinit-kill", "user.hero_db_server", func(r *record.Result) { r.Recoveries, r.Windows = ids, nil })(r)
		}, says: "another result stands on its recovery"},
		{wrong: "a recovery is missing", edit: func(r *record.Record) {
			r.Recoveries = slices.DeleteFunc(r.Recoveries, func(r record.Recovery) bool {
				return strings.HasPrefix(r.ID, "restart.sigterm/user.hero_db_server#")
			})
		}, says: "lacks the recovery"},
		{wrong: "a result stands on no recovery", edit: onSigterm(func(r *record.Result) { r.Recoveries, r.Windows = nil, nil }), says: "the promise needs 1"},
		{wrong: "nothing shows that the service was healthy", edit: onRecovery(func(r *record.Recovery) { r.Steady = "" }), says: "was healthy before"},
		{wrong: "the fault did not land", edit: onRecovery(func(r *record.Recovery) { r.Landing = nil }), says: "nothing shows that the fault took effect"},
		{wrong: "another service changed meanwhile", edit: onRecovery(func(r *record.Recovery) { r.Disturbed = []record.Disturbance{{Service: "user.x"}} }), says: "another service changed"},
		{wrong: "the process served before it was there", edit: onRecovery(func(r *record.Recovery) { r.Serving.Lo, r.Serving.Hi = r.Exited.Lo, r.Exited.Lo }), says: "the times of its recovery"},
		{wrong: "the same process serves", edit: onRecovery(func(r *record.Recovery) { r.After = r.Before }), says: "another process serves"},
		{wrong: "nothing was awaited", edit: onRecoveryOf("hang.control/", func(r *record.Recovery) { r.Terms.Stay = 1 }), says: "nothing changed for as long as it had to"},
		{wrong: "the new process is older than its recovery", edit: onRecovery(func(r *record.Recovery) { r.After.StartTime -= 100 }), says: "are not as old as its times say"},
		{wrong: "the fault met another process", edit: onRecoveryOf("retry.shipped/user.hero_proxy#", func(r *record.Recovery) { r.After.StartTime++ }), says: "began with another process"},
		{wrong: "the replacement came 1 s later", edit: onRecovery(func(r *record.Recovery) { later(r, time.Second) }), says: "outside the time limit for the phase respawned"},
		{wrong: "the landing has no proof", edit: onRecovery(func(r *record.Recovery) { r.Landing.Proof = "" }), says: "nothing shows that the fault took effect"},
		{wrong: "nobody knows whose process it was", edit: onRecovery(func(r *record.Recovery) { r.Identity = "" }), says: "healthy before"},
		{wrong: "a hang landed before it was injected", edit: onRecoveryOf("hang.shipped/user.hero_db_server#", func(r *record.Recovery) {
			r.Landing.At.Lo = r.Injected.Lo - 1
		}), says: "times of its recovery hang.shipped/user.hero_db_server#16.1 are impossible"},
		{wrong: "a hang landed after its process had ended", edit: onRecoveryOf("hang.shipped/user.hero_db_server#", func(r *record.Recovery) {
			r.Landing.At.Hi = r.Exited.Hi + 1
		}), says: "times of its recovery hang.shipped/user.hero_db_server#16.1 are impossible"},
		{wrong: "the window was widened", edit: onSigterm(func(r *record.Result) { r.Windows[0].Latest += second }), says: "wider time limit"},
		{wrong: "the window ends before it begins", edit: onSigterm(func(r *record.Result) {
			i := slices.IndexFunc(r.Windows, func(w record.Window) bool { return w.Phase == "respawned" })
			r.Windows[i].Earliest = r.Windows[i].Latest + 1
		}), says: "wider time limit"},
		{wrong: "a window is there twice", edit: onSigterm(func(r *record.Result) { r.Windows = append(r.Windows, r.Windows[0]) }), says: "wider time limit"},
		{wrong: "a window was removed", edit: onSigterm(func(r *record.Result) { r.Windows = r.Windows[:1] }), says: "was not held to a time limit"},
		{wrong: "the policy was changed beside the service's", edit: onRecovery(func(r *record.Recovery) { r.Terms.Policy.Delay += second }), says: "the terms of its recovery"},
		{wrong: "a recovery without terms", edit: onRecovery(func(r *record.Recovery) { r.Terms = nil }), says: "by which policy its recovery was due"},
		{wrong: "the recoveries of a result changed places", edit: onResult("retry.shipped", "user.hero_proxy", func(r *record.Result) {
			slices.Reverse(r.Recoveries)
			slices.SortStableFunc(r.Windows, func(one, other record.Window) int { return -strings.Compare(one.Recovery, other.Recovery) })
		}), says: "does not follow the one before"},
		{wrong: "a recovery was seen on another day", edit: onRecovery(func(r *record.Recovery) {
			for _, point := range []*record.Interval{&r.Injected, &r.Landing.At, r.Exited, r.Noticed, r.Respawned, r.Accepting, r.Serving, &r.Observed} {
				point.Lo, point.Hi = point.Lo+20*second, point.Hi+20*second
			}
		}), says: "was not observed while the result was found"},
		{wrong: "a fault of the host is missing", edit: onHost(func(r *record.Result) { r.Lasting = nil }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host did not land", edit: onHost(func(r *record.Result) { r.Lasting.Landed = nil }), says: "nothing shows that a fault of the host"},
		{wrong: "nothing proves that a fault of the host landed", edit: onHost(func(r *record.Result) { r.Lasting.LandingProof = "" }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host landed by other words", edit: onEachHost(func(l *record.Lasting) { l.LandingProof = "trust me" }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host landed by the proof of another", edit: onEachHost(func(l *record.Lasting) {
			l.LandingProof = fmt.Sprintf(record.SupervisorStopped, 5, 5)
		}), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host left something over", edit: onEachHost(func(l *record.Lasting) { l.LandingProof = "7" + l.LandingProof }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host was let go by other words", edit: onEachHost(func(l *record.Lasting) { l.ReleaseProof = "no " + l.ReleaseProof }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host was held for no time", edit: onEachHost(func(l *record.Lasting) { *l.Landed = record.Interval{Lo: l.Reverted.Lo, Hi: l.Reverted.Lo} }), says: "are in disorder"},
		{wrong: "a fault of the host was not taken back", edit: onHost(func(r *record.Result) { r.Lasting.Reverted = nil }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host was not let go", edit: onHost(func(r *record.Result) { r.Lasting.Released = nil }), says: "nothing shows that a fault of the host"},
		{wrong: "a fault of the host landed before it was injected", edit: onEachHost(func(l *record.Lasting) { l.Landed.Lo = l.Injected.Lo - 1 }), says: "are in disorder"},
		{wrong: "a fault of the host was taken back before it landed", edit: onEachHost(func(l *record.Lasting) { *l.Reverted = l.Injected }), says: "are in disorder"},
		{wrong: "a fault of the host was let go before it was taken back", edit: onEachHost(func(l *record.Lasting) { *l.Released = *l.Landed }), says: "are in disorder"},
		{wrong: "an interval of a fault of the host is turned round", edit: onEachHost(func(l *record.Lasting) { l.Released.Lo = l.Released.Hi + 1 }), says: "are in disorder"},
		{wrong: "a fault of the host was held longer, by one of its results", edit: onHost(func(r *record.Result) { r.Lasting.Reverted.Hi++ }), says: "were held at the same time"},
		{wrong: "a fault of the host was held before the run", edit: onEachHost(func(l *record.Lasting) { moveLasting(l, -time.Hour) }), says: "not held within the life of a container"},
		{wrong: "a fault of the host was held after its container", edit: onEachHost(func(l *record.Lasting) { moveLasting(l, time.Hour) }), says: "not held within the life of a container"},
		{wrong: "a fault of the host was held after its result was found", edit: func(r *record.Record) {
			onEachHost(func(l *record.Lasting) { moveLasting(l, time.Minute) })(r)
			i := slices.IndexFunc(r.Containers, func(c record.Container) bool { return c.Sandbox == "host" })
			r.Containers[i].Until += int64(time.Minute)
		}, says: "or the fault of the host was held later"},
		{wrong: "another fault of the host was held", edit: onEachHost(func(l *record.Lasting) { l.Fault = "cpu-starved" }), says: "is not the one that the result is about"},
		{wrong: "a fault of the host was held elsewhere", edit: onEachHost(func(l *record.Lasting) { l.Sandbox = "main" }), says: "is not the one that the result is about"},
		{wrong: "a result rests on a fault of the host that it does not need", edit: func(r *record.Record) {
			var lasting *record.Lasting
			onHost(func(r *record.Result) { lasting = r.Lasting })(r)
			onSigterm(func(r *record.Result) { r.Lasting = lasting })(r)
		}, says: "is not the one that the result is about"},

		{wrong: "the run began an hour before its id was drawn", edit: func(r *record.Record) { r.Run.Started = r.Run.Started.Add(-time.Hour) }, says: "is of another form, or of another time"},
		{wrong: "the run began a minute before its first container", edit: func(r *record.Record) {
			moveRun(r, -time.Minute)
		}, says: "were not there from its beginning"},
		{wrong: "the id of the run has no time", edit: func(r *record.Record) { r.Run.ID = "run-1" }, says: "is of another form"},
		{wrong: "the id of the run is an hour older", edit: func(r *record.Record) {
			r.Run.ID = fmt.Sprint(r.Run.Started.Add(-2*time.Hour).Unix(), r.Run.ID[strings.Index(r.Run.ID, "-"):])
		}, says: "of another time"},
		{wrong: "the run ended an hour after its last container", edit: func(r *record.Record) { r.End.Finished = r.End.Finished.Add(time.Hour) }, says: "until its end"},
		{wrong: "the run ended before its last result", edit: func(r *record.Record) { r.End.Finished = r.End.Finished.Add(-5 * time.Minute) }, says: "is not within its run"},
		{wrong: "a container was there until after the run", edit: func(r *record.Record) { r.Containers[0].Until += 600 * second }, says: "until its end"},
		{wrong: "a plan without a shard", edit: func(r *record.Record) { r.Run.Plan, r.Run.Specs = "p1", 3 }, says: "of a plan without a shard"},
		{wrong: "a shard without a plan", edit: func(r *record.Record) { r.Run.Shard = "1/1" }, says: "of a shard without a plan"},
		{wrong: "more was measured again than the results say", edit: func(r *record.Record) { r.MeasuredAgain++ }, says: "were measured again, and the record counts"},
		{wrong: "a result was measured again, and not counted", edit: onSigterm(func(r *record.Result) { r.Sandboxes = append(r.Sandboxes, "main again 1") }), says: "were measured again, and the record counts"},
		{wrong: "an observer waited for longer than the run says", edit: onRecovery(func(r *record.Recovery) { r.WorstGap = 90 * second }), says: "or than the run says"},
		{wrong: "the run says that no observer waited", edit: func(r *record.Record) { r.End.WorstGap = 0 }, says: "or than the run says"},
		{wrong: "a service serves elsewhere", edit: func(r *record.Record) { r.Run.Services[0].Socket += "x" }, says: "elsewhere than the target's file says"},
		{wrong: "a service serves at no port", edit: func(r *record.Record) { r.Run.Services[0].Port++ }, says: "elsewhere than the target's file says"},
		{wrong: "an assumption is confirmed that the file does not confirm", edit: func(r *record.Record) { r.Run.Confirmed = []string{"delay-formula"} }, says: "the target's file does not confirm it"},
		{wrong: "an assumption is confirmed twice", edit: func(r *record.Record) { r.Run.Confirmed = append(r.Run.Confirmed, r.Run.Confirmed...) }, says: "is there twice"},
		{wrong: "a landing is proved by other words", edit: onRecovery(func(r *record.Recovery) { r.Landing.Proof = "trust me" }), says: "has no proof that the harness writes"},
		{wrong: "a fault that ends a process landed by stopping it", edit: onRecovery(func(r *record.Recovery) { r.Landing.Proof = "state T in 4 of 4 tasks of the worker" }), says: "has no proof that the harness writes"},
		{wrong: "a hang landed in a part of the tasks", edit: onRecoveryOf("hang.shipped/", func(r *record.Recovery) {
			r.Landing.Proof = "state T in 4 of 5 tasks and no reply for 250ms"
		}), says: "has no proof that the harness writes"},
		{wrong: "a process was identified at the socket of another service", edit: onRecovery(func(r *record.Recovery) { r.Identity = "peer of /other.sock" }), says: "was not identified where its service serves"},
		{wrong: "a fault met process 1", edit: onRecovery(func(r *record.Recovery) { r.Before.PID = 1 }), says: "has a process that cannot be"},
		{wrong: "a process has a number that the kernel does not give", edit: onRecovery(func(r *record.Recovery) { r.After.PID = 1<<22 + 1 }), says: "has a process that cannot be"},
		{wrong: "a process began with its host", edit: onRecovery(func(r *record.Recovery) { r.Before.StartTime = 0 }), says: "has a process that cannot be"},
		{wrong: "two services have one process", edit: func(r *record.Record) {
			var one record.Incarnation
			onRecoveryOf("restart.sigterm/user.hero_proxy#", func(r *record.Recovery) { one = r.Before })(r)
			onRecovery(func(r *record.Recovery) { r.Before = one })(r)
		}, says: "are of two services, and have the same process"},
		{wrong: "the host was busy for a day", edit: onRecovery(func(r *record.Recovery) { r.Pressure = 86400 * second }), says: "busy for longer than"},
		{wrong: "a result names a sandbox twice", edit: onSigterm(func(r *record.Result) { r.Sandboxes = append(r.Sandboxes, r.Sandboxes[0]) }), says: "names the sandbox"},
		{wrong: "a result was found a minute before the run", edit: onResult("boot.running", "", func(r *record.Result) { r.Started = r.Started.Add(-time.Minute) }), says: "is not within its run"},
		{wrong: "a file has no hash", edit: func(r *record.Record) { r.Evidence[0].SHA256 = "" }, says: "impossible, there twice, or of a sandbox"},
		{wrong: "a file is empty by its hash alone", edit: func(r *record.Record) {
			r.Evidence[0].SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		}, says: "impossible, there twice, or of a sandbox"},
		{wrong: "a file is empty by its size alone", edit: func(r *record.Record) { r.Evidence[0].Bytes = 0 }, says: "impossible, there twice, or of a sandbox"},
		{wrong: "a file is of a sandbox that was not there", edit: func(r *record.Record) { r.Evidence[0].Path = "evidence/other/log.txt" }, says: "or of a sandbox that was not there"},
		{wrong: "the log of a container is missing", edit: func(r *record.Record) {
			r.Evidence = slices.DeleteFunc(r.Evidence, func(e record.Evidence) bool { return e.Path == "evidence/main/log.txt" })
		}, says: `has no file log.txt of a container of the sandbox "main"`},
		{wrong: "a container has no id of the daemon", edit: func(r *record.Record) { r.Containers[0].ID = "c1" }, says: "impossible, there twice"},
		{wrong: "a promise is asked of upgrades alone", edit: func(r *record.Record) { r.Run.Promises[0].OnlyUpgrade = true }, says: "asked for other evidence"},
		{wrong: "a shipped service has longer to stop", edit: onRecovery(func(r *record.Recovery) { r.Terms.StopTimeout-- }), says: "the terms of its recovery"},
		{wrong: "a shipped service may wait for another", edit: onRecovery(func(r *record.Recovery) { r.Terms.Wait = second }), says: "the terms of its recovery"},
		{wrong: "a shipped service is not held to the outer limits", edit: func(r *record.Record) {
			onRecovery(func(r *record.Recovery) { r.Terms.Limits = nil })(r)
		}, says: "the terms of its recovery"},
		{wrong: "a shipped service may skip a retry", edit: onRecoveryOf("retry.shipped/", func(r *record.Recovery) { r.Terms.LastRetry = 2 }), says: "the terms of its recovery"},
		{wrong: "a hang may be found later than the target's file says", edit: onRecoveryOf("hang.shipped/", func(r *record.Recovery) {
			check := *r.Terms.Check
			check.Interval++
			r.Terms.Check = &check
		}), says: "the terms of its recovery"},
		{wrong: "the services and their recoveries have another policy than the target's file", edit: func(r *record.Record) {
			for _, service := range r.Run.Services {
				service.Retry.StabilityPeriod--
			}
			for _, recovery := range r.Recoveries {
				if slices.Contains(smallServices, recovery.Service) {
					recovery.Terms.Policy.StabilityPeriod--
				}
			}
		}, says: "the terms of its recovery"},
		{wrong: "a service was restarted more often than its policy tries", edit: onRecoveryOf("hang.two-at-once/", func(r *record.Recovery) {
			r.Terms.Policy.MaxAttempts, r.Terms.Retry = 1, 2
		}), says: "the terms of its recovery"},
		{wrong: "a hang was watched for less than it takes to find one", edit: onRecoveryOf("hang.control/", func(r *record.Recovery) {
			r.Terms.Check.Interval, r.Terms.Check.Timeout, r.Terms.Stay = 1, 1, 2*second
			r.Observed.Hi = r.Injected.Hi + 3*second
		}), says: "the terms of its recovery"},

		{wrong: "an observer waited for longer than it observed", edit: onRecovery(func(r *record.Recovery) {
			r.Observed.Hi = r.Serving.Hi
			r.WorstGap = r.Observed.Hi - r.Observed.Lo + 2*second
		}), says: "waited for longer than it observed"},
		{wrong: "an observer waited for a day", edit: func(r *record.Record) { r.End.WorstGap = 86400 * second }, says: "waited for longer than the run"},
		{wrong: "a result was found before its container was there", edit: func(r *record.Record) {
			onResult("boot.running", "", func(found *record.Result) {
				found.Started, found.Duration, found.Sandboxes = r.Run.Started, 1, []string{"host"}
			})(r)
		}, says: "was there while the result was found"},
		{wrong: "a result was found after its container was gone", edit: func(r *record.Record) {
			onResult("boot.running", "", func(found *record.Result) {
				found.Started, found.Duration, found.Sandboxes = r.End.Finished.Add(-time.Second), 1, []string{"host"}
			})(r)
		}, says: "was there while the result was found"},
		{wrong: "a fault met a service before another fault of it was over", edit: injectAgain, says: "are of one service, and overlap"},
		{wrong: "a fault is left out", edit: injectAgain, says: "does not stand on the recovery restart.sigterm/user.hero_db_server#"},
		{wrong: "two services serve at one socket", edit: onRecoveryOf("hang.two-at-once/hero_chaos.hang-one#", func(r *record.Recovery) {
			r.Identity = "peer of /hero_chaos/hang-other.sock"
		}), says: "were identified at the same place"},
		{wrong: "a process of ours was identified in other words", edit: onRecoveryOf("hang.two-at-once/", func(r *record.Recovery) { r.Identity = "trust me" }), says: "was not identified where its service serves"},
		{wrong: "two processes have one pid at once", edit: func(r *record.Record) {
			pid := 0
			onRecoveryOf("hang.two-at-once/hero_chaos.hang-one#", func(r *record.Recovery) { pid = r.Before.PID })(r)
			onRecoveryOf("hang.two-at-once/hero_chaos.hang-other#", func(r *record.Recovery) { r.Before.PID = pid })(r)
		}, says: "had the same pid at once"},
		{wrong: "a process is an hour older than its container", edit: onRecovery(func(r *record.Recovery) { r.Before.StartTime -= 360_000 }), says: "are not as old as its times say"},
		{wrong: "a hang landed in a process beside the one that it is about", edit: onRecoveryOf("hang.shipped/", func(r *record.Recovery) {
			r.Landing.Proof = "state T in 4 of 4 tasks of the worker"
		}), says: "has no proof that the harness writes"},
		{wrong: "a hang landed a minute after its signal", edit: onRecoveryOf("hang.shipped/user.hero_db_server#", func(r *record.Recovery) {
			r.Landing.At = record.Interval{Lo: r.Injected.Hi + 60*second, Hi: r.Injected.Hi + 61*second}
		}), says: "times of its recovery hang.shipped/user.hero_db_server#16.1 are impossible"},
		{wrong: "a shell ended after the new process had begun", edit: onRecovery(func(r *record.Recovery) {
			r.Ends = []record.Interval{{Lo: r.Observed.Hi - 1, Hi: r.Observed.Hi}}
		}), says: "the times of its recovery"},
		{wrong: "a service has another health check than its hang was found by", edit: func(r *record.Record) {
			check := *r.Run.Services[0].Check
			check.Retries = 9
			r.Run.Services[0].Check = &check
		}, says: "the terms of its recovery"},
		{wrong: "a container of a repetition in which nothing was found", edit: func(r *record.Record) {
			spare := r.Containers[0]
			spare.Sandbox, spare.ID = "spare again 1", strings.Repeat("5", 64)
			r.Containers = append(r.Containers, spare)
		}, says: `the container of the sandbox "spare again 1" is impossible`},
		{wrong: "a file has the hash of another, and is larger", edit: func(r *record.Record) { r.Evidence[1].SHA256 = r.Evidence[0].SHA256 }, says: "impossible, there twice, or of a sandbox"},
		{wrong: "two containers have one description", edit: func(r *record.Record) {
			var one record.Evidence
			for i, file := range r.Evidence {
				if strings.HasSuffix(file.Path, "/inspect.json") {
					r.Evidence[i].SHA256, r.Evidence[i].Bytes = cmp.Or(one.SHA256, file.SHA256), cmp.Or(one.Bytes, file.Bytes)
					one = r.Evidence[i]
				}
			}
		}, says: "impossible, there twice, or of a sandbox"},
		{wrong: "a file lies in another folder of that name", edit: func(r *record.Record) { r.Evidence[0].Path = "other/" + r.Evidence[0].Path }, says: "impossible, there twice, or of a sandbox"},
		{wrong: "fewer specs than none", edit: func(r *record.Record) { r.Run.Specs = -1 }, says: "of a plan without a shard"},
		{wrong: "a result that held has a corrected command", edit: onSigterm(func(r *record.Result) { r.Remedy = "exec x" }), says: "has the text of a failure"},

		{wrong: "a result that held has the text of a failure", edit: onSigterm(func(r *record.Result) { r.Failure = "x" }), says: "has the text of a failure"},
		{wrong: "a result has an outcome twice", edit: func(r *record.Record) { r.Results = append(r.Results, r.Results[0]) }, says: "the record has the result twice"},
	}
}

// TestEveryKindOfFindingIsShown judges every edit and every example. The table in README.md has all kinds, and what shows each.
func TestEveryKindOfFindingIsShown(t *testing.T) {
	shown := map[verdict.Finding]string{}
	show := func(by string, v verdict.Verdict) {
		for _, finding := range verdict.Findings() {
			if slices.ContainsFunc(v.Reasons, finding.Matches) {
				shown[finding] = cmp.Or(shown[finding], by)
			}
		}
	}
	whole, than := small(t)
	document, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contradictions() {
		r, err := record.Parse(document)
		if err != nil {
			t.Fatal(err)
		}
		c.edit(r)
		if !c.asIs {
			totals := r.Count()
			r.End.Totals = &totals
			r.Seal()
		}
		found := verdict.Judge([]*record.Record{r}, than)
		if found.Answer != verdict.Inconclusive || !strings.Contains(text(t, found), strings.ReplaceAll(c.says, `"`, `\"`)) {
			t.Errorf("%s: %s, and not %q:\n%s", c.wrong, found.Answer, c.says, text(t, found))
		}
		show(c.wrong, found)
	}
	for _, e := range examples() {
		if found, err := e.judge(t); err == nil {
			show(e.wrong, found)
		}
	}
	unknown, slower := promotable(), against()
	unknown.Results[0].Outcome = "passed"
	show("an outcome of another program", verdict.Judge([]*record.Record{unknown}, against()))
	slower.Slowdowns = []verdict.Slowdown{{Promise: "restart.recorded", Phase: "respawn", NewMedian: 2, OldMedian: 1}}
	show("an advisory promise is slower than the baseline", verdict.Judge([]*record.Record{promotable()}, slower))
	show("no file is named", verdict.Judge(nil, against()))
	show("a record of another form", verdict.Judge([]*record.Record{{Schema: "other"}}, against()))
	table := new(strings.Builder)
	_, _ = table.WriteString("| rule | finding | answer | shown by |\n|---|---|---|---|\n")
	for _, finding := range verdict.Findings() {
		if shown[finding] == "" {
			t.Errorf("neither an edit nor an example shows %q (%s)", finding.Format, finding.Code)
		}
		answer := map[verdict.Weight]verdict.Answer{verdict.Holds: verdict.Hold, verdict.Lacks: verdict.Inconclusive, verdict.Notes: "a note"}[finding.Code.Weight()]
		form := strings.NewReplacer("%s", "…", "%q", "…", "%v", "…", "%d", "…", "%%", "%").Replace(finding.Format)
		_, _ = fmt.Fprintf(table, "| `%s` | %s | %s | %s |\n", finding.Code, form, answer, shown[finding])
	}
	golden.CheckNamedSection(t, "README.md", "findings", table.String())
}
