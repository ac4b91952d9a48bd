// Package data has the archive of all programs; a build generates the rest of it.
package data
