// Asks libcontainer's reader of cgroup v1 for the CPU time of "/": one line with it, or with the error.
package main

import (
	"fmt"
	"os"
	"time"

	cgroups "upstream"
	"upstream/fs"
)

func main() {
	// A sandbox that has just begun may not have used a tick of CPU time yet.
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
	}
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
