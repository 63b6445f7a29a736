package junit_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/junit"
)

// The schema of Jenkins' xUnit plugin, the strictest one, is part of the source distribution of pytest.
const (
	pytest     = "pytest==8.4.2"
	schemaName = "junit-10.xsd"
	schemaSum  = "a1a816f58d1bf95ebabf371994df0b9246dee66ea9572fbec4f9296f1b2c0ff6"
)

// TestTheStrictSchema validates reports of every kind by xmllint. It is skipped without xmllint, or if the schema cannot be
// fetched.
func TestTheStrictSchema(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT CHECKED AGAINST junit-10.xsd: -short")
	}
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("NOT CHECKED AGAINST junit-10.xsd: install xmllint (libxml2-utils)")
	}
	schema := fetchSchema(t)
	killed, retried, odd := newRecord(), newRecord(), newRecord()
	killed.End = nil
	retried.Results[0].Attempts = 3
	for i := range odd.Results {
		result := &odd.Results[i]
		result.Duration, result.Service, result.Failure = -int64(i)<<40, "\x00\x1b<>&\"", "]]>\x00\r\n\t"
	}
	for name, r := range map[string]*record.Record{
		"a run": newRecord(), "a killed one": killed, "a flaky one": retried, "hostile text": odd, "nothing": {}, "an empty run": {End: &record.End{}},
	} {
		text, err := junit.Render(r)
		if err != nil {
			t.Fatal(err)
		}
		if problem := validate(t, lint, schema, string(text)); problem != "" {
			t.Errorf("%s: %s\n%s", name, problem, text)
		}
	}
	if validate(t, lint, schema, `<testsuites><testsuite name="no counts"/></testsuites>`) == "" {
		t.Error("the schema accepts a document without counts")
	}
}

// validate returns the error of xmllint about the text, or an empty text.
func validate(t *testing.T, lint, schema, text string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), lint, "--noout", "--nonet", "--schema", schema, "-") //nolint:gosec // found above
	command.Stdin = strings.NewReader(text)
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, said)
	}
	return ""
}

// fetchSchema returns the path of the schema. It fetches the schema once, and keeps it in the user's cache.
func fetchSchema(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	kept := filepath.Join(cache, "hero_chaos", schemaName)
	if text, err := os.ReadFile(kept); err == nil && sum(text) == schemaSum { //nolint:gosec // our own file
		return kept
	}
	text, err := extractSchema(t)
	if err != nil {
		t.Skipf("NOT CHECKED AGAINST junit-10.xsd: it cannot be fetched: %v", err)
	}
	if sum(text) != schemaSum {
		t.Fatalf("the schema of %s has the hash %s, not %s", pytest, sum(text), schemaSum)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(kept), 0o750), os.WriteFile(kept, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	return kept
}

func sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// extractSchema fetches the source distribution by pip, and returns the schema in it.
func extractSchema(t *testing.T) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	folder := t.TempDir()
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest", "--dest", folder, pytest) //nolint:gosec // fixed words
	if said, err := pip.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, said)
	}
	archives, err := filepath.Glob(filepath.Join(folder, "*.tar.gz"))
	if err != nil || len(archives) != 1 {
		return nil, fmt.Errorf("pip left %q instead of one archive", archives)
	}
	file, err := os.Open(archives[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("look for %s in %s: %w", schemaName, pytest, err)
		}
		if filepath.Base(header.Name) == schemaName {
			return io.ReadAll(io.LimitReader(files, 1<<20))
		}
	}
}
