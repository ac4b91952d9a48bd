// Makes a folder of cgroup v2 as gVisor's is, with no memory.stat in it and no memory.current in the root, and asks libcontainer's reader for the
// memory of "/" and of a group: one line with both, or with the error.
package main

import (
	"fmt"
	"os"
	"syscall"

	cgroups "upstream"
	"upstream/fs2"
)

const root = "/sys/fs/cgroup"

func main() {
	// Whatever cgroups the sandbox has are covered: the reader knows the root by its path.
	must(syscall.Mount("none", root, "tmpfs", 0, ""))
	must(os.Mkdir(root+"/pod", 0o755))
	for name, text := range map[string]string{
		"cgroup.controllers": "cpu memory pids\n", "pids.current": "1\n", "pids.max": "max\n", "pod/cgroup.controllers": "cpu memory pids\n",
		"pod/pids.current": "1\n", "pod/pids.max": "max\n", "pod/memory.current": "2048\n", "pod/memory.max": "8192\n",
	} {
		must(os.WriteFile(root+"/"+name, []byte(text), 0o644))
	}
	// It reads no file that is on no file system of cgroups but for its own tests.
	cgroups.TestMode = true
	all, pod := usage(root), usage(root+"/pod")
	if all == 0 {
		answer(1, "memory usage of / reads 0, on a made-up cgroup v2")
	}
	if pod != 2048 {
		answer(1, fmt.Sprint("memory usage of a group of 2048 bytes reads ", pod, ", on a made-up cgroup v2"))
	}
	answer(0, fmt.Sprint("memory usage of / in bytes, on a made-up cgroup v2: ", all))
}

func usage(path string) uint64 {
	manager, err := fs2.NewManager(nil, path)
	must(err)
	stats, err := manager.GetStats()
	must(err)
	return stats.MemoryStats.Usage.Usage
}

func must(err error) {
	if err != nil {
		answer(1, err.Error())
	}
}

func answer(status int, line string) {
	fmt.Println(line)
	os.Exit(status)
}
