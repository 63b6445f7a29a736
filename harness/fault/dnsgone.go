package fault

// DNSGone names a server that does not exist in the file that says whom to ask for names.
var DNSGone = Lasting{
	Name: "dns-gone", Scope: OnNetwork, Way: ByAgent, Undo: EndsByJournal,
	Landing: "the file names that server alone, and a question to it gets no answer", Needs: "a file /etc/resolv.conf that can be written",
}
