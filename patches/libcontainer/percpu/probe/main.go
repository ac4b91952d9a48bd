// Asks libcontainer's reader of cgroup v1 for the CPU time of "/": one line with it, or with the error.
package main

import (
	"fmt"
	"os"

	cgroups "upstream"
	"upstream/fs"
)

func main() {
	stats := cgroups.NewStats()
	if err := (&fs.CpuacctGroup{}).GetStats("/sys/fs/cgroup/cpuacct", stats); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	usage := stats.CpuStats.CpuUsage.TotalUsage
	// The reader takes a controller that is not there for one without figures.
	if usage == 0 {
		fmt.Println("no figures in /sys/fs/cgroup/cpuacct")
		os.Exit(1)
	}
	fmt.Println("CPU usage of / in nanoseconds:", usage)
}
