package owner

import (
	"context"
	"crypto/rand"
	"maps"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// plainCanary stands in for the secrets of a target that names none.
const plainCanary = "HERO_CHAOS_SECRET"

// makeCanaries makes up a value for every secret.
func makeCanaries(secrets []string) protocol.Canaries {
	if len(secrets) == 0 {
		secrets = []string{plainCanary}
	}
	canaries := protocol.Canaries{}
	for _, name := range secrets {
		canaries[name] = "canary-" + rand.Text()
	}
	return canaries
}

// plant puts canaries in the place of the secrets of a container that is about to start.
func plant(canaries protocol.Canaries, options *sandbox.Options) {
	environment := maps.Clone(options.Env)
	if environment == nil {
		environment = map[string]string{}
	}
	maps.Copy(environment, canaries)
	options.Env, options.Secrets = environment, nil
}

// inspect returns how a sandbox's container was made.
func (o *Owner) inspect(ctx context.Context, p protocol.SandboxParams) (sandbox.About, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return sandbox.About{}, err
	}
	return live.container.About(ctx)
}

// readCanaries returns the canaries of a sandbox.
func (o *Owner) readCanaries(ctx context.Context, p protocol.SandboxParams) (protocol.Canaries, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.canaries, nil
}

// findLoggedCanaries returns the names of a sandbox's canaries that occur in its container's log.
func (o *Owner) findLoggedCanaries(ctx context.Context, p protocol.SandboxParams) ([]string, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.container.Logged(ctx, live.canaries.WithForms())
}
