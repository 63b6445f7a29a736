package target

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/spelling"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

// durationLimit bounds durations so that their multiples do not overflow.
const durationLimit = 24 * time.Hour

const (
	// reservedPrefix begins the names of the harness's own services (protocol.VictimPrefix, inspect.Prefix).
	reservedPrefix = "hero_chaos."
	// socketLimit is the longest path of a unix socket in bytes: sun_path has 108 with its end.
	socketLimit = 107
)

// problem is an error at a place in the file.
type problem struct {
	at   string // a YAML path: "$.services[3].socket"
	text string
}

func wrong(at, format string, args ...any) *problem {
	return &problem{at: at, text: fmt.Sprintf(format, args...)}
}

// check returns the first problem of the target, or nil.
func (t *Target) check() *problem {
	for _, check := range []func(*Target) *problem{
		(*Target).checkName, (*Target).checkImage, (*Target).checkContainer, (*Target).checkSockets, (*Target).checkDialect,
		(*Target).checkConfirmed, (*Target).checkTimes, (*Target).checkServices, (*Target).checkRest, (*Target).checkEnvironments,
	} {
		if found := check(t); found != nil {
			return found
		}
	}
	return nil
}

func (t *Target) checkName() *problem {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`).MatchString(t.Name) {
		return wrong("$.name", "the name is %q: use small letters, digits, '.', '_' and '-', at most 64", t.Name)
	}
	if strings.ContainsFunc(t.Description, isUnprintable) {
		return wrong("$.description", "the description holds a control character: write one line of text")
	}
	return nil
}

func (t *Target) checkImage() *problem {
	if strings.HasPrefix(t.Image.Reference, "-") || strings.ContainsFunc(t.Image.Reference, func(r rune) bool { return r == ' ' || isUnprintable(r) }) {
		return wrong("$.image.reference", "%q is not a reference of an image", t.Image.Reference)
	}
	built := len(t.Image.Build) > 0 && t.Image.Build[0] != ""
	if built == (t.Image.Reference != "") {
		return wrong("$.image", "give either the image's reference or the command that builds it")
	}
	if t.Image.Archive != "" && (!built || !filepath.IsLocal(t.Image.Archive)) {
		return wrong("$.image.archive", "an archive replaces a build and lies below the root of hero_chaos: give a build and a relative path, or remove archive")
	}
	if t.Image.Mutant != "" && !built {
		return wrong("$.image.mutant", "only an image that is built here has mutants: remove mutant")
	}
	if t.Image.Choices != "" && !built {
		return wrong("$.image.choices", "only an image that is built here has choices: remove choices")
	}
	return nil
}

// steering matches the variables that steer the harness, the tools that it calls, or the machinery of a workflow.
var steering = regexp.MustCompile(`^(PATH|HOME|TMPDIR|SHELL|IFS|ENV|BASH_ENV|STATUS_TOKEN|SIGNING_KEY|(DOCKER|HERO_CHAOS|TESTCONTAINERS|GINKGO|GO|CGO|LD|GIT|SSH|BUILDX|BUILDKIT|XDG|ACTIONS|GITHUB|GITEA|RUNNER)_.*|GO[A-Z0-9]*|(?i:(https?|all|no|ftp)_proxy))$`)

// capabilities are those that a target file may add. None of them reaches beyond the container's own namespaces and limits.
var capabilities = []string{"IPC_LOCK", "NET_ADMIN", "SYS_NICE", "SYS_PTRACE", "SYS_RESOURCE"}

func (t *Target) checkContainer() *problem {
	container := t.Container
	if found := cmp.Or(
		checkPort("$.container.port", container.Port),
		checkPort("$.container.publish_port", container.PublishPort),
	); found != nil {
		return found
	}
	if container.PublishPort != 0 && container.Port == 0 {
		return wrong("$.container.publish_port", "publish_port needs the port in the container: add port")
	}
	for i, port := range container.Ports {
		at := fmt.Sprintf("$.container.ports[%d]", i)
		if port == 0 {
			return wrong(at, "0 is no port")
		}
		if found := checkPort(at, port); found != nil {
			return found
		}
	}
	if container.Data != "" && !isClean(container.Data) {
		return wrong("$.container.data", "%q is not an absolute path in the container", container.Data)
	}
	if isSystemFolder(container.Data) { // a volume there hides the image, and a fault would fill what is the host's
		return wrong("$.container.data", "no volume can be mounted on %s: name the folder that holds the image's data", container.Data)
	}
	for i, name := range container.Capabilities {
		if !slices.Contains(capabilities, name) {
			return wrong(fmt.Sprintf("$.container.capabilities[%d]", i), "%q is not a capability that may be added: use some of %s", name, strings.Join(capabilities, ", "))
		}
	}
	variable := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	for name := range container.Env {
		if !variable.MatchString(name) {
			return wrong("$.container.env", "%q is not a name of a variable", name)
		}
	}
	for i, name := range container.Secrets {
		at := fmt.Sprintf("$.container.secrets[%d]", i)
		if !variable.MatchString(name) { // the text may be a secret: it is not repeated
			return wrong(at, "a secret is the name of a variable: its value stays in the environment")
		}
		if steering.MatchString(name) {
			return wrong(at, "%s steers the harness or its tools, so it is not passed on: give the secret another name", name)
		}
		if _, ok := container.Env[name]; ok {
			return wrong(at, "%s is a secret and has a value under env: remove the value", name)
		}
	}
	return nil
}

func (t *Target) checkSockets() *problem {
	for i, socket := range t.Zinit.Sockets {
		if found := checkSocket(fmt.Sprintf("$.zinit.sockets[%d]", i), socket); found != nil {
			return found
		}
	}
	return nil
}

// checkDialect checks the part of a dialect that the file has.
func (t *Target) checkDialect() *problem {
	if t.Zinit.Dialect == nil {
		return nil
	}
	if err := t.Zinit.Dialect.Check(); err != nil {
		return wrong("$.zinit.dialect", "%v", err)
	}
	return nil
}

func (t *Target) checkConfirmed() *problem {
	ids := []string{All}
	for _, assumption := range zinit.Assumptions() {
		ids = append(ids, assumption.ID)
	}
	for i, id := range t.Confirmed {
		if !slices.Contains(ids, id) {
			return wrong(fmt.Sprintf("$.confirmed[%d]", i), "there is no assumption %q%s", id, spelling.DidYouMean(id, ids))
		}
	}
	return nil
}

func (t *Target) checkTimes() *problem {
	if found := cmp.Or(
		checkTime("$.health.interval", t.Health.Interval),
		checkTime("$.health.timeout", t.Health.Timeout),
		checkTime("$.health.start_period", t.Health.StartPeriod),
		checkTime("$.budgets.restart", t.Budgets.Restart),
		checkTime("$.budgets.serving", t.Budgets.Serving),
		checkTime("$.budgets.tolerance", t.Budgets.Tolerance),
		checkTime("$.budgets.boot", t.Budgets.Boot),
		checkTime("$.budgets.smoke", t.Budgets.Smoke),
		checkTime("$.budgets.stop_timeout", t.Budgets.StopTimeout),
	); found != nil {
		return found
	}
	if t.Health.Retries < 0 {
		return wrong("$.health.retries", "%d retries: give 1 or more", t.Health.Retries)
	}
	if t.Health != (Health{Retries: t.Health.Retries}) && (t.Health.Interval == 0 || t.Health.Timeout == 0) {
		return wrong("$.health", "a health check needs an interval and a timeout")
	}
	return checkPolicy("$.policy", t.Policy)
}

func checkPolicy(at string, policy zinit.RetryPolicy) *problem {
	if policy == (zinit.RetryPolicy{}) {
		return nil
	}
	backoffs := []string{string(zinit.BackoffNone), string(zinit.BackoffLinear), string(zinit.BackoffExponential)}
	if !slices.Contains(backoffs, string(policy.Backoff)) {
		return wrong(at+".backoff", "the backoff is %q%s", policy.Backoff, spelling.DidYouMean(string(policy.Backoff), backoffs))
	}
	if policy.MaxAttempts < 0 {
		return wrong(at+".max_attempts", "%d attempts: give 1 or more, or 0 for no limit", policy.MaxAttempts)
	}
	if policy.Delay == 0 {
		return wrong(at+".delay", "a retry policy needs a delay")
	}
	return cmp.Or(
		checkTime(at+".delay", policy.Delay),
		checkTime(at+".max_delay", policy.MaxDelay),
		checkTime(at+".stability_period", policy.StabilityPeriod),
	)
}

func (t *Target) checkServices() *problem {
	seen := map[string]bool{}
	for i, service := range t.Services {
		at := fmt.Sprintf("$.services[%d]", i)
		if found := checkServiceName(at+".name", service.Name); found != nil {
			return found
		}
		if seen[service.Name] {
			return wrong(at+".name", "%s is listed twice", service.Name)
		}
		seen[service.Name] = true
		if found := t.checkService(at, service); found != nil {
			return found
		}
	}
	return nil
}

// serviceName matches names that mean the same in a flag, a label, a focus, a path and a shell.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@:+#-]{0,127}$`)

