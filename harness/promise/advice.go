package promise

import "maps"

// Advice says why a promise matters, what usually breaks it, and what to change. A name in braces stands for a value of the image that
// was tested: reports/advice lists them.
type Advice struct {
	// Why says in one sentence what a failure means for whoever uses the image.
	Why string
	// Cause names what usually breaks the promise, and where that is: an action, a definition, hero_services, the entry point, or zinit.
	Cause string
	// Change says what to edit there, or what to look at first.
	Change string
}

// advices hold the advice of every promise, a file for each theme.
var advices = merge(
	bootAdvice,
	restartAdvice,
	circumstancesAdvice,
	ordersAdvice,
	retryAdvice,
	healthAdvice,
	hangAdvice,
	registrationAdvice,
	dependencyAdvice,
	processtreeAdvice,
	exposureAdvice,
	upgradeAdvice,
	persistenceAdvice,
	imageAdvice,
	loadAdvice,
	hostAdvice,
	smokeAdvice,
	isolationAdvice,
)

func merge(themes ...map[string]Advice) map[string]Advice {
	all := map[string]Advice{}
	for _, theme := range themes {
		maps.Copy(all, theme)
	}
	return all
}

// Advice returns the advice for a failure of the promise.
func (p Promise) Advice() Advice { return advices[p.ID] }
