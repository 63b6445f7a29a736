package spec_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func TestTwoRunsAreComparedInWhatIsKnownOfBoth(t *testing.T) {
	before := protocol.Circumstances{
		Aspects:     map[string]string{"umask": "0022", "nice": "0", "namespace: pid": "1", "uid": "0"},
		Environment: map[string]string{"WORD": "a", "GONE": "b", "JOB": "1"},
	}
	after := protocol.Circumstances{
		Aspects:     map[string]string{"umask": "0077", "nice": "0", "namespace: pid": "2"},
		Environment: map[string]string{"WORD": "c", "JOB": "2", "NEW": "d"},
	}
	comparison := spec.Comparison{Registered: []string{"WORD", "GONE", "NEVER"}, Except: []string{"namespace:"}}
	NewWithT(t).Expect(comparison.Compare(before, after)).To(Equal([]string{
		"umask: 0022, then 0077", "environment: GONE is no longer set", "environment: WORD has another value",
	}))
	after.Unread = []string{"environment"}
	NewWithT(t).Expect(comparison.Compare(before, after)).To(Equal([]string{"umask: 0022, then 0077"}))
}