func checkServiceName(at, name string) *problem {
	switch {
	case !serviceName.MatchString(name) || strings.Contains(name, ".."):
		return wrong(at, "%q is not a name of a service: use letters, digits and _ . @ : + # -, at most 128 and no two dots in a row", name)
	case strings.HasPrefix(name, reservedPrefix):
		return wrong(at, "%q begins with %s, which is reserved for services of the harness: use another name", name, reservedPrefix)
	}
	return nil
}

func (t *Target) checkService(at string, service Service) *problem {
	probed := service.Socket != "" || service.Port != 0
	switch {
	case service.Oneshot && probed:
		return wrong(at, "%s is oneshot, so it has neither socket nor port", service.Name)
	case !service.Oneshot && (service.Socket != "") == (service.Port != 0):
		return wrong(at, "%s needs either a socket or a port to be probed at", service.Name)
	case service.Port != 0 && !strings.HasPrefix(service.Health, "/"):
		return wrong(at, "%s has a port: give the path of its health page, like health: /health", service.Name)
	case service.Port == 0 && service.Health != "":
		return wrong(at+".health", "%s has no port: a health page is for HTTP, so remove health", service.Name)
	case !service.Oneshot && t.PolicyOf(service) == zinit.RetryPolicy{}:
		return wrong(at, "%s has no retry policy: give the target or the service one", service.Name)
	}
	if found := cmp.Or(checkPort(at+".port", service.Port), checkHTTPPath(at+".health", service.Health)); found != nil {
		return found
	}
	if service.Socket != "" {
		if found := checkSocket(at+".socket", service.Socket); found != nil {
			return found
		}
	}
	for i, required := range service.Requires {
		place := fmt.Sprintf("%s.requires[%d]", at, i)
		if required == service.Name {
			return wrong(place, "%s requires itself", required)
		}
		if _, ok := t.Service(required); !ok {
			return wrong(place, "there is no service %q%s", required, spelling.DidYouMean(required, t.ServiceNames()))
		}
	}
	if service.Policy != nil {
		return checkPolicy(at+".policy", *service.Policy)
	}
	return nil
}

