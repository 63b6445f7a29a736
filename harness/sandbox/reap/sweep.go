package reap

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// sweep removes everything of the session once, containers first because they use the others. It returns how many objects it found, and
// how many of them it removed.
func sweep(ctx context.Context, docker *client.Client, session string) (found, removed int, err error) {
	labelled := make(client.Filters).Add("label", Label+"="+session)
	for _, list := range []func(context.Context, *client.Client, client.Filters) ([]removal, error){
		listContainers, listNetworks, listVolumes,
	} {
		removals, lerr := list(ctx, docker, labelled)
		if lerr != nil {
			return found, removed, errors.Join(err, lerr)
		}
		gone, rerr := removeAll(ctx, removals)
		found += len(removals)
		removed += gone
		err = errors.Join(err, rerr)
	}
	return found, removed, err
}

// removal removes one object.
type removal func(context.Context) error

func listContainers(ctx context.Context, docker *client.Client, labelled client.Filters) (removals []removal, err error) {
	list, err := docker.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: labelled})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	for _, c := range list.Items {
		removals = append(removals, func(ctx context.Context) error {
			_, err := docker.ContainerRemove(ctx, c.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			return err
		})
	}
	return removals, nil
}

func listNetworks(ctx context.Context, docker *client.Client, labelled client.Filters) (removals []removal, err error) {
	list, err := docker.NetworkList(ctx, client.NetworkListOptions{Filters: labelled})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	for _, n := range list.Items {
		removals = append(removals, func(ctx context.Context) error {
			_, err := docker.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
			return err
		})
	}
	return removals, nil
}

func listVolumes(ctx context.Context, docker *client.Client, labelled client.Filters) (removals []removal, err error) {
	list, err := docker.VolumeList(ctx, client.VolumeListOptions{Filters: labelled})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	for _, v := range list.Items {
		removals = append(removals, func(ctx context.Context) error {
			_, err := docker.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{Force: true})
			return err
		})
	}
	return removals, nil
}

// removeAll removes objects in parallel, because killing a container takes a while and little work. An object that is gone or is being
// removed is no error: the next sweep shows.
func removeAll(ctx context.Context, removals []removal) (removed int, err error) {
	results := make(chan error, len(removals))
	var all sync.WaitGroup
	for _, remove := range removals {
		all.Go(func() { results <- remove(ctx) })
	}
	all.Wait()
	close(results)
	for result := range results {
		switch {
		case result == nil:
			removed++
		case !errdefs.IsNotFound(result) && !errdefs.IsConflict(result):
			err = errors.Join(err, result)
		}
	}
	return removed, err
}

// file is a file in a container that is not the session's.
type file struct{ container, path string }

// removeFiles removes files by their containers' own rm. A container without one keeps them, and nobody is left to be told.
func removeFiles(ctx context.Context, docker *client.Client, files []file) {
	for _, f := range files {
		created, err := docker.ExecCreate(ctx, f.container, client.ExecCreateOptions{User: "0", Cmd: []string{"rm", "-f", f.path}})
		if err == nil {
			_, _ = docker.ExecStart(ctx, created.ID, client.ExecStartOptions{Detach: true})
		}
	}
}
