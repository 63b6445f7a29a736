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

// newCanaries makes one up for every secret.
func newCanaries(secrets []string) protocol.Canaries {
	if len(secrets) == 0 {
		secrets = []string{plainCanary}
	}
	made := protocol.Canaries{}
	for _, name := range secrets {
		made[name] = "canary-" + rand.Text()
	}
	return made
}

// plant replaces the secrets of a container that is to be started by canaries.
func plant(canaries protocol.Canaries, options *sandbox.Options) {
	environment := maps.Clone(options.Env)
	if environment == nil {
		environment = map[string]string{}
	}
	maps.Copy(environment, canaries)
	options.Env, options.Secrets = environment, nil
}

func (o *Owner) about(ctx context.Context, p protocol.SandboxParams) (sandbox.About, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return sandbox.About{}, err
	}
	return live.container.About(ctx)
}

func (o *Owner) canaries(ctx context.Context, p protocol.SandboxParams) (protocol.Canaries, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.canaries, nil
}

func (o *Owner) logged(ctx context.Context, p protocol.SandboxParams) ([]string, error) {
	live, err := o.open(ctx, p.Sandbox)
	if err != nil {
		return nil, err
	}
	return live.container.Logged(ctx, live.canaries)
}