func (t *Target) checkRest() *problem {
	if services := t.Inventory.Services; services != 0 && services < len(t.Services) {
		return wrong("$.inventory.services", "the inventory has %d services, and %d are listed", services, len(t.Services))
	}
	if t.Inventory.Actions < 0 {
		return wrong("$.inventory.actions", "%d actions: give 1 or more, or 0 if that is not known", t.Inventory.Actions)
	}
	for i, smoke := range t.Smoke {
		at := fmt.Sprintf("$.smoke[%d]", i)
		if !strings.HasPrefix(smoke.Path, "/") {
			return wrong(at+".path", "%q is not a path: it must begin with /", smoke.Path)
		}
		if found := checkHTTPPath(at+".path", smoke.Path); found != nil {
			return found
		}
		if smoke.Status < 100 || smoke.Status > 599 {
			return wrong(at+".status", "%d is not an HTTP status", smoke.Status)
		}
		if t.Container.Port == 0 {
			return wrong(at, "%s cannot be requested: the container has no port", smoke.Path)
		}
	}
	return nil
}

func (t *Target) checkEnvironments() *problem {
	for _, name := range slices.Sorted(maps.Keys(t.Environments)) {
		at := "$.environments." + name
		if !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`).MatchString(name) {
			return wrong("$.environments", "%q is not a name of an environment: use small letters, digits, - and _", name)
		}
		base, err := url.Parse(t.Environments[name])
		if err != nil || !slices.Contains([]string{"http", "https"}, base.Scheme) || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
			return wrong(at, "%q is not a base URL: write http://HOST:PORT", t.Environments[name])
		}
		if base.User != nil {
			return wrong(at, "the URL holds a user or a password: a target file holds no secret")
		}
	}
	return nil
}

func checkPort(at string, port int) *problem {
	if port < 0 || port > 65535 {
		return wrong(at, "%d is not a port: it is at most 65535", port)
	}
	return nil
}

// isSystemFolder reports whether a folder is the container's root, or the kernel's own.
func isSystemFolder(folder string) bool {
	root, _, _ := strings.Cut(strings.TrimPrefix(folder, "/"), "/")
	return folder == "/" || slices.Contains([]string{"proc", "sys", "dev"}, root)
}

// checkSocket refuses a path that the kernel would cut off or refuse.
func checkSocket(at, socket string) *problem {
	switch {
	case !isClean(socket):
		return wrong(at, "%q is not an absolute path in the container", socket)
	case len(socket) > socketLimit:
		return wrong(at, "the path of the socket has %d bytes: a socket's path has at most %d", len(socket), socketLimit)
	}
	return nil
}

func checkHTTPPath(at, path string) *problem {
	if strings.ContainsFunc(path, isUnprintable) || strings.Contains(path, " ") {
		return wrong(at, "%q is not a path: it holds a blank or a control character", path)
	}
	return nil
}

func checkTime(at string, value zinit.Milliseconds) *problem {
	if value < 0 || value.Duration() > durationLimit {
		return wrong(at, "%s is not between 0 and %s", value, durationLimit)
	}
	return nil
}

// isClean reports whether p is an absolute path without detours and control characters.
func isClean(p string) bool {
	return path.IsAbs(p) && path.Clean(p) == p && !strings.ContainsFunc(p, isUnprintable)
}

func isUnprintable(letter rune) bool { return !unicode.IsPrint(letter) }
