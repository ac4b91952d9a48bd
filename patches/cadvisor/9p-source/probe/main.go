// Asks cAdvisor for the device of kubelet's directory: one line with it, or with the error.
package main

import (
	"fmt"
	"os"

	"upstream/fs"
)

func main() {
	device, err := find("/var/lib/kubelet")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("device of /var/lib/kubelet:", device)
}

func find(directory string) (string, error) {
	info, err := fs.NewFsInfo(fs.Context{})
	if err != nil {
		return "", err
	}
	device, err := info.GetDirFsDevice(directory)
	if err != nil {
		return "", err
	}
	return device.Device, nil
}
