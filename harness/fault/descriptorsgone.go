package fault

// DescriptorsGone lowers the supervisor's soft limit of descriptors to what it has open, and keeps clients connected that take each one
// that becomes free.
var DescriptorsGone = Lasting{
	Name: "descriptors-gone", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Landing: "the limit is as low as what is open, and a new client gets no answer", Needs: "prlimit on the supervisor",
}
