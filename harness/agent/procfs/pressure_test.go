package procfs

import (
	"testing"
	"time"
)

func TestParsePressure(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"some avg10=0.26 avg60=15.42 avg300=32.50 total=4087952\nfull avg10=0.00 total=7\n": 4087952 * time.Microsecond,
		"full avg10=0.00 total=7\n": 0,
		"some avg10=0.26 total=x\n": 0,
		"some":                      0,
		"":                          0,
	} {
		if got := parsePressure(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParseRunDelay(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"211473107 69308412 901\n": 69308412, "1 2": 0, "1 x 3": 0, "": 0, "0 0 0\n": 0,
	} {
		if got := parseRunDelay(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := ReadRunDelay(0); got != 0 {
		t.Errorf("no process: %s", got)
	}
}

func TestPressureIsCountedFromTheDueTimeOn(t *testing.T) {
	if early := MeasurePressure(time.Hour)(); early != 0 {
		t.Errorf("before the due time: %s", early)
	}
}

func TestASumThatFallsIsNoPressure(t *testing.T) {
	if got := rise(5*time.Second, 5*time.Second-5*time.Millisecond); got != 0 {
		t.Errorf("%s, want 0", got)
	}
	if got := rise(time.Second, 3*time.Second); got != 2*time.Second {
		t.Errorf("%s, want 2s", got)
	}
}
