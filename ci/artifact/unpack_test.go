package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pack writes an archive of the given entries, and returns its path.
func pack(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shard.tar.gz")
	file, err := os.Create(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	for _, entry := range entries {
		entry.Mode = 0o777
		if err := archive.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(make([]byte, entry.Size)); err != nil {
			t.Fatal(err)
		}
	}
	for _, closer := range []interface{ Close() error }{archive, zipped, file} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestUnpackWritesFilesForTheirOwnerAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "files")
	path := pack(t, tar.Header{Name: "./", Typeflag: tar.TypeDir}, tar.Header{Name: "./exit-code", Size: 2}, tar.Header{Name: "./evidence/a/empty"})
	if err := unpack(path, folder, 4, 2); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"exit-code": 2, "evidence/a/empty": 0} {
		found, err := os.Stat(filepath.Join(folder, name))
		if err != nil || found.Size() != size || found.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		entries []tar.Header
		want    string
	}{
		"a symbolic link": {[]tar.Header{{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, {Name: "a/passwd"}}, "neither a file nor a folder"},
		"a hard link":     {[]tar.Header{{Name: "a", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}}, "neither a file nor a folder"},
		"a device":        {[]tar.Header{{Name: "a", Typeflag: tar.TypeChar}}, "neither a file nor a folder"},
		"a FIFO":          {[]tar.Header{{Name: "exit-code", Typeflag: tar.TypeFifo}}, "neither a file nor a folder"},
		"a parent":        {[]tar.Header{{Name: "a/../../b"}}, "leaves the folder"},
		"the root":        {[]tar.Header{{Name: "/tmp/b"}}, "leaves the folder"},
		"a file twice":    {[]tar.Header{{Name: "a"}, {Name: "a"}}, "file exists"},
		"a long name":     {[]tar.Header{{Name: strings.Repeat("a/", 1<<10) + "b"}}, "longer than 512 bytes"},
		"too many":        {[]tar.Header{{Name: "a"}, {Name: "b"}, {Name: "c"}}, "3 entries or more"},
		"too large":       {[]tar.Header{{Name: "a", Size: 60}, {Name: "b", Size: 41}}, "more than 100 bytes"},
	} {
		parent := t.TempDir()
		err := unpack(pack(t, c.entries...), filepath.Join(parent, "files"), 3, 100)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if beside, _ := os.ReadDir(parent); len(beside) != 1 {
			t.Errorf("%s: written beside the folder: %v", name, beside)
		}
	}
}

func TestUnpackWritesIntoNewFoldersOnly(t *testing.T) {
	if err := unpack(pack(t, tar.Header{Name: "a"}), t.TempDir(), 3, 100); err == nil {
		t.Error("it wrote into a folder that existed")
	}
}

// TestUnpackBoundsHeaders checks that an archive of nothing but headers ends: they are read before there is an entry to count.
func TestUnpackBoundsHeaders(t *testing.T) {
	var one bytes.Buffer
	archive := tar.NewWriter(&one)
	if err := archive.WriteHeader(&tar.Header{Name: "a", PAXRecords: map[string]string{"a.b": strings.Repeat("x", 1<<19)}}); err != nil {
		t.Fatal(err)
	}
	const block = 512
	path := filepath.Join(t.TempDir(), "shard.tar.gz")
	file, err := os.Create(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	for range 16 {
		if _, err := zipped.Write(one.Bytes()[:one.Len()-block]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(zipped.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	err = unpack(path, filepath.Join(t.TempDir(), "files"), 3, 100)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

// FuzzUnpack unpacks arbitrary archives, and checks that what they left is within the limits.
func FuzzUnpack(f *testing.F) {
	for _, entries := range [][]tar.Header{
		{{Name: "./", Typeflag: tar.TypeDir}, {Name: "./exit-code", Size: 2}, {Name: "./evidence/a/empty"}},
		{{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, {Name: "a/passwd"}},
		{{Name: strings.Repeat("a/", 120) + "b", Size: 3}, {Name: "a/../../b"}},
	} {
		var text bytes.Buffer
		archive := tar.NewWriter(&text)
		for _, entry := range entries {
			if err := archive.WriteHeader(&entry); err != nil {
				f.Fatal(err)
			}
			if _, err := archive.Write(make([]byte, entry.Size)); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(text.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parent := t.TempDir()
		path, folder := filepath.Join(parent, "shard.tar.gz"), filepath.Join(parent, "files")
		var packed bytes.Buffer
		zipped := gzip.NewWriter(&packed)
		_, err := zipped.Write(text)
		if err := errors.Join(err, zipped.Close(), os.WriteFile(path, packed.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		const mostFiles, mostBytes = 3, 100
		_ = unpack(path, folder, mostFiles, mostBytes)
		files, size := 0, int64(0)
		err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err == nil && !info.Mode().IsRegular() {
				t.Errorf("%s is no file", path)
			}
			files++
			size += info.Size()
			return err
		})
		if err != nil || files > mostFiles || size > mostBytes {
			t.Errorf("%d files of %d bytes, %v", files, size, err)
		}
		if beside, _ := os.ReadDir(parent); len(beside) != 2 {
			t.Errorf("written beside the folder: %v", beside)
		}
	})
}
