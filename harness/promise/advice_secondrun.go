package promise

// startsAlike returns the advice for a run that starts otherwise than the first. after says after what.
func startsAlike(after string) Advice {
	return Advice{
		Why:    "A service that works after the boot and not after a restart fails when nobody looks: with other limits, another folder, or signals blocked.",
		Cause:  "Zinit prepares a run " + after + " by other code than the first run: it leaves out or adds what the failure lists.",
		Change: "Mend or replace zinit: one function has to prepare every run of {run-action}. The failure names each circumstance, before and after.",
	}
}

var circumstancesAdvice = map[string]Advice{
	CircumstancesRegistered: {
		Why:    "A service without its variables or its folder starts with defaults, and may serve other data than its own.",
		Cause:  "Zinit leaves env or dir of the action out, at the first run or at a later one, or hands one service another's.",
		Change: "Mend or replace zinit: env and dir of the definition apply to every run. Compare `zinit status` and /proc/PID/environ of {service}.",
	},
	CircumstancesKill:    startsAlike("after a kill"),
	CircumstancesHang:    startsAlike("after a failed health check"),
	CircumstancesRestart: startsAlike("that was ordered"),
	CircumstancesShipped: startsAlike("after a kill"),
	CircumstancesHealth: {
		Why:    "A health check that lacks its variables or inherits descriptors fails or leaks from its second run on.",
		Cause:  "Zinit prepares runs of a health action by other code than the first of them.",
		Change: "Mend or replace zinit: every run of a health action has the env and dir of its definition, and no descriptor of zinit.",
	},
	CircumstancesOutput: {
		Why:    "The last lines before a crash are the ones that explain it.",
		Cause:  "Zinit stops reading a run's output when the process ends, or connects only the first run to the log.",
		Change: "Mend or replace zinit: read the pipe to its end, for every run. Until then let {service} write a log of its own.",
	},
}

var ordersAdvice = map[string]Advice{
	OrdersAnswered: {
		Why:    "Whoever operates the image has to be able to stop or delete a service in any state, above all in a bad one.",
		Cause:  "Zinit waits for an event of the service, or holds a lock, while it answers the order that the failure names.",
		Change: "Mend or replace zinit: an order is answered at once, and its effect may follow.",
	},
	OrdersDecide: {
		Why:    "An order that is accepted and has no effect is worse than one that is refused.",
		Cause:  "Zinit forgets an order that comes while the service waits, is blocked, has failed or is stopping.",
		Change: "Mend or replace zinit: keep the last order as the wanted state, and compare with it after every change.",
	},
	OrdersSingle: {
		Why:    "Two processes of one service write to the same files and sockets.",
		Cause:  "Zinit starts a run without having ended the one before, or forgets a pending retry when the service is deleted.",
		Change: "Mend or replace zinit: one task owns the process of a service, and a delete ends that task.",
	},
	OrdersHarmless: {
		Why:    "An order about one service must never take another one down.",
		Cause:  "Zinit compares names by their beginning, or signals a group or pid that is not the service's.",
		Change: "Mend or replace zinit: compare whole names. Until then give services names of which none begins another.",
	},
	OrdersAttempts: {
		Why:    "Somebody who restarts a service often by hand must not use up the attempts that it has for crashes.",
		Cause:  "Zinit counts a run that was ended by order as one that failed.",
		Change: "Mend or replace zinit: only ends that nobody asked for count. Until then raise max_attempts in {run-action} (registered now: {policy}).",
	},
}
