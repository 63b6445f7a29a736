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
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
	"forge.ourworld.tf/lhumina_code/hero_chaos/suites/spec"
)

// unusualDefinitions registers the specs of definitions that are unusual but valid.
func unusualDefinitions(chaos *session.Session) {
	itIgnoresUnknownMembers(chaos, planVictim(chaos, "unknown-members").WithHealth(rareSchedule(), stopTimeout))
	for _, length := range []int{256, 4096, 65536} {
		subject := session.VictimName(fmt.Sprintf("name-of-%d", length))
		itKeepsNames(chaos, promise.RegistrationLongNames, fmt.Sprintf("may have a name of %d bytes", length), subject,
			subject+"."+strings.Repeat("n", length-len(subject)-1))
	}
	subject := session.VictimName("odd-name")
	itKeepsNames(chaos, promise.RegistrationOddNames, "may have an unusual name", subject,
		subject+" with spaces", subject+"-ünïcødé-名前", subject+"/../../tmp/x", subject+"\nline", subject+`"quoted"`, subject+"%s;$(true)")
}

// itIgnoresUnknownMembers registers the spec of a definition with members that zinit does not have.
func itIgnoresUnknownMembers(chaos *session.Session, plan session.VictimPlan) {
	itHolds(promise.RegistrationUnknownMembers, "may have members that nobody knows", plan.Name, func(ctx SpecContext) {
		a := openMain(ctx, chaos)
		a.deleteAfterwards(plan.Name)
		documents, err := a.withUnknown(plan.Definition())
		spec.Conclude(err)
		By("register " + plan.Name + " with unknown members")
		for _, document := range documents {
			err := a.send(ctx, document)
			if isRefused(err) {
				spec.FailWith(chaos, plan.Name+" was refused for members that are not known", spec.Note(document.Method, "%v", err))
			}
			spec.Conclude(err)
		}
		if a.awaitRunning(ctx, reactionLimit+startLimit, plan) != "" {
			spec.FailWith(chaos, plan.Name+" was registered with members that are not known, and does not run", a.noteStatus(ctx, plan.Name))
		}
	})
}

// withUnknown returns the requests that register a definition, with unknown members in each object that holds members of the model. Maps of the
// user's own stay as they are.
func (a access) withUnknown(definition zinit.Definition) ([]zinit.Document, error) {
	if a.speaker == nil {
		document, err := zinit.LegacyDocument(definition)
		addUnknown(document.Params)
		return []zinit.Document{document}, err
	}
	spelling := a.speaker.Spelling()
	return a.speaker.Documents(definition, func(kind dialect.Document, written any) any {
		for name, member := range spelling.Shape(kind) {
			at := member.At
			if known, _ := dialect.MemberOf(kind, name); known.Type == dialect.Word && len(at) > 1 && isTag(at[len(at)-1]) {
				at = at[:len(at)-1] // the object is a word
			}
			for depth := range at {
				if inner, there := at[:depth].Get(written); there {
					addUnknownTo(inner)
				}
			}
		}
		return written
	})
}

// isTag reports whether a key is one by which an object says a word: {"type": "none"}.
func isTag(key string) bool { return key == "type" || key == "kind" || key == "tag" }

// addUnknown adds unknown members to each object of a request, but not to maps of the user's own.
func addUnknown(params any) {
	object, ok := params.(map[string]any)
	if !ok {
		return
	}
	for key, value := range object {
		if key != "env" {
			addUnknown(value)
		}
	}
	addUnknownTo(object)
}

func addUnknownTo(value any) {
	if object, ok := value.(map[string]any); ok {
		object["hero_chaos_unknown"] = map[string]any{"deep": []any{1730, nil, "x"}}
	}
}

// itKeepsNames registers the spec of services that are not to run: each is refused, or found by its name.
func itKeepsNames(chaos *session.Session, p, text, subject string, names ...string) {
	itHoldsApart(p, text, subject, func(ctx SpecContext) {
		a := openOwn(ctx, chaos, "names")
		a.mendAfterwards()
		var found []string
		for _, name := range names {
			a.deleteAfterwards(name)
			if what := a.tryName(ctx, name); what != "" {
				found = append(found, abbreviate(name)+" "+what)
			}
		}
		if len(found) > 0 {
			spec.FailWith(chaos, "a service's name is neither refused nor kept", spec.List("found", found)...)
		}
	})
}

// tryName registers a service under a name, and says what is wrong, or nothing.
func (a access) tryName(ctx context.Context, name string) string {
	GinkgoHelper()
	definition := zinit.Define(name, zinit.RunAction(name, "sleep 3617", scalePolicy(a.chaos, delay)))
	definition.Service.Status = zinit.WantStop
	err := a.set(ctx, definition)
	service, getErr := a.Supervisor.Get(ctx, name)
	listed, listErr := a.names(ctx)
	spec.Conclude(listErr)
	present := slices.Contains(listed, name)
	if err == nil {
		_ = a.Supervisor.Delete(ctx, name)
	}
	switch {
	case err != nil && !isRefused(err):
		return fmt.Sprintf("was not answered: %v", err)
	case err != nil && (getErr == nil || present):
		return "was refused, and is registered"
	case err == nil && (getErr != nil || service.Name != name || !present):
		return fmt.Sprintf("was accepted, and is lost; service.get: %s; listed: %t", describeAnswer(getErr), present)
	}
	return ""
}

// abbreviate quotes a name so that it fits a line.
func abbreviate(name string) string {
	const longest = 60
	if len(name) <= longest {
		return fmt.Sprintf("%q", name)
	}
	return fmt.Sprintf("%q... (%d bytes)", name[:longest], len(name))
}
