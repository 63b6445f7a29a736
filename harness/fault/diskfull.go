package fault

// DiskFull fills the file system of a folder by a file that has no name and that the agent holds. It fills file systems in memory alone:
// another one may be the host's own disk.
var DiskFull = Lasting{
	Name: "disk-full", Scope: OnFilesystem, Way: ByAgent, Undo: EndsWithHolder,
	Amount: 128 << 20, Unit: "bytes at most", Least: 1 << 20, Most: 512 << 20,
	Landing: "no block is left for statfs, and a write fails with ENOSPC", Needs: "a small file system in memory for the data folder",
}

// InodesGone uses up the files of a file system by files that have no name and that the agent holds.
var InodesGone = Lasting{
	Name: "inodes-gone", Scope: OnFilesystem, Way: ByAgent, Undo: EndsWithHolder,
	Amount: 16 << 10, Unit: "files at most", Least: 1, Most: 64 << 10,
	Landing: "no file is left for statfs while blocks are, and a new file fails with ENOSPC", Needs: "a file system in memory with few files for the data folder",
}
