package registration

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2" //nolint:revive // the suites may dot-import it

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// isTaken are the specs of definitions that are strange, and can be meant.
func isTaken(chaos *session.Session) {
	plan := victim(chaos, "unknown-members").WithHealth(seldom(), stopTimeout)
	about(promise.RegistrationUnknownMembers, "may have members that nobody knows", plan.Name, func(ctx SpecContext) {
		ignoresUnknownMembers(ctx, shared(ctx, chaos), plan)
	})
	for _, length := range []int{256, 4096, 65536} {
		subject := session.VictimName(fmt.Sprintf("name-of-%d", length))
		about(promise.RegistrationLongNames, fmt.Sprintf("may have a name of %d bytes", length), subject, func(ctx SpecContext) {
			name := subject + "." + strings.Repeat("n", length-len(subject)-1)
			keepsNames(ctx, alone(ctx, chaos, "names"), promise.RegistrationLongNames, subject, name)
		})
	}
	subject := session.VictimName("odd-name")
	about(promise.RegistrationOddNames, "may have an unusual name", subject, func(ctx SpecContext) {
		keepsNames(ctx, alone(ctx, chaos, "names"), promise.RegistrationOddNames, subject,
			subject+" with spaces", subject+"-ünïcødé-名前", subject+"/../../tmp/x", subject+"\nline", subject+`"quoted"`, subject+"%s;$(true)")
	})
}

func ignoresUnknownMembers(ctx context.Context, g ground, plan session.VictimPlan) {
	g.forget(plan.Name)
	documents, err := zinit.Documents(g.dialect, plan.Definition())
	spec.Conclude(err)
	for _, document := range documents {
		embellish(document.Params)
		if _, err := g.client.Call(ctx, document.Method, document.Params); refused(err) {
			g.broken(promise.RegistrationUnknownMembers, plan.Name,
				fmt.Sprintf("%s was refused for members that are not known", plan.Name), [2]string{document.Method, answer(err)})
		} else {
			spec.Conclude(err)
		}
	}
	if !spec.Until(ctx, answering+starting, func(ctx context.Context) bool { return g.runs(ctx, plan) }) {
		spec.Conclude(ctx.Err())
		g.broken(promise.RegistrationUnknownMembers, plan.Name,
			fmt.Sprintf("%s was registered with members that are not known, and does not run", plan.Name), [2]string{"zinit", g.Word(ctx, plan.Name)})
	}
}

// embellish adds unknown members to every object of a request but to maps of the user's own.
func embellish(params map[string]any) {
	for key, value := range params {
		if inner, ok := value.(map[string]any); ok && key != "env" {
			embellish(inner)
		}
	}
	params["hero_chaos_unknown"] = map[string]any{"deep": []any{1730, nil, "x"}}
}

// keepsNames registers services that are not to run, and expects each to be refused or to be found by its name.
func keepsNames(ctx context.Context, g ground, p, subject string, names ...string) {
	g.mend()
	var lines [][2]string
	for _, name := range names {
		g.forget(name)
		definition := zinit.Define(name, zinit.RunAction(name, "sleep 3617", policy(g.chaos, delay)))
		definition.Service.Status = zinit.WantStop
		err := g.set(ctx, definition)
		service, getErr := g.Supervisor.Get(ctx, name)
		listed, listErr := g.client.Names(ctx)
		spec.Conclude(listErr)
		present := slices.Contains(listed, name)
		switch {
		case err != nil && !refused(err):
			lines = append(lines, [2]string{"silence", fmt.Sprintf("%s: %v", short(name), err)})
		case refused(err) && (getErr == nil || present):
			lines = append(lines, [2]string{"there", short(name) + " was refused, and is registered"})
		case err == nil && (getErr != nil || service.Name != name || !present):
			lines = append(lines, [2]string{"lost", fmt.Sprintf("%s was accepted; service.get: %s; listed: %t", short(name), answer(getErr), present)})
		}
		if err == nil {
			_ = g.Supervisor.Delete(ctx, name)
		}
	}
	if len(lines) > 0 {
		g.broken(p, subject, "a service's name is neither refused nor kept", lines...)
	}
}

// short is a name as fits a line.
func short(name string) string {
	const longest = 60
	if len(name) <= longest {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:longest], len(name))
}
