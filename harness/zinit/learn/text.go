package learn

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// understanding returns what was learned as data.
func (l *learner) understanding(level Level) Understanding {
	found := Understanding{Level: level, Missing: l.missing, Spelling: zinit.Spelling{Dialect: l.spoken, Templates: l.templates}}
	for _, operation := range dialect.Operations() {
		call, known := l.spoken.Operations[operation]
		reading := Reading{Ours: string(operation), How: Missing}
		if known {
			reading.Theirs, reading.How = call.Method, l.howOf(string(operation))
		}
		found.Readings = append(found.Readings, reading)
	}
	for _, document := range slices.Sorted(maps.Keys(l.spoken.Documents)) {
		for _, known := range dialect.Members(document) {
			name := string(document) + "." + known.Name
			member, placed := l.spoken.Documents[document][known.Name]
			how := l.howOfMember(document, known.Name)
			if !placed && !applies(document, known.Name) {
				continue
			}
			if !placed {
				found.Readings = append(found.Readings, Reading{Ours: name, How: Missing})
				continue
			}
			theirs := member.At.String()
			if member.Form != "" {
				theirs += " (" + string(member.Form) + ")"
			}
			found.Readings = append(found.Readings, Reading{name, theirs, how})
			if how == Guessed {
				found.Spelling.Guessed = append(found.Spelling.Guessed, name)
			}
		}
	}
	return found
}

// Known returns the dialect without what is only guessed: what a target file says is believed.
func (u Understanding) Known() dialect.Dialect {
	known := u.Spelling.Dialect
	known.Operations, known.Documents = maps.Clone(known.Operations), maps.Clone(known.Documents)
	for document, shape := range known.Documents {
		known.Documents[document] = maps.Clone(shape)
	}
	for _, reading := range u.Readings {
		if reading.How != Guessed {
			continue
		}
		document, member, isMember := strings.Cut(reading.Ours, ".")
		if isMember {
			delete(known.Documents[dialect.Document(document)], member)
		} else {
			delete(known.Operations, dialect.Operation(reading.Ours))
		}
	}
	return known
}

// applies reports whether a member says something of a document: a run action has no schedule, and a health action is not retried.
func applies(document dialect.Document, member string) bool {
	switch document {
	case dialect.Action:
		return !strings.HasPrefix(member, "schedule.")
	case dialect.HealthAction:
		return !strings.HasPrefix(member, "retry.") && member != "oneshot"
	}
	return true
}

func (l *learner) howOf(name string) How {
	if how, known := l.how[name]; known {
		return how
	}
	return Guessed
}

// howOfMember returns how a member is known. One that both kinds of action have at the same place is known by either.
func (l *learner) howOfMember(document dialect.Document, member string) How {
	how := l.howOf(string(document) + "." + member)
	for _, other := range []dialect.Document{dialect.Action, dialect.HealthAction} {
		if own, both := l.spoken.Documents[document][member], l.spoken.Documents[other][member]; document != other && reflect.DeepEqual(own, both) &&
			(document == dialect.Action || document == dialect.HealthAction) {
			how = morePrecise(how, l.howOf(string(other)+"."+member))
		}
	}
	return how
}

// Text returns the understanding as a table: ours, theirs, how it is known.
func (u Understanding) Text() string {
	var text strings.Builder
	transport := u.Spelling.Dialect.Transport
	fmt.Fprintf(&text, "Understood: %s; framing %s", levelText(u.Level), transport.Framing)
	if transport.Path != "" {
		fmt.Fprintf(&text, " at %s", transport.Path)
	}
	text.WriteString("\n")
	if u.Level != None {
		fmt.Fprintf(&text, "  %-36s %-40s %s\n", "ours", "theirs", "how it is known")
	}
	for _, reading := range u.Readings {
		if reading.How == Missing {
			continue
		}
		fmt.Fprintf(&text, "  %-36s %-40s %s\n", reading.Ours, reading.Theirs, reading.How)
	}
	var missing []string
	for _, reading := range u.Readings {
		if reading.How == Missing {
			missing = append(missing, reading.Ours)
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(&text, "Not understood: %s\n", strings.Join(missing, ", "))
	}
	for i, sentence := range u.Missing {
		if i == 0 {
			fmt.Fprintf(&text, "To add: %s\n", sentence)
			continue
		}
		fmt.Fprintf(&text, "Missing as well: %s\n", sentence)
	}
	return text.String()
}

// Summary says in a line how far the supervisor is understood.
func (u Understanding) Summary() string {
	known := 0
	for _, reading := range u.Readings {
		if reading.How != Missing && reading.How != Guessed {
			known++
		}
	}
	return fmt.Sprintf("%s; %d words are known, %d only guessed", levelText(u.Level), known, len(u.Spelling.Guessed))
}

func levelText(level Level) string {
	switch level {
	case Full:
		return "full: services can be registered"
	case Read:
		return "read: definitions can be read, and nothing can be registered"
	case Orders:
		return "orders: services can be listed, and no definition can be read"
	}
	return "nothing"
}
