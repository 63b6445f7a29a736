package promise

// exposureAdvice and upgradeAdvice are keyed by the ids of the promises.
var exposureAdvice = map[string]Advice{
	"image.ports": {
		Why:    "A port that nobody knows of is a way in that nobody watches.",
		Cause:  "A program or the entry point listens at 0.0.0.0, or hero_services registers a command with such an address.",
		Change: "Let the program that the report names listen at 127.0.0.1 or at a socket: change its command in the definition of its run action, the entry point, or hero_services. A port that is wanted belongs into the target file.",
	},
	"image.rpc-private": {
		Why:    "Whoever reaches the supervisor's RPC can stop every service and run any command.",
		Cause:  "The entry point or hero_services starts zinit with a TCP port, or a proxy of the image forwards one to it.",
		Change: "Start zinit with its unix socket alone in the entry point, and remove the program that forwards a port to it.",
	},
	"image.abstract-sockets": {
		Why:    "An abstract socket has no mode: every user of the container may connect.",
		Cause:  "A program, the entry point, or zinit listens at an abstract unix socket.",
		Change: "Give it a path with mode 0600 or 0660 in the command of the run action, the entry point, or the configuration of zinit; the report names the process.",
	},
	"image.world-writable": {
		Why:    "Whoever can write a program or the supervisor's state can run anything as root.",
		Cause:  "The Dockerfile or the entry point sets mode 0777 or runs with umask 0, or zinit or hero_services creates its files so.",
		Change: "Remove the write permission of others (`chmod o-w`) in the Dockerfile of the image, and set `umask 022` in the entry point before zinit and hero_services start.",
	},
	"persistence.data": {
		Why:    "What users have stored must not be lost by a restart.",
		Cause:  "The entry point, hero_services, or a program cleans the data folder at its start, or zinit kills a program that had not yet written.",
		Change: "Look for what removes or rewrites the file that the report names, in the entry point, hero_services and the program, and remove that. Raise stop_timeout_ms in the definition if the program needs longer to write.",
	},
	"processtree.files":  leakAdvice("a file"),
	"processtree.disk":   leakAdvice("logs or state"),
	"processtree.kernel": leakAdvice("a socket, a cgroup, a mount or shared memory"),
	"smoke.repeated": {
		Why:    "A page that answers most of the time is broken for some users.",
		Cause:  "A program or the proxy in front of it answers some requests with an error, for example behind several workers of which one is ill.",
		Change: "Read the log of the program behind the route at the times in the report, and mend the program or the route.",
	},
	"smoke.whole-body": {
		Why:    "Half a page is no page.",
		Cause:  "A program or the proxy in front of it ends the connection before the body is complete, or announces another length.",
		Change: "Ask the program directly and by its route, and mend the one that cuts the body.",
	},
	"smoke.after-restart": {
		Why:    "After each update of a service its pages have to work again.",
		Cause:  "The proxy keeps connections or addresses of the old process, or the program is not ready when it accepts.",
		Change: "Let the proxy connect again for its route, or let the program accept only when it can answer.",
	},
}

// afterUpgradeAdvice returns the advice for what has to outlive an upgrade and a rollback.
func afterUpgradeAdvice(why, cause string) Advice {
	return Advice{
		Why:   why,
		Cause: cause,
		Change: "Compare what zinit has in its state before and after, by the report. If the new image reads an older state otherwise, mend zinit or migrate the state in the entry point; " +
			"if hero_services or the entry point overwrites it, let the registration of hero_services change its own definitions alone.",
	}
}

var upgradeAdvice = map[string]Advice{
	"upgrade.serving":     afterUpgradeAdvice("An upgrade that does not start, or cannot be taken back, is an outage.", "Zinit or a program of the new image cannot read the state or data of the older one, or the entry point trips over its locks and pid files."),
	"upgrade.definitions": afterUpgradeAdvice("What people have registered must not vanish by an upgrade.", "Hero_services deletes or overwrites definitions that are not its own, or zinit reads an older state otherwise."),
	"upgrade.stopped":     afterUpgradeAdvice("Whoever stopped a service had a reason, also beyond an upgrade.", "Hero_services starts everything at the first boot of an image, or zinit forgets the wish in its state."),
	"upgrade.deleted":     afterUpgradeAdvice("A deleted service that comes back is a surprise and a risk.", "Hero_services or the entry point registers it again, or zinit brings it back from its state or a TOML file."),
	"upgrade.single":      afterUpgradeAdvice("Two processes of one service fight for its socket and its data.", "A service has another name in the new image and its old definition stays in the state of zinit, or the entry point starts it as well."),
	"upgrade.health":      afterUpgradeAdvice("After an upgrade hangs would no longer be found.", "Zinit reads the health actions of an older state without their schedule, or hero_services registers only run actions again."),
	"upgrade.data":        afterUpgradeAdvice("What users have stored must not be lost by an upgrade or its rollback.", "The entry point, hero_services, or a program migrates or cleans the data folder in a way that the older image cannot read."),
	"upgrade.unshipped":   afterUpgradeAdvice("A service of the older image that lives on runs untested beside the new ones.", "Zinit keeps the definition in its state, a TOML file brings it back, or hero_services does not delete what it no longer ships."),
}
