package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/forge"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/plain"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// publishCommand is hero_chaos publish.
type publishCommand struct {
	Folder  string `arg:"" optional:"" help:"Folder with the reports of a run." default:"reports/out" type:"path"`
	Pull    int    `help:"Number of the pull request to comment on. Default: that of the CI job, if it has one." placeholder:"NUMBER"`
	Trouble string `help:"Set the commit's status to an error with this text instead: there is no verdict. No folder is read." placeholder:"TEXT"`
	IfToken bool   `help:"Without a token, say what the status would be, and succeed."`
}

// mostReportBytes is more than any report that is published.
const mostReportBytes = 4 << 20

// Run sets the status of the commit, and writes or updates the comment on the pull request. What it is about is in the variables of a CI
// job; the token is in the environment alone.
func (c *publishCommand) Run(ctx context.Context, stdout io.Writer) error {
	if c.Trouble != "" {
		return c.setStatus(ctx, stdout, forge.StateError, c.Trouble)
	}
	document, err := regular.Read(filepath.Join(c.Folder, folder.VerdictName), mostReportBytes)
	if err != nil {
		return err
	}
	var judged verdict.Verdict
	if err := json.Unmarshal(document, &judged); err != nil || judged.Schema != verdict.Schema {
		return fmt.Errorf("publish %s: %s is no verdict of this program", c.Folder, folder.VerdictName)
	}
	markdown, err := regular.Read(filepath.Join(c.Folder, folder.MarkdownName), mostReportBytes)
	if err != nil {
		return err
	}
	state := forge.StateFailure
	if judged.Answer == verdict.Promote {
		state = forge.StateSuccess
	}
	if err := c.setStatus(ctx, stdout, state, describeVerdict(judged)); err != nil || c.isSilent() {
		return err
	}
	server, err := forge.FromEnvironment(os.Getenv, c.Pull)
	if err != nil || server.Pull == 0 {
		return err
	}
	replaced, err := server.Comment(ctx, judged.Target, string(markdown))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: the comment on pull request %d was %s\n", server.Pull, map[bool]string{true: "updated", false: "written"}[replaced])
	return nil
}

// isSilent reports whether nothing is published, because there is no token and none is asked for.
func (c *publishCommand) isSilent() bool {
	return c.IfToken && !slices.ContainsFunc(forge.TokenVariables(), func(name string) bool { return os.Getenv(name) != "" })
}

// setStatus sets the status of the commit, if the job names one.
func (c *publishCommand) setStatus(ctx context.Context, stdout io.Writer, state forge.State, description string) error {
	if c.isSilent() {
		_, _ = fmt.Fprintf(stdout, "hero_chaos: the status would be %s: %s (there is no token to set it with)\n", state, strings.TrimSuffix(plain.Line(description), "\n"))
		return nil
	}
	server, err := forge.FromEnvironment(os.Getenv, c.Pull)
	if err != nil || server.Commit == "" {
		return err
	}
	if err := server.SetStatus(ctx, state, description); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: the status of %s is %s\n", server.Commit, state)
	return nil
}

// describeVerdict returns a verdict in one line.
func describeVerdict(judged verdict.Verdict) string {
	if len(judged.Reasons) == 0 || judged.Reasons[0].Weight == verdict.Notes {
		return fmt.Sprintf("%s: %s", judged.Answer, judged.Answer.Meaning())
	}
	reason := judged.Reasons[0]
	text := fmt.Sprintf("%s: %s", judged.Answer, reason.Text)
	switch more := len(reason.Promises) - 1; {
	case more == 0 && !strings.Contains(reason.Text, reason.Promises[0]):
		text = fmt.Sprintf("%s: %s: %s", judged.Answer, reason.Promises[0], reason.Text)
	case more > 0:
		text = fmt.Sprintf("%s: %s and %d more: %s", judged.Answer, reason.Promises[0], more, reason.Text)
	}
	return text
}
