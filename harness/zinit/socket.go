package zinit

// SocketVariable is the environment variable that names zinit's socket.
const SocketVariable = "ZINIT_SOCKET"

// SocketCandidates returns where zinit's socket may be inside a container, in the order in which
// to try them; the first that answers system.ping is it. The last one is a shell pattern. fromEnv
// is the value of SocketVariable in the container, empty where it is not set.
//
// Source: contract zinit-0.4, "Socket" [Z/A]: the first two are the crate's own, the rest is
// [A] socket-candidates.
func SocketCandidates(fromEnv string) []string {
	candidates := []string{
		"/run/zinit.sock",
		"/var/run/zinit.sock",
		"/root/hero/var/zinit.sock",
		"/root/hero/zinit/zinit.sock",
		"/root/hero/var/sockets/zinit*.sock",
	}
	if fromEnv == "" {
		return candidates
	}
	return append([]string{fromEnv}, candidates...)
}
