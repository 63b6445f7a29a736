package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// smokeTarget writes a target file with an environment that is a server of ours.
func smokeTarget(t *testing.T) (file string, server *httptest.Server) {
	t.Helper()
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hero_os/" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	file = filepath.Join(t.TempDir(), "smoke.yaml")
	text := "name: smoke\nimage: {reference: x}\ncontainer: {port: 6666}\nsmoke: [{path: /hero_os/, status: 200}, {path: /gone, status: 404}]\n" +
		"environments: {hero: '" + server.URL + "', down: 'http://127.0.0.1:1'}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BASE_URL", "") // whoever runs the tests may have one
	return file, server
}

func TestSmokeAsksAnEnvironment(t *testing.T) {
	g := NewWithT(t)
	file, server := smokeTarget(t)
	var out, complaints strings.Builder
	g.Expect(Run([]string{"smoke", "--target", file, "--env", "hero"}, &out, &complaints)).To(Equal(exitHeld))
	g.Expect(out.String()).To(Equal("ok      " + server.URL + "/hero_os/ answers 200\nok      " + server.URL + "/gone answers 404\n"))
	g.Expect(complaints.String()).To(BeEmpty())

	out.Reset()
	g.Expect(Run([]string{"smoke", "--target", file, "--env", "down"}, &out, &complaints)).To(Equal(exitFailed))
	g.Expect(out.String()).To(HavePrefix("failed  http://127.0.0.1:1/hero_os/: "))
}

func TestSmokeAsksABaseURL(t *testing.T) {
	g := NewWithT(t)
	file, server := smokeTarget(t)
	var out, complaints strings.Builder
	t.Setenv("BASE_URL", server.URL+"/")
	g.Expect(Run([]string{"smoke", "--target", file}, &out, &complaints)).To(Equal(exitHeld))
	g.Expect(out.String()).To(HavePrefix("ok      " + server.URL + "/hero_os/ answers 200\n"))
	g.Expect(Run([]string{"smoke", "--target", file, "--base-url", server.URL + "/elsewhere"}, &out, &complaints)).To(Equal(exitFailed))
}

func TestSmokeRefusesWhatItCannotAsk(t *testing.T) {
	file, _ := smokeTarget(t)
	for want, arguments := range map[string][]string{
		`target smoke has no environment "hreo": did you mean "hero"?`: {"--env", "hreo"},
		`give one of --base-url (or $BASE_URL) and --env`:              {"--env", "hero", "--base-url", "http://x"},
		`target smoke publishes no fixed port`:                         {},
		`ask "localhost:8805": it is no URL: write it like http://`:    {"--base-url", "localhost:8805"},
	} {
		g := NewWithT(t)
		var out, complaints strings.Builder
		g.Expect(Run(append([]string{"smoke", "--target", file}, arguments...), &out, &complaints)).To(Equal(exitError))
		g.Expect(complaints.String()).To(And(HavePrefix("hero_chaos: "), ContainSubstring(want)))
		g.Expect(strings.Count(complaints.String(), "\n")).To(Equal(1))
	}
}

func TestSmokeAsksEveryPath(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hero_os/" {
			status = http.StatusTeapot
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	code, stdout, stderr := commandLine("smoke", "--base-url="+server.URL+"/")
	if code != exitHeld || stdout != "ok      "+server.URL+"/hero_os/ answers 200\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	status = http.StatusBadGateway
	code, stdout, _ = commandLine("smoke", "--base-url="+server.URL)
	if code != exitFailed || stdout != "failed  "+server.URL+"/hero_os/ answers 502, not 200\n" {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	server.Close()
	code, stdout, _ = commandLine("smoke", "--base-url="+server.URL)
	if code != exitFailed || !strings.HasPrefix(stdout, "failed  ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, stdout)
	}
}
