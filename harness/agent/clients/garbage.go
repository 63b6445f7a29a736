package clients

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// depth is the number of levels of a nested document: far more than a parser may recurse.
const depth = 200_000

// garbage returns texts that are no request, or none that makes sense. None of them names a method that changes anything.
func garbage(seed int64) [][]byte {
	noise := make([]byte, 1<<16)
	source := rand.New(rand.NewPCG(uint64(seed), 7)) //nolint:gosec // it has to be repeatable
	for i := range noise {
		noise[i] = byte(source.Uint32()) //nolint:gosec // the low bits are meant
	}
	return [][]byte{
		noise,
		bytes.Repeat([]byte{0}, 1<<12),
		[]byte(strings.Repeat("[", depth)),
		[]byte(strings.Repeat(`{"params":`, depth)),
		[]byte("[]\n"),
		[]byte("null\n"),
		[]byte("17\n\"text\"\n"),
		[]byte(`{"jsonrpc":"2.0","id":1,"method":17,"params":"x"}` + "\n"),
		[]byte(`{"jsonrpc":"2.0","id":{"a":[]},"method":"hero_chaos.none"}` + "\n"),
		[]byte(`{"jsonrpc":"2.0","id":1e999999,"method":"hero_chaos.none"}` + "\n"),
		[]byte("{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xfe\\ud800\",\"method\":\"hero_chaos.\\u0000\"}\n"),
		[]byte(`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("m", 1<<19) + `"}` + "\n"),
		[]byte("[" + strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"hero_chaos.none"},`, 10_000) + "1]\n"),
		[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		[]byte("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n{"),
		[]byte("Content-Length: -1\r\n\r\n{}"),
		[]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), // the beginning of a TLS handshake
	}
}
