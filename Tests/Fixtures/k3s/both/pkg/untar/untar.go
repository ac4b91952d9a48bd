// Package untar unpacks a tar archive that zstd has compressed.
package untar

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Untar unpacks an archive into a folder.
func Untar(content []byte, folder string) error {
	decoder, err := zstd.NewReader(bytes.NewReader(content), zstd.WithDecoderMaxWindow(1<<25), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer decoder.Close()
	for archive := tar.NewReader(decoder); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.Contains(header.Name, "..") {
			return fmt.Errorf("%s leads out of the folder", header.Name)
		}
		path := filepath.Join(folder, header.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeSymlink:
			err = os.Symlink(header.Linkname, path)
		case tar.TypeReg:
			err = write(path, os.FileMode(header.Mode)&0o777, archive)
		default:
			err = fmt.Errorf("%s is no file, folder or link", header.Name)
		}
		if err != nil {
			return err
		}
	}
}

func write(path string, mode os.FileMode, content io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
