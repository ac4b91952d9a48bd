// Package version says which k3s this is; a build sets it with -X.
package version

var (
	// Version is the release, such as v1.21.14+k3s1.
	Version = "dev"
	// GitCommit is the beginning of the commit's id.
	GitCommit = "HEAD"
)
