package procfs

import (
	"os"
	"strings"
	"testing"
)

// tail follows a command's name in /proc/PID/stat: state S, parent 7, group 40, session 39, and as
// field 22 the start time.
const tail = "S 7 40 39 0 -1 4194304 100 0 0 0 1 2 3 4 20 0 5 0 987654 1000 200"

func TestParseStat(t *testing.T) {
	for _, name := range []string{"plain", "two words", "(", ")", "a) S 1 1 1 (b", "", "tab\tand\nline", "läng"} {
		process, err := parseStat([]byte("42 (" + name + ") " + tail + "\n"))
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if process.State != "S" || process.Parent != 7 || process.Group != 40 || process.Session != 39 || process.StartTime != 987654 {
			t.Errorf("%q: %+v", name, process)
		}
	}
}

func TestParseStatRefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{
		"", ")", "42 (name", "42 (name)", "42 name " + tail,
		"42 (name) " + strings.TrimSuffix(tail, " 987654 1000 200"),
		"42 (name) " + strings.Replace(tail, "987654", "-1", 1),
		"42 (name) " + strings.Replace(tail, " 7 ", " x ", 1),
	} {
		if process, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q was read as %+v", text, process)
		}
	}
}

func TestReadProcessReadsOurselves(t *testing.T) {
	process, err := ReadProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if process.Parent != os.Getppid() || process.StartTime == 0 || process.Argv[0] != os.Args[0] {
		t.Errorf("we are %+v", process)
	}
	if !IsSameProcess(process.Incarnation) {
		t.Error("we are not the same any more")
	}
	process.StartTime++
	if IsSameProcess(process.Incarnation) {
		t.Error("another start time is the same life")
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (two words) " + tail))
	f.Add([]byte(")"))
	f.Add([]byte(") " + tail))
	f.Fuzz(func(t *testing.T, data []byte) {
		process, err := parseStat(data)
		if err == nil && process.State == "" {
			t.Errorf("%q was read without a state", data)
		}
	})
}

// FuzzParseFiles reads arbitrary bytes as each of the other files of /proc.
func FuzzParseFiles(f *testing.F) {
	f.Add([]byte("12:pids:/docker/1\n0::/x\n"))
	f.Add([]byte("Name:\tx\nUid:\t0\t33\t33\t33\nGid:\t0\t34\t0\t0\nThreads:\t4\nVmRSS:\t 100 kB\n"))
	f.Add([]byte("some avg10=0.26 avg60=15.42 avg300=32.50 total=4087952\n"))
	f.Add([]byte("42 (two words) " + tail))
	f.Fuzz(func(t *testing.T, data []byte) {
		if group := parseGroup(string(data)); strings.Contains(group, "\n") {
			t.Errorf("the group has several lines: %q", group)
		}
		if _, _, known := parseOwner(string(data)); known && !strings.Contains(string(data), "Uid:") {
			t.Errorf("an owner was read from %q", data)
		}
		if threads, _, err := parseStatus(data); err == nil && threads == 0 {
			t.Errorf("no threads were read from %q", data)
		}
		_ = parsePressure(string(data))
		_, _ = parseCPUTime(data)
	})
}
