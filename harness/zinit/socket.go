package zinit

// SocketCandidates returns the paths inside a container where zinit's socket may be: [A] socket-candidates, except for the first two
// fixed ones [Z]. The first that answers system.ping is it. The last is a shell pattern. fromEnv is the value of the environment
// variable ZINIT_SOCKET in the container.
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
