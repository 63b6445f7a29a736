package spec_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

func TestListCutsALongList(t *testing.T) {
	g := NewWithT(t)
	g.Expect(spec.List("found", nil)).To(BeEmpty())
	g.Expect(spec.List("found", []string{"a", "b"})).To(Equal([]spec.Line{{"found", "a"}, {"", "b"}}))
	var many []string
	for i := range 28 {
		many = append(many, fmt.Sprint(i))
	}
	lines := spec.List("found", many)
	g.Expect(lines).To(HaveLen(11))
	g.Expect(lines[10]).To(Equal(spec.Line{"", "... and 18 more"}))
}

func TestCountSaysOneOfAThing(t *testing.T) {
	g := NewWithT(t)
	g.Expect(spec.Count(1, "check")).To(Equal("1 check"))
	g.Expect(spec.Count(0, "check")).To(Equal("0 checks"))
}
