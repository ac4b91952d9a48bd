// Package data has the archive of all programs; a build puts it into embed/.
package data

import (
	"embed"
	"path"
	"strings"
)

//go:embed embed/*
var files embed.FS

// Asset gives an archive's bytes.
func Asset(name string) ([]byte, error) { return files.ReadFile(path.Join("embed", name)) }

// AssetNames gives the names of all archives.
func AssetNames() []string {
	entries, err := files.ReadDir("embed")
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".tar.zst") {
			names = append(names, entry.Name())
		}
	}
	return names
}
