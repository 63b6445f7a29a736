package files

import (
	"io/fs"
	"syscall"
)

// inode identifies a file whatever its names are.
type inode struct{ device, number uint64 }

func readInode(info fs.FileInfo) inode {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}
	}
	return inode{device: uint64(stat.Dev), number: stat.Ino} //nolint:unconvert // its type differs between platforms
}

// readChangeTime returns when a file's content or name changed last, in seconds of Unix time.
func readChangeTime(info fs.FileInfo) int64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.ModTime().Unix()
	}
	return int64(stat.Ctim.Sec) //nolint:unconvert // its type differs between platforms
}
