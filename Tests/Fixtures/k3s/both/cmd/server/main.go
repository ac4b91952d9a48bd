// The multicall binary of the k3s-shaped repository: it links the real kubelet, and nothing else of a cluster.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/k3s-io/k3s/pkg/version"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/metrics/prometheus/restclient"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "k3s" && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	} else if (name == "k3s-server" || name == "k3s-agent") && len(arguments) > 0 && "k3s-"+arguments[0] == name {
		arguments = arguments[1:]
	}
	switch strings.TrimPrefix(name, "k3s-") {
	case "server", "agent":
		node, err := parse(arguments)
		if err != nil {
			fatal(err)
		}
		kubelet(node.kubelet())
	case "kubelet":
		kubelet(arguments)
	case "k3s", "-v", "--version", "version":
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version.Version, version.GitCommit, runtime.Version())
	default:
		fatal(fmt.Errorf("%s is no part of the shape", name))
	}
}

// node is what the shape understands of the flags of `k3s server`.
type node struct {
	dataDir, endpoint, snapshotter, token, name string
	arguments                                   []string
}

// The real server knows many more; one that the shape does not know is an error here as there.
func parse(arguments []string) (*node, error) {
	n := &node{dataDir: "/var/lib/rancher/k3s"}
	for i := 0; i < len(arguments); i++ {
		words := strings.SplitN(strings.TrimLeft(arguments[i], "-"), "=", 2)
		if arguments[i] == "--debug" || arguments[i] == "--disable-network-policy" {
			continue
		}
		if len(words) == 1 {
			i++
			if i == len(arguments) {
				return nil, fmt.Errorf("flag needs an argument: -%s", words[0])
			}
			words = append(words, arguments[i])
		}
		switch value := words[1]; words[0] {
		case "kubelet-arg":
			n.arguments = append(n.arguments, "--"+strings.TrimLeft(value, "-"))
		case "data-dir":
			n.dataDir = value
		case "container-runtime-endpoint":
			n.endpoint = value
		case "snapshotter":
			n.snapshotter = value
		case "token":
			n.token = value
		case "node-name":
			n.name = value
		case "flannel-backend", "disable":
		default:
			return nil, fmt.Errorf("flag provided but not defined: -%s", words[0])
		}
	}
	if n.endpoint == "" {
		return nil, fmt.Errorf("the shape has no containerd of its own: --container-runtime-endpoint is needed")
	}
	return n, nil
}

func (n *node) kubelet() []string {
	endpoint := n.endpoint
	if !strings.Contains(endpoint, "://") {
		endpoint = "unix://" + endpoint
	}
	// The user's own come last, and so win.
	made := []string{"--container-runtime=remote", "--container-runtime-endpoint=" + endpoint, "--v=2"}
	if n.name != "" {
		made = append(made, "--hostname-override="+n.name)
	}
	return append(made, n.arguments...)
}

func kubelet(arguments []string) {
	say("info", "Running kubelet "+strings.Join(arguments, " "))
	rand.Seed(time.Now().UnixNano())
	command := app.NewKubeletCommand()
	command.SetArgs(arguments)
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := command.Execute(); err != nil {
		fatal(err)
	}
}

// say writes a line as logrus does.
func say(level, message string) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n", time.Now().UTC().Format(time.RFC3339), level, message)
}

func fatal(err error) {
	say("fatal", err.Error())
	os.Exit(1)
}
