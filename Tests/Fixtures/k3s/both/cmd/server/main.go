// The multicall binary of the k3s-shaped repository: it links the real kubelet, kube-apiserver, kube-controller-manager, kube-scheduler and etcd.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/k3s-io/k3s/pkg/agent"
	"github.com/k3s-io/k3s/pkg/cli"
	"github.com/k3s-io/k3s/pkg/log"
	"github.com/k3s-io/k3s/pkg/server"
	"github.com/k3s-io/k3s/pkg/version"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/metrics/prometheus/restclient"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "k3s" && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	} else if (name == "k3s-server" || name == "k3s-agent") && len(arguments) > 0 && "k3s-"+arguments[0] == name {
		arguments = arguments[1:]
	}
	name = strings.TrimPrefix(name, "k3s-")
	rand.Seed(time.Now().UnixNano())
	logs.InitLogs()
	defer logs.FlushLogs()
	var err error
	switch name {
	case "server", "agent":
		err = node(name, arguments)
	case "kubelet":
		err = agent.Kubelet(arguments)
	case "k3s", "-v", "--version", "version":
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version.Version, version.GitCommit, runtime.Version())
	default:
		err = fmt.Errorf("%s is no part of the shape", name)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func node(name string, arguments []string) error {
	config, err := cli.Parse(name, arguments)
	if err != nil {
		return err
	}
	log.Info(fmt.Sprintf("Starting k3s %s (%s)", version.Version, version.GitCommit))
	if name == "agent" {
		return agent.Run(config)
	}
	return server.Run(config)
}
