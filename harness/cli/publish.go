package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/forge"
	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/regular"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// publishCommand is hero_chaos publish.
type publishCommand struct {
	Folder string `arg:"" optional:"" help:"Folder with the reports of a run." default:"reports/out" type:"path"`
	Pull   int    `help:"Number of the pull request to comment on. Default: that of the CI job, if it has one." placeholder:"NUMBER"`
}

// mostReportBytes is more than any report that is published.
const mostReportBytes = 4 << 20

// Run sets the status of the commit, and writes or updates the comment on the pull request. What it is about is in the variables of a CI
// job; the token is in the environment alone.
func (c *publishCommand) Run(ctx context.Context, stdout io.Writer) error {
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
	server, err := forge.FromEnvironment(os.Getenv, c.Pull)
	if err != nil {
		return err
	}
	if server.Commit != "" {
		state := "failure"
		if judged.Answer == verdict.Promote {
			state = "success"
		}
		if err := server.SetStatus(ctx, state, describeVerdict(judged)); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(stdout, "hero_chaos: the status of %s is %s\n", server.Commit, state)
	}
	if server.Pull == 0 {
		return nil
	}
	replaced, err := server.Comment(ctx, judged.Target, string(markdown))
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "hero_chaos: the comment on pull request %d was %s\n", server.Pull, map[bool]string{true: "updated", false: "written"}[replaced])
	return nil
}

// describeVerdict returns a verdict in one line.
func describeVerdict(judged verdict.Verdict) string {
	text := fmt.Sprintf("%s: %s", judged.Answer, judged.Answer.Meaning())
	if len(judged.Reasons) > 0 && judged.Reasons[0].Weight != verdict.Notes {
		text = fmt.Sprintf("%s: %s", judged.Answer, judged.Reasons[0].Text)
	}
	return text
}
