// Asks libcontainer's reader of cgroup v1 for the memory of "/": one line with it, or with the error.
package main

import (
	"fmt"
	"os"

	cgroups "upstream"
	"upstream/fs"
)

func main() {
	stats := cgroups.NewStats()
	if err := (&fs.MemoryGroup{}).GetStats("/sys/fs/cgroup/memory", stats); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	usage := stats.MemoryStats.Usage.Usage
	// The probe itself is in "/", and it is in memory.
	if usage == 0 {
		fmt.Println("memory usage of / reads 0")
		os.Exit(1)
	}
	fmt.Println("memory usage of / in bytes:", usage)
}
