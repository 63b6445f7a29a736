package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/shell"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/config"
)

// TestTheCommandThatRepeatsIsTheSameRun types the command under a failure into a shell, for each kind of target, and compares what the
// program is asked for then. make only says what it would run.
func TestTheCommandThatRepeatsIsTheSameRun(t *testing.T) {
	text, err := os.ReadFile("fixtures/targets/hero_zero.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "my targets", "it's mine.yaml")
	if err := os.MkdirAll(filepath.Dir(own), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, asked := range map[string]request{
		"embedded":            {},
		"target by its name":  {target: "s6"},
		"target file":         {target: own},
		"image":               {image: "registry.example:5000/hero_zero@sha256:" + strings.Repeat("ab", 32)},
		"target and image":    {target: own, image: "hero:1"},
		"container":           {container: "hero-1"},
		"destructive":         {container: "hero-1", destructive: true},
		"mutant":              {mutant: "no-restart"},
		"mutant of a target":  {mutant: "two-ports"},
		"choices":             {choices: "shell=stays,answers=late"},
		"profile and samples": {profile: config.Faithful, seed: 7, samples: 3},
		"of one service":      {service: "user.hero_redis_server"},
	} {
		t.Run(name, func(t *testing.T) {
			asked.profile, asked.seed = orDefault(asked.profile, config.Quick), max(asked.seed, 1)
			asked.samples = max(asked.samples, 1)
			before, _, err := asked.resolve()
			if err != nil {
				t.Fatal(err)
			}
			command := before.RepeatCommand("restart.sigterm/user.hero_redis_server")
			after := resolveCommand(t, before.Root, command)
			if after.Focus != "restart.sigterm/user.hero_redis_server" {
				t.Errorf("%s asks for %q", command, after.Focus)
			}
			before.Focus, before.Service, after.Focus = "", "", ""
			if !reflect.DeepEqual(before, after) {
				t.Errorf("%s\nasks for %+v\n    not %+v", command, after, before)
			}
		})
	}
}

// TestAShardIsRepeatedWhole checks that the command of a shard's failure asks for the promise itself, wherever it ran.
func TestAShardIsRepeatedWhole(t *testing.T) {
	configuration, _, err := request{profile: config.Quick, seed: 1, samples: 1}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	configuration.Part = &config.Part{}
	if after := resolveCommand(t, configuration.Root, configuration.RepeatCommand("restart.sigterm")); after.Part != nil {
		t.Errorf("it is a part again: %+v", after.Part)
	}
}

func orDefault(value, standard string) string {
	if value == "" {
		return standard
	}
	return value
}

// resolveCommand types a command into a shell, and returns what the program would be asked for.
func resolveCommand(t *testing.T, root, command string) config.Config {
	t.Helper()
	if strings.Contains(command, " ALLOW_DESTRUCTIVE=1") {
		t.Setenv("ALLOW_DESTRUCTIVE", "1") // make hands its variables on
	}
	shellCommand := exec.CommandContext(t.Context(), "sh", "-c", command) //nolint:gosec // our own
	shellCommand.Dir = root
	shellCommand.Env = append(os.Environ(), "MAKEFLAGS=n --no-print-directory")
	output, err := shellCommand.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", command, err, output)
	}
	for line := range strings.Lines(string(output)) {
		at := strings.Index(line, "bin/hero_chaos run")
		if at < 0 {
			continue
		}
		words, err := shell.Fields(line[at:], nil)
		if err != nil {
			t.Fatal(err)
		}
		var parsed commands
		parser, err := newParserOf(&parsed)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(words[1:]); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		after, _, err := parsed.Run.request().resolve()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return after
	}
	t.Fatalf("%s runs no hero_chaos: %s", command, output)
	return config.Config{}
}
