package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

const (
	// agentThreads is the number of threads that the agent may have, with room for the programs that it runs.
	agentThreads = 32
	// agentMemory is the memory that the agent needs beside the image, in bytes.
	agentMemory = 48 << 20
)

// LimitsMet returns which limits of the container leave no room for the agent, and what to do; empty if there is room, or if Docker does
// not say. The limits are those of Docker's statistics: processes (with threads) and memory.
func (s *Sandbox) LimitsMet(ctx context.Context) string {
	reply, err := s.daemon.api.ContainerStats(ctx, s.id, client.ContainerStatsOptions{})
	if err != nil {
		return ""
	}
	defer func() { _ = reply.Body.Close() }()
	var used container.StatsResponse
	if err := json.NewDecoder(reply.Body).Decode(&used); err != nil {
		return ""
	}
	return limitsMet(used)
}

// LacksOverUser returns the capabilities that root lacks in the container for what its user's processes have: their sockets, and signals
// to them. The user is empty, and nothing is lacking, if the container runs as root.
func (s *Sandbox) LacksOverUser(ctx context.Context) (capabilities []string, user string, err error) {
	about, err := s.inspect(ctx)
	if err != nil {
		return nil, "", err
	}
	if about.Config == nil || about.HostConfig == nil {
		return nil, "", nil
	}
	capabilities, user = lackOverUser(about.Config.User, about.HostConfig.CapDrop, about.HostConfig.CapAdd)
	return capabilities, user, nil
}

// lackOverUser returns what LacksOverUser does, by the container's user and capabilities.
func lackOverUser(user string, dropped, added []string) (capabilities []string, other string) {
	name, _, _ := strings.Cut(user, ":")
	if slices.Contains([]string{"", "0", "root"}, name) {
		return nil, ""
	}
	has := func(list []string, capability string) bool {
		return slices.ContainsFunc(list, func(one string) bool {
			one = strings.TrimPrefix(strings.ToUpper(one), "CAP_")
			return one == capability || one == "ALL"
		})
	}
	for _, capability := range []string{"DAC_OVERRIDE", "KILL"} {
		if has(dropped, capability) && !has(added, capability) {
			capabilities = append(capabilities, capability)
		}
	}
	return capabilities, name
}

// limitsMet returns which limits leave no room for the agent.
func limitsMet(used container.StatsResponse) string {
	const mega = 1 << 20
	var met []string
	if pids := used.PidsStats; pids.Limit > 0 && pids.Current+agentThreads > pids.Limit {
		met = append(met, fmt.Sprintf("the container has %d of at most %d processes and threads, and the agent needs up to %d: give it a larger --pids-limit",
			pids.Current, pids.Limit, agentThreads))
	}
	if memory := used.MemoryStats; memory.Limit > 0 && memory.Usage+agentMemory > memory.Limit {
		met = append(met, fmt.Sprintf("the container uses %d MB of at most %d MB of memory, and the agent needs up to %d MB: give it a larger --memory",
			memory.Usage/mega, memory.Limit/mega, agentMemory/mega))
	}
	return strings.Join(met, "; ")
}
