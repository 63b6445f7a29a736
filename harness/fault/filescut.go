package fault

// FilesCut lowers the supervisor's soft limit of file sizes to a little above its state file: the kernel writes the next large piece of the
// state in part, and refuses the rest with EFBIG.
var FilesCut = Lasting{
	Name: "files-cut", Scope: OnSupervisor, Way: ByAgent, Undo: EndsByJournal,
	Amount: 40007, Unit: "bytes above the state file", Least: 1, Most: 1 << 20,
	Landing: "the limit is in force, and the state file is below it", Needs: "prlimit on the supervisor, which has a database of SQLite open in the data folder",
}
