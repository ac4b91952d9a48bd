// The wrapper of the k3s-shaped repository: it unpacks the archive that is embedded in it, once, and runs what lies in there.
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/k3s-io/k3s/pkg/data"
	"github.com/k3s-io/k3s/pkg/untar"
	"github.com/k3s-io/k3s/pkg/version"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "k3s" && len(os.Args) > 1 {
		name = os.Args[1]
	}
	switch name {
	case "k3s", "-v", "--version":
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version.Version, version.GitCommit, runtime.Version())
		return
	case "server", "agent":
		name = "k3s-" + name
	}
	if err := run(name); err != nil {
		fmt.Fprintf(os.Stderr, "time=%q level=fatal msg=%q\n", time.Now().UTC().Format(time.RFC3339), err.Error())
		os.Exit(1)
	}
}

func run(name string) error {
	folder, err := extract(dataDir())
	if err != nil {
		return fmt.Errorf("extracting data: %v", err)
	}
	path := strings.Join([]string{filepath.Join(folder, "bin"), os.Getenv("PATH"), filepath.Join(folder, "bin/aux")}, ":")
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return err
	}
	arguments := os.Args
	if !strings.HasPrefix(name, "k3s-") && filepath.Base(os.Args[0]) == "k3s" {
		arguments = os.Args[1:]
	}
	return syscall.Exec(program, arguments, os.Environ())
}

func dataDir() string {
	for i, argument := range os.Args {
		if strings.HasPrefix(argument, "--data-dir=") {
			return argument[len("--data-dir="):]
		}
		if argument == "--data-dir" && i+1 < len(os.Args) {
			return os.Args[i+1]
		}
	}
	return "/var/lib/rancher/k3s"
}

func extract(dataDir string) (string, error) {
	names := data.AssetNames()
	if len(names) != 1 {
		return "", fmt.Errorf("one archive is to be embedded, found %d", len(names))
	}
	folder := filepath.Join(dataDir, "data", strings.SplitN(filepath.Base(names[0]), ".", 2)[0])
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	content, err := data.Asset(names[0])
	if err != nil {
		return "", err
	}
	unfinished := fmt.Sprintf("%s-%d", folder, os.Getpid())
	defer os.RemoveAll(unfinished)
	if err := untar.Untar(content, unfinished); err != nil {
		return "", err
	}
	if err := verify(filepath.Join(unfinished, "bin")); err != nil {
		return "", err
	}
	return folder, os.Rename(unfinished, folder)
}

// verify looks whether each file is what .sha256sums says, and each link what .links says.
func verify(folder string) error {
	sums, err := lines(filepath.Join(folder, ".sha256sums"))
	if err != nil {
		return err
	}
	for _, line := range sums {
		sum, name := line[0], line[1]
		file, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		hash := sha256.New()
		_, err = io.Copy(hash, file)
		file.Close()
		if err != nil {
			return err
		}
		if found := fmt.Sprintf("%x", hash.Sum(nil)); found != sum {
			return fmt.Errorf("%s is %s, not %s", name, found, sum)
		}
	}
	links, err := lines(filepath.Join(folder, ".links"))
	if err != nil {
		return err
	}
	for _, line := range links {
		name, target := line[0], line[1]
		if found, err := os.Readlink(filepath.Join(folder, name)); err != nil || found != target {
			return fmt.Errorf("%s does not lead to %s", name, target)
		}
	}
	return nil
}

// lines reads a file of two words a line.
func lines(path string) ([][2]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found [][2]string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		words := strings.Fields(scanner.Text())
		if len(words) != 2 {
			return nil, fmt.Errorf("%s: two words a line are expected, found %q", path, scanner.Text())
		}
		found = append(found, [2]string{words[0], words[1]})
	}
	return found, nil
}
