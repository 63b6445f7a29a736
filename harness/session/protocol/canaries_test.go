package protocol_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"forge.ourworld.tf/lhumina_code/hero_chaos/harness/session/protocol"
)

func TestACanaryIsFoundInEveryForm(t *testing.T) {
	const value = "canary-QX7RSTUVWXYZ234567ABCDEFGH"
	forms := protocol.Canaries{"KEY": value}.WithForms()
	holds := func(text string) bool {
		for name, form := range forms {
			if !strings.HasPrefix(name, "KEY") || form == "" {
				t.Fatalf("form %q is %q", name, form)
			}
			if strings.Contains(text, form) {
				return true
			}
		}
		return false
	}
	for before := range 7 {
		for after := range 4 {
			text := fmt.Sprintf("%s%s%s", strings.Repeat("x", before), value, strings.Repeat("y?", after))
			for name, encode := range map[string]func([]byte) string{
				"plain": func(b []byte) string { return string(b) }, "hex": hex.EncodeToString,
				"base64": base64.StdEncoding.EncodeToString, "raw": base64.RawStdEncoding.EncodeToString, "URL": base64.URLEncoding.EncodeToString,
			} {
				if !holds(encode([]byte(text))) {
					t.Errorf("%s of %q is not found", name, text)
				}
			}
		}
	}
	if holds(base64.StdEncoding.EncodeToString([]byte("canary-ANOTHERANOTHERANOTHERAN"))) || holds("canary-") {
		t.Error("found in what is another's")
	}
}
