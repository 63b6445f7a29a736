package session

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
)

// CanarySandbox is a sandbox whose secrets are canaries: values of ours, made up for this session, that nobody has
// to keep. No real secret is handed to it, so it may be searched for them.
const CanarySandbox = "canaries"

// plainCanary stands in for the secrets of a target that names none.
const plainCanary = "HERO_CHAOS_SECRET"

// Canaries are made-up secrets by the names of their variables.
type Canaries map[string]string

// newCanaries makes one up for every secret.
func newCanaries(secrets []string) Canaries {
	if len(secrets) == 0 {
		secrets = []string{plainCanary}
	}
	made := Canaries{}
	for _, name := range secrets {
		made[name] = "canary-" + rand.Text()
	}
	return made
}

// plant replaces the secrets of a container that is to be started.
func (c Canaries) plant(options *sandbox.Options) {
	environment := maps.Clone(options.Env)
	if environment == nil {
		environment = map[string]string{}
	}
	maps.Copy(environment, c)
	options.Env, options.Secrets = environment, nil
}

// About says how the sandbox's container was made.
func (b *Sandbox) About(ctx context.Context) (sandbox.About, error) {
	var about sandbox.About
	err := b.session.link.Call(ctx, methodAbout, sandboxParams{Sandbox: b.Name}, &about)
	return about, err
}

// Canaries are the made-up secrets of CanarySandbox.
func (b *Sandbox) Canaries(ctx context.Context) (Canaries, error) {
	var canaries Canaries
	err := b.session.link.Call(ctx, methodCanaries, sandboxParams{Sandbox: b.Name}, &canaries)
	if err == nil && len(canaries) == 0 {
		err = fmt.Errorf("sandbox %s has no canaries: %s has", b.Name, CanarySandbox)
	}
	return canaries, err
}

// LoggedCanaries are the names of those canaries that occur in what the container has printed.
func (b *Sandbox) LoggedCanaries(ctx context.Context) ([]string, error) {
	var names []string
	err := b.session.link.Call(ctx, methodLogged, sandboxParams{Sandbox: b.Name}, &names)
	return names, err
}

func (o *Owner) about(ctx context.Context, p sandboxParams) (sandbox.About, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return sandbox.About{}, err
	}
	return live.container.About(ctx)
}

func (o *Owner) canaries(ctx context.Context, p sandboxParams) (Canaries, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.canaries, nil
}

func (o *Owner) logged(ctx context.Context, p sandboxParams) ([]string, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.container.Logged(ctx, live.canaries)
}
