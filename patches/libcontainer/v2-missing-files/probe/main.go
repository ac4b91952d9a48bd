// Makes a folder of cgroup v2 as gVisor's is, with no memory.stat in it, and asks libcontainer's reader for the statistics of a group that has huge
// pages, of which the kernel knows nothing: one line with the memory in use, or with the error.
package main

import (
	"fmt"
	"os"
	"strings"

	"upstream/fs2"
)

func main() {
	path := "/tmp/group"
	must(os.MkdirAll(path, 0o755))
	for name, text := range map[string]string{
		"cgroup.controllers": "memory pids hugetlb\n", "pids.current": "1\n", "pids.max": "max\n", "memory.current": "2048\n",
		"memory.max": "8192\n",
	} {
		must(os.WriteFile(path+"/"+name, []byte(text), 0o644))
	}
	manager, err := fs2.NewManager(nil, path, false)
	must(err)
	stats, err := manager.GetStats()
	must(err)
	if usage := stats.MemoryStats.Usage.Usage; usage != 2048 {
		answer(1, fmt.Sprint("memory usage of a group of 2048 bytes reads ", usage))
	}
	answer(0, "statistics of a group without memory.stat, and of huge pages where there are none, on a made-up cgroup v2")
}

func must(err error) {
	if err != nil {
		// Below the first line is where it was made.
		answer(1, strings.SplitN(err.Error(), "\n", 2)[0])
	}
}

func answer(status int, line string) {
	fmt.Println(line)
	os.Exit(status)
}
