package house_test

import (
	"regexp"
	"strings"
	"testing"
)

// declaredSandbox matches the declaration of a sandbox's name in a theme.
var declaredSandbox = regexp.MustCompile(`(\w+Sandbox) += "`)

// TestEverySandboxIsStartedBeforeItsSpecs checks that each sandbox of a theme is in a label of specs (suites/spec: In, InTurn). Its start
// would otherwise count against their time limits.
func TestEverySandboxIsStartedBeforeItsSpecs(t *testing.T) {
	var text strings.Builder
	ownFiles(t, func(path string) bool { return within(path, "suites") && strings.HasSuffix(path, ".go") }, func(_ string, content []byte) {
		text.Write(content)
	})
	declared := declaredSandbox.FindAllStringSubmatch(text.String(), -1)
	if len(declared) == 0 {
		t.Fatal("no theme declares a sandbox")
	}
	for _, match := range declared {
		name := match[1]
		// itComesBack labels its specs with its third parameter.
		labels := regexp.MustCompile(`spec\.In\w*\(` + name + `\b|itComesBack\(chaos, [\w.]+, ` + name + `\b`)
		if !labels.MatchString(text.String()) {
			t.Errorf("no spec is labelled with %s: use spec.In(%s)", name, name)
		}
	}
}
