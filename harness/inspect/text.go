package inspect

import (
	"cmp"
	"fmt"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/promise"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/learn"
)

// Text returns a report as YAML: the list `confirmed` of a target file, and everything else as comments.
func (r Report) Text() string {
	text := new(strings.Builder)
	comment := func(format string, args ...any) { line(text, "# "+format, args...) }
	r.writeUnderstood(text)
	comment("image    %s", r.Image)
	if r.Digest != "" {
		comment("         %s", r.Digest)
	}
	comment("target   %s", r.Target)
	comment("zinit    %s, dialect %s%s", cmp.Or(r.Version, "of unknown version"), r.Dialect, describeSocket(r.Socket))
	if r.Unread == "" {
		comment("registry %d services, %d actions", r.Services, r.Actions)
	}
	counts := map[Result]int{}
	for _, finding := range r.Findings {
		counts[finding.Result]++
	}
	line(text, "")
	comment("assumptions: %d confirmed, %d differ, %d unseen", counts[Confirmed], counts[Differs], counts[Unseen])
	r.writeConfirmed(text, counts[Confirmed])
	r.writeDifferences(text)
	r.writeUnseen(text)
	r.writeRemarks(text)
	for i, words := range r.Conversation {
		if i == 0 {
			line(text, "")
			comment("the conversation, without secrets:")
		}
		comment("  %s", words)
	}
	return text.String()
}

// writeUnderstood writes how the supervisor is understood, what that costs, and what a person could add.
func (r Report) writeUnderstood(text *strings.Builder) {
	comment := func(format string, args ...any) { line(text, "# "+format, args...) }
	switch {
	case r.Understood != nil:
		for words := range strings.Lines(r.Understood.Text()) {
			comment("%s", strings.TrimRight(words, "\n"))
		}
	case r.Dialect == zinit.DialectBare:
		comment("Understood: nothing: %s", r.Because)
	case r.Dialect == zinit.DialectCLI:
		comment("Understood: cli: the commands of zinit alone: %s", r.Because)
	default:
		comment("Understood: full: dialect %s, as the contract has it", r.Dialect)
	}
	need := r.understoodAs()
	count, all := promise.Judgeable(need), len(promise.All())
	if count < all {
		comment("Cost: %d of %d promises can be judged, of some services at least (hero_chaos list says what each needs: here it is %s)", count, all, need)
	} else {
		comment("Cost: none: all %d promises can be judged, unless one needs a word that is only guessed", all)
	}
	line(text, "")
}

// understoodAs returns what of the supervisor is understood, in the word of the promises' needs.
func (r Report) understoodAs() promise.Need {
	switch {
	case r.Dialect == zinit.DialectBare:
		return promise.NeedsNothing
	case r.Dialect == zinit.DialectCLI:
		return promise.NeedsCommands
	case r.Understood == nil || r.Understood.Level == learn.Full:
		return promise.NeedsRegistration
	case r.Understood.Level == learn.Read:
		return promise.NeedsDefinitions
	}
	return promise.NeedsOrders
}

func describeSocket(socket string) string {
	if socket == "" {
		return ""
	}
	return " at " + socket
}

func (r Report) writeConfirmed(text *strings.Builder, count int) {
	if count == 0 {
		line(text, "confirmed: []")
		return
	}
	line(text, "confirmed:")
	for _, finding := range r.Findings {
		if finding.Result == Confirmed {
			line(text, "  - %-28s # %s", finding.Assumption.ID, finding.Evidence)
		}
	}
}

func (r Report) writeDifferences(text *strings.Builder) {
	titled := false
	for _, finding := range r.Findings {
		if finding.Result != Differs {
			continue
		}
		if !titled {
			line(text, "")
			line(text, "# differs from the contract:")
			titled = true
		}
		line(text, "#   %s: %s", finding.Assumption.ID, finding.Evidence)
		line(text, "#     assumed: %s (%s)", finding.Assumption.Statement, finding.Assumption.Source.Name())
	}
}

// writeUnseen groups unseen assumptions by the reason.
func (r Report) writeUnseen(text *strings.Builder) {
	groups := map[string][]string{}
	var reasons []string
	for _, finding := range r.Findings {
		if finding.Result != Unseen {
			continue
		}
		if groups[finding.Evidence] == nil {
			reasons = append(reasons, finding.Evidence)
		}
		groups[finding.Evidence] = append(groups[finding.Evidence], finding.Assumption.ID)
	}
	if len(reasons) > 0 {
		line(text, "")
		line(text, "# unseen:")
	}
	for _, reason := range reasons {
		line(text, "#   %s", strings.Join(groups[reason], ", "))
		line(text, "#     %s", reason)
	}
}

func (r Report) writeRemarks(text *strings.Builder) {
	line(text, "")
	switch {
	case r.Unread != "":
		line(text, "# the definitions could not be read back: %s", r.Unread)
		return
	case len(r.Remarks) == 0:
		line(text, "# the registered definitions: nothing to remark")
		return
	}
	line(text, "# the registered definitions:")
	for _, remark := range r.Remarks {
		line(text, "#   %s", remark.Text)
		line(text, "#     %s", listServices(remark.Services))
	}
}

// listServices names up to four services, else the first three and the count.
func listServices(services []string) string {
	const most, shown = 4, 3
	if len(services) <= most {
		return strings.Join(services, ", ")
	}
	return fmt.Sprintf("%d services: %s ...", len(services), strings.Join(services[:shown], ", "))
}

// line writes one line. A part of it comes from the target, so characters that move a cursor or end a comment are removed.
func line(text *strings.Builder, format string, args ...any) {
	_, _ = text.WriteString(plain.Line(fmt.Sprintf(format, args...)))
}
