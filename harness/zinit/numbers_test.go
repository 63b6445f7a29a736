package zinit

import "testing"

func TestWholeNumbersMayBeWrittenWithAFraction(t *testing.T) {
	for document, want := range map[string]string{
		`{"id":1.0,"result":[5000.00,-3.0,0.0]}`:   `{"id":1,"result":[5000,-3,0]}`,
		`{"version":"0.4.0","a":"x\"1.0","b":1.0}`: `{"version":"0.4.0","a":"x\"1.0","b":1}`,
		`[1.05,1.0e3,10.50,2]`:                     `[1.05,1.0e3,10.50,2]`,
	} {
		if got := string(trimFractions([]byte(document))); got != want {
			t.Errorf("%s: is %s, not %s", document, got, want)
		}
	}
}
