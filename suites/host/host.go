// Package host holds what is promised while the host fails its container: the supervisor is stopped, a disk is full, descriptors,
// memory or processors are short. It has a container of its own, whose data folder is small.
//
//	host.go        the theme's specs, and its victims
//	experiment.go  one fault among the victims: before, during, after
//	hung.go        a service that no signal ends
//	torn.go        a large definition that can be written only in part
//	judge.go       what the three questions about a fault are, and how they are answered
package host

import (
	"time"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/fault"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// The scaled policy and health check of the theme's victims.
const (
	delay           = 530 * time.Millisecond
	stabilityPeriod = 7 * time.Second
	stopTimeout     = 670 * time.Millisecond
	interval        = 410 * time.Millisecond
	startPeriod     = 330 * time.Millisecond
	checkTimeout    = 10 * time.Second // long: a fault of the host is no failure of the service
)

const (
	// holdPeriod is the time for which a fault is held: several intervals of the checks, and more than the delay of a retry.
	holdPeriod = 2600 * time.Millisecond
	// victimPort is a port of the loopback address that nobody else uses.
	victimPort = 47017
	// specTimeout bounds a spec that has gone wrong; nothing is judged by it.
	specTimeout = 3 * time.Minute
)

// Specs registers the specs of the theme.
func Specs(chaos *session.Session) {
	Describe("while the host fails it", spec.In(session.HostSandbox), spec.Takes(60*time.Second), Ordered, ContinueOnFailure, func() {
		residents := planResidents()
		stopped := newExperiment(chaos, residents, fault.SupervisorStopped)
		stopped.judge(promise.HostStoppedDuring, "goes on", judgeRunning)
		stopped.judge(promise.HostStoppedAfter, "comes back once", judgeAfter)
		stopped.judge(promise.HostStoppedKept, "is left alone", judgeLeftAlone, judgeDefinitions)

		descriptors := newExperiment(chaos, residents, fault.DescriptorsGone)
		descriptors.judge(promise.HostDescriptorsDuring, "goes on", judgeRunning)
		descriptors.judge(promise.HostDescriptorsAfter, "comes back once", judgeAfter)
		descriptors.judge(promise.HostDescriptorsKept, "is left alone", judgeLeftAlone, judgeDefinitions)

		processes := newExperiment(chaos, residents, fault.ProcessesGone)
		processes.exhausts = true
		processes.judge(promise.HostProcesses, "comes back once, and nobody is told to end", judgeRunning, judgeLeftAlone, judgeAfter, judgeDefinitions)

		memory := newExperiment(chaos, residents, fault.OOMKill)
		memory.ends, memory.brief, memory.starves = true, true, true
		memory.judge(promise.HostMemory, "comes back once, and nobody else ends", judgeRunning, judgeLeftAlone, judgeAfter, judgeDefinitions)

		if chaos.Configuration.Profile == config.Faithful {
			rarer(chaos, residents)
		}

		// A full disk comes last: it ends with another supervisor, whose services the census does not know.
		for _, f := range []fault.Lasting{fault.InodesGone, fault.DiskFull} {
			disk := newExperiment(chaos, residents, f)
			disk.path, disk.asks, disk.orders = chaos.Target.Container.Data, true, true
			disk.replaces, disk.floods = f == fault.DiskFull, f == fault.DiskFull
			disk.judge(promise.HostDiskDuring, "goes on, answers and restarts", judgeRunning, judgeAnswers, judgeRestarts)
			disk.judge(promise.HostDiskAfter, "comes back once, and takes orders", judgeAfter, judgeOrders)
			disk.judge(promise.HostDiskKept, "keeps all", judgeLeftAlone, judgeOrderWhole, judgeDefinitions)
			if disk.floods {
				disk.judge(promise.HostOutput, "takes what services write", judgeOutput)
			}
		}
		if chaos.Configuration.Profile == config.Faithful {
			newTorn(chaos, residents).judge() // it ends with another supervisor as well
		}
	})
}

// rarer registers the specs of what goes wrong less often, for the faithful profile.
func rarer(chaos *session.Session, residents *residents) {
	starved := newExperiment(chaos, residents, fault.CPUStarved)
	starved.judge(promise.HostCPU, "is left alone, and comes back once", judgeLeftAlone, judgeAfter, judgeDefinitions)

	backlog := newExperiment(chaos, residents, fault.BacklogFull)
	backlog.asksAfter = true
	backlog.judge(promise.HostBacklog, "answers at once, and keeps nothing", judgeRunning, judgeLeftAlone, judgeAnswers, judgeLeft, judgeAfter, judgeDefinitions)

	port := newExperiment(chaos, residents, fault.PortTaken)
	port.ends, port.port = true, victimPort
	port.judge(promise.HostPort, "is tried again, and comes back", judgeRunning, judgeLeftAlone, judgeAttempts, judgeBack, judgeDefinitions)

	socket := newExperiment(chaos, residents, fault.SocketBlocked)
	socket.ends = true
	socket.judge(promise.HostSocket, "is tried again, and comes back", judgeRunning, judgeLeftAlone, judgeFile, judgeAttempts, judgeBack, judgeDefinitions)

	newHung(chaos, residents).judge()

	names := newExperiment(chaos, residents, fault.DNSGone)
	names.asks, names.exhausts = true, true
	names.judge(promise.HostNames, "answers, checks and restarts", judgeRunning, judgeAnswers, judgeRestarts, judgeLeftAlone, judgeAfter)
}

// residents are the victims that live as long as the sandbox does.
type residents struct {
	steady, checked, patient session.VictimPlan
	registered               bool
}

// planResidents plans a victim without a health check, one that is replaced after the first check that fails, and one after the second.
func planResidents() *residents {
	schedule := zinit.Schedule{Interval: zinit.Milliseconds(interval), StartPeriod: zinit.Milliseconds(startPeriod), Retries: 1}
	later := schedule
	later.Retries = 2
	return &residents{
		steady:  planVictim("host-steady"),
		checked: planVictim("host-checked").WithHealth(schedule, checkTimeout).WithPatientProbe(checkTimeout),
		patient: planVictim("host-patient").WithHealth(later, checkTimeout).WithPatientProbe(checkTimeout),
	}
}

// all returns the residents' plans.
func (r *residents) all() []session.VictimPlan {
	return []session.VictimPlan{r.steady, r.checked, r.patient}
}

// planVictim plans a victim with the scaled policy.
func planVictim(name string) session.VictimPlan {
	return session.NewVictim(name, spec.ScalePolicy(delay, stabilityPeriod)).WithStopTimeout(stopTimeout)
}
