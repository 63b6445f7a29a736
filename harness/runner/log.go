package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/target"
)

// logName is the file in the output folder that Ginkgo's output goes to.
const logName = "ginkgo.log"

// redactedFile is a file to which no secret is written.
type redactedFile struct {
	io.WriteCloser
	file *os.File
}

// Close writes what was kept back, and closes the file.
func (f redactedFile) Close() error { return errors.Join(f.WriteCloser.Close(), f.file.Close()) }

// openLog creates the file for Ginkgo's output. The values of the target's secrets do not get into it.
func openLog(configuration config.Config) (io.WriteCloser, error) {
	var redactor record.Redactor
	if t, err := target.Load(configuration.Target); err == nil { // the suites say what is wrong with it
		if redactor, err = record.NewRedactor(t.Container.SecretValues()); err != nil {
			return nil, err
		}
	}
	return OpenLog(configuration.Output, redactor)
}

// OpenLog creates the file for Ginkgo's output in the output folder.
func OpenLog(output string, redactor record.Redactor) (io.WriteCloser, error) {
	file, err := os.OpenFile(filepath.Join(output, logName), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // named by whoever runs us
	if err != nil {
		return nil, fmt.Errorf("write Ginkgo's log: %w", err)
	}
	return redactedFile{redactor.Writer(file), file}, nil
}
