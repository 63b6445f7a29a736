package spec

import (
	"errors"
	"testing"
)

func TestPagesAreJudgedOneBesideTheOther(t *testing.T) {
	whole := Page{Status: 200, Body: []byte("<html>hello, hello, hello</html>")}
	cases := map[string]struct {
		pages      []Page
		wrong, cut int
	}{
		"all well":        {[]Page{whole, whole}, 0, 0},
		"another status":  {[]Page{whole, {Status: 503, Body: whole.Body}}, 1, 0},
		"no reply":        {[]Page{whole, {Err: errors.New("refused")}}, 1, 0},
		"cut by framing":  {[]Page{{Status: 200, Err: errors.New("unexpected EOF")}}, 0, 1},
		"much shorter":    {[]Page{whole, {Status: 200, Body: []byte("<html>")}}, 0, 1},
		"without its end": {[]Page{whole, {Status: 200, Body: whole.Body[:len(whole.Body)-2]}}, 0, 1},
		"empty beside":    {[]Page{whole, {Status: 200}}, 0, 1},
		"empty always":    {[]Page{{Status: 200}, {Status: 200}}, 0, 0},
		"a little longer": {[]Page{{Status: 200, Body: []byte("12:59")}, {Status: 200, Body: []byte("1:00")}}, 0, 0},
	}
	for name, c := range cases {
		if wrong, cut := FindWrongStatus(c.pages, 200), FindCutBodies(c.pages); len(wrong) != c.wrong || len(cut) != c.cut {
			t.Errorf("%s: wrong %q, cut %q", name, wrong, cut)
		}
	}
}
