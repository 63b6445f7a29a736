package promise

// truthAdvice returns the advice for registered probes that say the opposite of the truth about a behaviour.
func truthAdvice(why, cause, change string) Advice {
	return Advice{
		Why: why, Cause: "The command of {health-action} is at fault: " + cause + ".",
		Change: change + " The line `tried`, if there is one, is a whole command for one service that was run against this image; register the like as exec of each health action that is listed.",
	}
}

// cadenceAdvice returns the advice for health checks that run at the wrong time.
func cadenceAdvice(why, cause, change string) Advice {
	return Advice{
		Why: why, Cause: cause,
		Change: change + " Compare schedule in the definition of {health-action} (registered now: interval {interval}, start period {start-period}) with the times in the report; if it is right, mend or replace zinit.",
	}
}

const (
	hidesHang  = "A service in this state serves nobody, and the probe calls it healthy: the hang stays."
	falseAlarm = "A healthy service would be restarted again and again."
)

var healthAdvice = map[string]Advice{
	HealthChatty: {
		Why:    "A verbose check must not take a healthy service down.",
		Cause:  "Zinit does not read what {health-action} writes, so that the check blocks on a full pipe and times out.",
		Change: "Mend or replace zinit: read the output of checks to its end. Until then let the command of {health-action} write less.",
	},
	HealthTimeoutTree: {
		Why:    "Each check that times out leaves processes behind, until the container has none left.",
		Cause:  "Zinit kills the process of the check, or its group, and not the descendants that left it; or it sends SIGTERM alone.",
		Change: "Mend or replace zinit: kill all descendants of {health-action}. Until then put `timeout -k` into its command.",
	},
	HealthBackground: {
		Why:    "A check that starts a helper must not be the last check of its service.",
		Cause:  "Zinit waits for the end of the check's output, which the helper holds open.",
		Change: "Mend or replace zinit: a check has ended when its own process has. Until then redirect the helper's output in {health-action}.",
	},
	HealthStopped: {
		Why:    "A service that somebody stopped for maintenance must stay down.",
		Cause:  "Zinit's timer of the health check goes on after a stop, and its failure starts the service again.",
		Change: "Mend or replace zinit: the checks of a service end with its run.",
	},
	HealthAlone: {
		Why:    "Slow checks that pile up take the machine down, and their service with it.",
		Cause:  "Zinit starts {health-action} at each interval without looking whether the last run has ended.",
		Change: "Mend or replace zinit: drop a tick that falls into a run. Until then set interval_ms above the time that a check takes.",
	},
	HealthAnyExitCode: {
		Why:    "Programs say by their exit code what is wrong: curl exits with 7, a shell with 127 if the probe is missing. A service is down, and stays so.",
		Cause:  "Zinit takes only some exit codes of a check for a failure, and others for success or for no answer.",
		Change: "Mend or replace zinit: only exit code 0 passes. Until then end the command of {health-action} with `|| exit 1`.",
	},
	HealthLateCheck: {
		Why:    "A process that has just replaced one that crashed is ended for what the other did, and the outage is twice as long.",
		Cause:  "Zinit lets a check go on after the end of the process that it was begun for, and applies its outcome to whoever runs then.",
		Change: "Mend or replace zinit: a check ends with the process that it was begun for, or its outcome is dropped.",
	},
	HealthOwnFailures: {
		Why:    "A process that inherits the failures of the one before is ended at its first slow answer; one that is never replaced again hangs for good.",
		Cause:  "Zinit keeps the count of failed checks for the service and not for its process, or limits how often a check may replace it.",
		Change: "Mend or replace zinit: the count begins at 0 with each process, and the check goes on with each.",
	},
	HealthSignalled: {
		Why:    "A check that crashes says nothing good about its service, and a hang behind it is never found.",
		Cause:  "Zinit looks at the exit code alone, which is 0 for a process that a signal has ended.",
		Change: "Mend or replace zinit: a check that a signal ends has failed.",
	},
	HealthCadence: cadenceAdvice("A hang is found one interval late at most, if the checks run at all.",
		"Zinit runs a check only until it has passed once, or at another interval; or the schedule is missing in the health action.", "Set schedule.interval_ms."),
	HealthRecorded: {
		Why:    "Without a record of its checks nobody can tell afterwards since when a service was ill.",
		Cause:  "Zinit writes no job record for the runs of health checks.",
		Change: "Mend or replace zinit: job.list has to have each run of {health-action}. `zinit logs {health-action}` is the way round.",
	},
	HealthLogged: {
		Why:    "The checklist asks to see the health checks in zinit's logs.",
		Cause:  "Zinit writes no line to the log of the health action.",
		Change: "Mend or replace zinit; until then let the command of {health-action} print a line itself.",
	},
	HealthFixedRate: cadenceAdvice("Slow replies must not make the checks rarer.",
		"Zinit counts the interval from the end of a check.", "Nothing in the definition changes that, but a shorter interval hides it."),
	HealthStartPeriod: cadenceAdvice("A check that comes too early kills a service that is starting; one that comes late leaves a bad start unseen.",
		"Zinit ignores start_period_ms or doubles it, or it is missing in the health action.", "Set schedule.start_period_ms."),
	HealthGraceAgain: cadenceAdvice("A replacement needs its start period as much as the first process.",
		"Zinit counts the start period from the registration and not from the start of the process.", "A longer interval hides it."),
	HealthTimeout: {
		Why:    "A check that waits for good is a check that never fails.",
		Cause:  "Zinit ignores timeout_ms of the health action, does not count the timeout as a failure, or leaves the probe running.",
		Change: "Set timeout_ms in the definition of {health-action} (registered now: {timeout}), and let the command end by itself before that (`timeout 60 ...`). If it is set, mend or replace zinit.",
	},
	HealthConsecutive: {
		Why:    "One lost reply must not restart a service, and failures long ago must not count.",
		Cause:  "Zinit ignores schedule.retries, or adds up failures that were not in a row.",
		Change: "Check schedule.retries in the definition of {health-action} (registered now: {retries}). If it is right, mend or replace zinit.",
	},
	HealthFailing: {
		Why:    "A check whose failure changes nothing protects nobody.",
		Cause:  "Zinit marks the service unhealthy and leaves it as it is.",
		Change: "Mend or replace zinit: failed checks have to be followed by a stop and a restart. Check that the action's kind is health and that it has a schedule in its definition.",
	},
	HealthSlow: {
		Why:    falseAlarm,
		Cause:  "Zinit ends checks before their timeout_ms, or the timeout of the health action is too short.",
		Change: "Set timeout_ms in the definition of {health-action} well above the slowest good reply (registered now: {timeout}). If it is, mend or replace zinit.",
	},
	HealthSocketProbed: {
		Why:    "A service whose own socket nobody asks can hang unseen.",
		Cause:  "Hero_services registers no health action for {service}, or one whose command asks another service's socket.",
		Change: "Register {health-action} with a command that asks {endpoint}, in the registration of hero_services.",
	},
	HealthPortProbed: {
		Why:    "A service whose own port nobody asks can hang unseen.",
		Cause:  "Hero_services registers no health action for {service}, or one whose command asks another port.",
		Change: "Register {health-action} with a command that asks {endpoint}, such as `curl --silent --fail --max-time 60 {endpoint}/health`, in the registration of hero_services.",
	},
	HealthEverybody: {
		Why:    "A service without a health check is never found to hang.",
		Cause:  "Hero_services registers health actions only for some services, for example only for those with a port.",
		Change: "Register a health action with a schedule for each service that is listed, in the registration of hero_services.",
	},
	HealthShippedCadence: cadenceAdvice("The shipped checks are what finds a hang in production.",
		"Zinit runs long intervals otherwise than short ones, or hero_services registers another schedule than the contract's.",
		"Set schedule to 60000 ms interval, 30000 to 60000 ms start period, timeout_ms 90000."),
	HealthTruthGood: truthAdvice(falseAlarm, "it does not take the service's real reply for a good one, or it asks the wrong place",
		"Look at the service's real reply and let the command accept it."),
	HealthTruthSlow: truthAdvice(falseAlarm, "it gives up before the reply comes, as socat does after half a second without -t",
		"Let it wait longer (`socat -t60`, `curl --max-time 60`), but less than timeout_ms ({timeout})."),
	HealthTruthStopped: truthAdvice(hidesHang, "it does not wait for the reply, or does not look whether one came",
		"Let it wait for the reply and look at it (`socat -t60 ... | grep`)."),
	HealthTruthMute: truthAdvice(hidesHang, "it does not wait for the reply, or passes at a timeout of its own",
		"Let it wait for the reply and fail without one."),
	HealthTruthAcceptClose: truthAdvice(hidesHang, "it connects, and does not look whether a reply came",
		"Let it read the reply and fail if there is none."),
	HealthTruthRPCError: truthAdvice(hidesHang, "it looks at no more than that there is a reply",
		"Let it look for \"result\" and for the status in the reply."),
	HealthTruthHTTPError: truthAdvice(hidesHang, "it does not look at the status code, as curl without --fail",
		"Add --fail to curl."),
	HealthTruthStale: truthAdvice(hidesHang, "it does not look whether it could connect",
		"Let its exit code be that of the connection, for example without `|| true`."),
	HealthTruthMissing: truthAdvice(hidesHang, "it does not look whether it could connect, or asks nobody at all, as `echo ok` does",
		"Let it ask {endpoint} and fail if it cannot."),
	HealthTruthBacklog: truthAdvice(hidesHang, "it passes if it could not connect in time",
		"Give it a time limit that fails (`timeout 60`, `curl --max-time 60`)."),
	HealthTruthWrongID: truthAdvice("A reply to somebody else's request proves nothing about this one.", "it does not compare the id of the reply with its own",
		"Let it compare the id, for example with grep or jq."),
	HealthTruthHalf: truthAdvice("A service that ends in the middle of a reply is ill.", "it does not look whether the reply is complete",
		"Let it parse the reply, for example with jq, or look for its end."),
	HealthTruthDrip: truthAdvice("A service that needs minutes for a reply is ill.", "it has no time limit for the whole reply",
		"Give it one (`timeout 60`, `curl --max-time 60`)."),
	HealthTruthUnhealthy: truthAdvice("A service that says that it is ill has to be believed.", "it does not read the status in the reply",
		"Let it compare the status with ok."),
	HealthNoHastyPass: truthAdvice(hidesHang, "it exits with 0 although no reply came: the kernel accepts the connection of a stopped service",
		"Let it wait for the reply and look at it: `socat -t60 ... | grep`, or `curl --fail --max-time 60`."),
	HealthNoHastyAdvice: truthAdvice("Half a reply is none.", "it passes before the reply is complete",
		"Let it read to the end of the reply and look for what comes last."),
}
