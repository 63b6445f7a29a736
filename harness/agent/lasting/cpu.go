package lasting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
)

// throttledMember is the kernel's name for the periods in which a container was throttled.
const throttledMember = "nr_throttled"

// starved is a container with a quota of processor time. Docker sets it; the agent sees what the kernel does.
type starved struct {
	amount int64 // thousandths of a processor
	before throttling
}

// throttling holds what the kernel says of a quota of processor time.
type throttling struct {
	amount int64 // thousandths of a processor, 0 for no quota
	count  int64 // periods in which the container was throttled
}

func holdStarved(params protocol.LastingParams) held { return &starved{amount: params.Fault.Amount} }

func (s *starved) begin(context.Context) (err error) {
	s.before, err = readThrottling(cgroupMount)
	return err
}

func (s *starved) prove(context.Context) (proof, missing string) {
	now, err := readThrottling(cgroupMount)
	switch {
	case err != nil:
		return "", err.Error()
	case now.amount != s.amount:
		return "", fmt.Sprintf("the quota is %d thousandths of a processor, and not %d", now.amount, s.amount)
	case now.count <= s.before.count:
		return "", "the container was not throttled: it asks for less than its quota"
	}
	return fmt.Sprintf(record.Throttled, now.amount, now.count-s.before.count), ""
}

func (s *starved) revert() {} // who has set the quota takes it away

func (s *starved) released(context.Context) string {
	now, err := readThrottling(cgroupMount)
	if err != nil || now.amount != s.before.amount {
		return ""
	}
	return record.QuotaRestored
}

// readThrottling reads the quota of the container from a mount of its cgroup, of version 2 or 1.
func readThrottling(mount string) (throttling, error) {
	if quota, err := os.ReadFile(mount + "/cpu.max"); err == nil {
		count, err := readMember(mount+"/cpu.stat", throttledMember)
		if err != nil {
			return throttling{}, err
		}
		return throttling{parseQuota(strings.Fields(string(quota))), count}, nil
	}
	for _, folder := range []string{mount + "/cpu", mount + "/cpu,cpuacct"} {
		quota, err := os.ReadFile(folder + "/cpu.cfs_quota_us")
		if err != nil {
			continue
		}
		period, err := os.ReadFile(folder + "/cpu.cfs_period_us")
		if err != nil {
			return throttling{}, fmt.Errorf("read the period of the quota: %w", err)
		}
		count, err := readMember(folder+"/cpu.stat", throttledMember)
		if err != nil {
			return throttling{}, err
		}
		return throttling{parseQuota([]string{strings.TrimSpace(string(quota)), strings.TrimSpace(string(period))}), count}, nil
	}
	return throttling{}, errors.New("the container does not see its cgroup: neither cpu.max nor cpu.cfs_quota_us is there")
}

// parseQuota returns a quota and its period in thousandths of a processor, 0 for none.
func parseQuota(words []string) int64 {
	if len(words) != 2 {
		return 0
	}
	quota, err := strconv.ParseInt(words[0], 10, 64)
	period, periodErr := strconv.ParseInt(words[1], 10, 64)
	if err != nil || periodErr != nil || quota <= 0 || period <= 0 {
		return 0
	}
	return quota * 1000 / period
}

// readMember reads the number of a member of a file that the kernel writes as lines of a name and a number.
func readMember(path, name string) (int64, error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file of the kernel's
	if err != nil {
		return 0, fmt.Errorf("read %s of the container: %w", name, err)
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			return strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s does not say %s", path, name)
}
