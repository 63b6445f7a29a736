package cli

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/record"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/attest"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/folder"
	"forge.ourworld.tf/lhumina_code/hero_chaos/reports/verdict"
)

// keyFiles writes the two halves of a key.
func keyFiles(t *testing.T) (private, public string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	known, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	private = write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return private, write(t, "pub.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: known})))
}

var attestedDigest = "sha256:" + strings.Repeat("4f", 32)

// attestation writes one of a run that ended a minute ago.
func attestation(t *testing.T, answer verdict.Answer) (path, public string) {
	t.Helper()
	private, public := keyFiles(t)
	key, err := attest.ReadSigningKey(private)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	judged := verdict.Verdict{
		Answer: answer, Image: "herozero:1", Digest: attestedDigest,
		Judged: verdict.Judged{At: now, Policy: strings.Repeat("2b", 32)},
	}
	found := &record.Record{End: &record.End{Finished: now.Add(-time.Minute)}}
	a := attest.Of(judged, attest.File{Path: "record.json", Data: []byte("{}"), Record: found})
	bundle, err := attest.Sign(t.Context(), a, *key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, folder.AttestationName, string(bundle)), public
}

func TestVerify(t *testing.T) {
	promoted, public := attestation(t, verdict.Promote)
	held, _ := attestation(t, verdict.Hold)
	for name, c := range map[string]struct {
		arguments []string
		code      int
		stdout    string // how it begins
		stderr    string // in the line
	}{
		"promoted":       {[]string{promoted, "--key", public, "--digest", attestedDigest}, exitHeld, "PROMOTE herozero:1 " + attestedDigest + ", judged at 2", ""},
		"held":           {[]string{held, "--key", public, "--digest", attestedDigest}, exitFailed, "refused: the verdict is HOLD, not PROMOTE\n", ""},
		"stale":          {[]string{promoted, "--key", public, "--digest", attestedDigest, "--max-age=1s"}, exitFailed, "refused: stale: the run of", ""},
		"another image":  {[]string{promoted, "--key", public, "--digest", "sha256:" + strings.Repeat("00", 32)}, exitFailed, "refused: the attestation is of the image", ""},
		"no attestation": {[]string{public, "--key", public, "--digest", attestedDigest}, exitFailed, "refused: no attestation of hero_chaos", ""},
		"no file":        {[]string{filepath.Join(t.TempDir(), "none"), "--key", public, "--digest", attestedDigest}, exitError, "", "read the attestation"},
		"no key":         {[]string{promoted, "--digest", attestedDigest}, exitError, "", "missing flags: --key"},
		"another key":    {[]string{promoted, "--key", promoted, "--digest", attestedDigest}, exitError, "", "no PEM file"},
	} {
		code, stdout, stderr := commandLine(append([]string{"verify"}, c.arguments...)...)
		if code != c.code || !strings.HasPrefix(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) || strings.Count(stdout+stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q", name, code, stdout, stderr)
		}
	}
}

func TestAttest(t *testing.T) {
	private, public := keyFiles(t)
	path := timed(t, "1", time.Second)
	t.Setenv("HERO_CHAOS_KEY", "")
	output := filepath.Join(filepath.Dir(path), folder.AttestationName)
	if err := os.WriteFile(output, []byte("of another verdict"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := commandLine("attest", path)
	if code != exitError || stdout != "" || !strings.Contains(stderr, "there is no key") {
		t.Errorf("without a key: exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, stderr = commandLine("attest", path, "--without-key")
	if code != exitHeld || !strings.HasSuffix(stdout, withoutKey+"\n") || stderr != "" {
		t.Errorf("with --without-key: exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat(output); err == nil {
		t.Error("the attestation of another verdict is still there")
	}
	t.Setenv("HERO_CHAOS_KEY", private)
	code, stdout, stderr = commandLine("attest", path)
	if code != exitHeld || !strings.HasSuffix(stdout, "hero_chaos: attested as INCONCLUSIVE in "+output+"\n") || stderr != "" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	code, stdout, _ = commandLine("verify", output, "--key", public, "--digest", attestedDigest)
	if code != exitFailed || stdout != "refused: the verdict is INCONCLUSIVE, not PROMOTE\n" {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	cut := timed(t, "2", time.Second)
	text, err := os.ReadFile(cut) //nolint:gosec // written by this test
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, bytes.Replace(text, []byte(`"end"`), []byte(`"ends"`), 1), 0o600); err != nil { //nolint:gosec // the same file
		t.Fatal(err)
	}
	for want, arguments := range map[string][]string{
		"read the signing key":              {path, "--key", public},
		`unknown field "ends"`:              {cut},
		"write the attestation":             {path, "--output", filepath.Join(path, "below")},
		"promote \"x\": a digest is sha256": {path, "--digest", "x"},
	} {
		code, _, stderr = commandLine(append([]string{"attest"}, arguments...)...)
		if code != exitError || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q", want, code, stderr)
		}
	}
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	private, public := keyFiles(t)
	if key, err := attest.ReadSigningKey(""); key != nil || err != nil {
		t.Errorf("without a key: %v, %v", key, err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o610} {
		if err := os.Chmod(private, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := attest.ReadSigningKey(private); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if err := os.Chmod(private, mode); err != nil {
			t.Fatal(err)
		}
		if key, err := attest.ReadSigningKey(private); key == nil || err != nil {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
	for name, want := range map[string]string{
		t.TempDir():                         "not a regular file",
		filepath.Join(t.TempDir(), "none"):  "no such file",
		public:                              "it must be PRIVATE KEY",
		write(t, "long", "-----BEGIN x"):    "no PEM file",
		write(t, "secret", "secret-secret"): "no PEM file",
	} {
		_, err := attest.ReadSigningKey(name)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
