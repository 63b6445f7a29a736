package fault

// SocketBlocked ends one service of ours and puts a file in the place of its socket before it comes back.
var SocketBlocked = Lasting{
	Name: "socket-blocked", Scope: OnNetwork, Way: ByAgent, Undo: EndsByJournal,
	Landing: "the file is there, and a connect to it is refused", Needs: "a service of ours that listens on a unix socket",
}

// BlockingText fills a file in the place of a socket.
const BlockingText = "a file in the place of a socket\n"
