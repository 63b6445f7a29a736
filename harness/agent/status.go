package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/agent/protocol"
)

// parseStatus reads Threads and VmRSS (in kB) of /proc/PID/status. A zombie has no memory.
func parseStatus(status []byte) (threads int, resident int64, err error) {
	for line := range bytes.Lines(status) {
		words := bytes.Fields(line)
		if len(words) < 2 {
			continue
		}
		var failure error
		switch string(words[0]) {
		case "Threads:":
			threads, failure = strconv.Atoi(string(words[1]))
		case "VmRSS:":
			resident, failure = strconv.ParseInt(string(words[1]), 10, 64)
			resident <<= 10
		}
		err = errors.Join(err, failure)
	}
	if threads == 0 {
		err = errors.Join(err, errors.New("it does not say how many threads there are"))
	}
	return threads, resident, err
}

// writeFile replaces the content of a file that exists.
func writeFile(_ context.Context, params protocol.WriteParams) error {
	file, err := os.OpenFile(params.Path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(params.Data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", params.Path, err)
	}
	return nil
}
