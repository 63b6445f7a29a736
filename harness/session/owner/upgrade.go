package owner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/sandbox"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

// asPromoted returns the options of a container of the image that is upgraded from. Nothing breaks that one on purpose.
func (o *Owner) asPromoted(options sandbox.Options) sandbox.Options {
	if o.configuration.UpgradeFrom != config.Itself {
		options.Image = o.configuration.UpgradeFrom
	}
	options.Env = maps.Clone(options.Env)
	delete(options.Env, o.target.Image.Mutant)
	delete(options.Env, o.target.Image.Choices)
	return options
}

// asTested returns the options of a container of the tested image.
func (o *Owner) asTested(options sandbox.Options) sandbox.Options {
	options.Image, options.Env = o.image, o.environment()
	return options
}

// replace ends a container and starts one of another image on its data.
func (o *Owner) replace(ctx context.Context, live *liveSandbox, p protocol.ContainerParams) (done protocol.Interruption, err error) {
	began, options := time.Now(), live.options
	killed := p.Order == protocol.UpgradeKilled || p.Order == protocol.RollbackKilled
	if killed {
		err = live.container.Kill(ctx, "SIGKILL")
	} else {
		err = live.container.Stop(ctx, p.Limit)
	}
	if err == nil {
		done.ExitCode, err = live.container.WaitExit(ctx)
	}
	if err != nil {
		return done, err
	}
	done.Took = time.Since(began)
	if p.Order == protocol.Upgrade || p.Order == protocol.UpgradeKilled {
		options = o.asTested(options)
	} else {
		options = o.asPromoted(options)
	}
	live.replaced++
	options.Name = fmt.Sprintf("%s-%d", live.options.Name, live.replaced)
	started, err := o.daemon.Start(ctx, options)
	if err != nil && ctx.Err() == nil {
		done.Refused = oneLine(err)
		return done, errors.Join(live.container.Start(ctx), ctx.Err()) // something has to be there for what comes next
	}
	if err != nil {
		return done, err
	}
	evidence := filepath.Join(o.configuration.Output, config.EvidenceFolder, fmt.Sprintf("%s-before-%d", live.instance(), live.replaced))
	o.addError(live.container.Collect(ctx, evidence))
	_ = live.container.Remove(ctx) // the reaper removes what is left
	live.container = started
	return done, nil
}
