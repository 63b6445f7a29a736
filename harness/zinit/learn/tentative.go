package learn

import (
	"context"
	"maps"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/zinit/dialect"
)

// tentative are members of the trial's run action that no shipped definition shows: its variables and its folder. Each usual name is sent with a
// value of its own, beside what is executed. The one whose effect is seen is the right one.
type tentative struct {
	env  map[string]dialect.Form // by the names that are tried
	dirs []string
}

// tentativeNames are the usual names of the variables and of the folder, the likeliest first.
var (
	envNames = []string{"env", "environment", "envs", "env_vars", "envVars", "vars", "variables"}
	dirNames = []string{"dir", "cwd", "workdir", "working_dir", "workingDir", "work_dir", "directory", "working_directory", "workingDirectory"}
)

// newTentative returns what has to be tried because no shipped definition shows it.
func (l *learner) newTentative() *tentative {
	shape, found := l.spoken.Documents[dialect.Action], &tentative{env: map[string]dialect.Form{}}
	if _, known := shape["env"]; !known {
		for _, name := range l.likeCommand(envNames) {
			found.env[name] = ""
		}
	}
	if _, known := shape["dir"]; !known {
		found.dirs = l.likeCommand(dirNames)
	}
	return found
}

// likeCommand returns names in the case of the member that says what is executed: as they are, or with a capital.
func (l *learner) likeCommand(names []string) []string {
	at := l.spoken.Documents[dialect.Action]["exec"].At
	if first := at[len(at)-1][:1]; first == strings.ToLower(first) {
		return slices.Clone(names)
	}
	var found []string
	for _, name := range names {
		if !strings.Contains(name, "_") {
			found = append(found, capital(name))
		}
	}
	return found
}

func (t *tentative) isEmpty() bool { return len(t.env) == 0 && len(t.dirs) == 0 }

// put returns the templates with the members that are tried.
func (t *tentative) put(l *learner, templates dialect.Templates) (dialect.Templates, error) {
	parent := l.besideCommand()
	template := any(deepCopy(templates.Actions["run"]))
	inService := templates.Actions["run"] == nil
	if inService {
		template = deepCopy(templates.Service)
	}
	var err error
	for name, form := range t.env {
		member := dialect.Member{At: parent.Join(name), Form: form}
		encoded, failed := (dialect.Shape{"env": member}).Encode(dialect.Action, dialect.Values{"env": map[string]string{trialVariable: l.options.Trial + "-" + name}}, nil)
		if failed != nil {
			return templates, failed
		}
		value, _ := member.At.Get(any(encoded))
		if template, err = member.At.Set(template, value); err != nil {
			return templates, err
		}
	}
	for _, name := range t.dirs {
		if template, err = parent.Join(name).Set(template, l.options.Witness.Dir()); err != nil {
			return templates, err
		}
	}
	object, _ := template.(map[string]any)
	with := dialect.Templates{Service: templates.Service, Actions: maps.Clone(templates.Actions)}
	if inService {
		with.Service = object
	} else {
		with.Actions["run"] = object
	}
	return with, nil
}

// besideCommand returns the place in which the run action's command is.
func (l *learner) besideCommand() dialect.Path {
	at := l.spoken.Documents[dialect.Action]["exec"].At
	return at[:len(at)-1]
}

// isNamedIn reports whether a text names a member that is tried.
func (t *tentative) isNamedIn(text string) bool {
	for _, match := range quotedWord.FindAllStringSubmatch(text, -1) {
		name := match[1][strings.LastIndex(match[1], ".")+1:]
		if _, tried := t.env[name]; tried || slices.Contains(t.dirs, name) {
			return true
		}
	}
	return false
}

// blame takes an error for what it says of the members that are tried: another form, or one name less. It reports whether it names one.
func (t *tentative) blame(refused error) bool {
	text := refused.Error()
	named := false
	for _, match := range quotedWord.FindAllStringSubmatch(text, -1) {
		name := match[1][strings.LastIndex(match[1], ".")+1:]
		if form, tried := t.env[name]; tried && !named {
			named = true
			if next, more := nextPairsForm(form); more && !strings.Contains(strings.ToLower(text), "unknown") {
				t.env[name] = next
			} else {
				delete(t.env, name)
			}
		}
		if i := slices.Index(t.dirs, name); i >= 0 && !named {
			named = true
			t.dirs = slices.Delete(t.dirs, i, i+1)
		}
	}
	return named
}

// nextPairsForm returns the form of pairs that is tried after another.
func nextPairsForm(form dialect.Form) (dialect.Form, bool) {
	forms := []dialect.Form{"", dialect.Equals, dialect.Objects, dialect.Tuples}
	i := slices.Index(forms, form)
	if i+1 >= len(forms) {
		return "", false
	}
	return forms[i+1], true
}

// sendTentatively sends the trial's definition with what has to be tried, as far as the supervisor takes it.
func (l *learner) sendTentatively(ctx context.Context) error {
	templates := l.templates
	defer func() { l.templates = templates }()
	l.tried = l.newTentative()
	for !l.tried.isEmpty() {
		with, err := l.tried.put(l, templates)
		if err != nil {
			break
		}
		l.templates = with
		refused := l.sendDefinition(ctx)
		if refused == nil || l.isOver(ctx, refused) {
			return refused
		}
		if !l.tried.blame(refused) {
			break
		}
	}
	l.tried = &tentative{}
	l.templates = templates
	return l.sendDefinition(ctx)
}

// takeTentative takes the names whose effects were seen. Of several folders it takes the one that the supervisor has kept.
func (l *learner) takeTentative(ctx context.Context, seen Sight) {
	parent := l.besideCommand()
	if name, ok := strings.CutPrefix(seen.Value, l.options.Trial+"-"); ok {
		if form, tried := l.tried.env[name]; tried {
			l.place("env", dialect.Member{At: parent.Join(name), Form: form})
		}
	}
	if len(l.tried.dirs) == 0 || seen.Dir != l.options.Witness.Dir() {
		return
	}
	kept := l.tried.dirs
	if document, ok := l.readTrialDocument(ctx); ok && len(kept) > 1 {
		kept = slices.DeleteFunc(slices.Clone(kept), func(name string) bool {
			_, there := parent.Join(name).Get(document)
			return !there
		})
	}
	if len(kept) == 1 {
		l.place("dir", dialect.Member{At: parent.Join(kept[0])})
	}
}

// place puts a member whose effect was seen into the shapes of actions.
func (l *learner) place(name string, member dialect.Member) {
	l.spoken.Documents[dialect.Action][name] = member
	l.note("action."+name, Confirmed)
	checks, known := l.spoken.Documents[dialect.HealthAction]
	if own, placed := checks[name]; known && !placed && own.At == nil && !l.spoken.IsFlat("health") {
		checks[name] = member
	}
}

// readTrialDocument returns the trial's run action as the supervisor gives it back.
func (l *learner) readTrialDocument(ctx context.Context) (any, bool) {
	answer, ok := l.readRaw(ctx, l.options.Trial)
	if !ok {
		return nil, false
	}
	embedding := l.spoken.Embedding
	if embedding == nil {
		return answer, true
	}
	if at, placed := embedding.Kinds["run"]; placed {
		return at.Get(answer)
	}
	listed, _ := embedding.List.Get(answer)
	switch v := listed.(type) {
	case []any:
		if len(v) > 0 {
			return v[0], true
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			return v[key], true
		}
	}
	return nil, false
}
