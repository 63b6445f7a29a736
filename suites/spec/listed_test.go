package spec_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func TestALongListIsCut(t *testing.T) {
	g := NewWithT(t)
	g.Expect(spec.Listed("found", nil)).To(BeEmpty())
	g.Expect(spec.Listed("found", []string{"a", "b"})).To(Equal([][2]string{{"found", "a"}, {"", "b"}}))
	var many []string
	for i := range 28 {
		many = append(many, fmt.Sprint(i))
	}
	lines := spec.Listed("found", many)
	g.Expect(lines).To(HaveLen(11))
	g.Expect(lines[10]).To(Equal([2]string{"", "... and 18 more"}))
}
