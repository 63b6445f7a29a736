package dependency

import (
	"errors"
	"fmt"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/recovery"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
)

func TestACrowdThatTheDialectCannotExpressProvesNothing(t *testing.T) {
	c := newCrowd("fan", "", "", 3, func(int) bool { return true })
	for _, failure := range []error{
		fmt.Errorf("requires is only guessed: %w", zinit.ErrNotExpressible),
		&zinit.Error{Code: -32003, Message: "refused"},
	} {
		wrong, err := c.explainRegistration(t.Context(), 0, failure)
		var inconclusive *recovery.Inconclusive
		if len(wrong) > 0 || !errors.As(err, &inconclusive) {
			t.Errorf("%v: %v, %v", failure, wrong, err)
		}
	}
	if wrong, err := c.explainRegistration(t.Context(), 0, zinit.ErrConnection); len(wrong) == 0 || err != nil {
		t.Errorf("no answer: %v, %v", wrong, err)
	}
}
