// Package cli reads the flags of `k3s server` and `k3s agent` (docs.k3s.io, cli).
package cli

import (
	"fmt"
	"io/ioutil"
	"net"
	"os"
	"strconv"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Config is what the shape understands of the flags.
type Config struct {
	DataDir, Token, Server, NodeName, NodeIP   string
	Endpoint, Snapshotter, Kubeconfig, Mode    string
	BindAddress, AdvertiseAddress              string
	Port                                       int
	DisableAgent                               bool
	KubeletArgs, APIServerArgs, ControllerArgs []string
	SchedulerArgs, Names                       []string
	tokenFile                                  string
}

// URL is where a server of this configuration is called by its own machine.
func (c *Config) URL() string {
	host := c.BindAddress
	if host == "" || host == "0.0.0.0" {
		host = "127.0.0.1"
	}
	return "https://" + net.JoinHostPort(host, strconv.Itoa(c.Port))
}

// The values of flags that the shape takes and does nothing with: it has no network of pods, no charts and no cloud controller.
var without = map[string]bool{"flannel-backend": true, "disable": true, "kube-proxy-arg": true}

// Flags without a value.
var switches = map[string]bool{
	"debug": true, "disable-network-policy": true, "disable-cloud-controller": true, "disable-kube-proxy": true, "disable-helm-controller": true,
	"disable-agent": true, "cluster-init": true,
}

// Flags that only a server has.
var servers = map[string]bool{
	"flannel-backend": true, "disable": true, "disable-network-policy": true, "disable-cloud-controller": true, "disable-kube-proxy": true,
	"disable-helm-controller": true, "disable-agent": true, "cluster-init": true, "write-kubeconfig": true, "write-kubeconfig-mode": true,
	"https-listen-port": true, "bind-address": true, "advertise-address": true, "tls-san": true, "kube-apiserver-arg": true,
	"kube-controller-manager-arg": true, "kube-scheduler-arg": true,
}

// Parse reads the flags. The real k3s knows many more; one that the shape does not know is an error here as there.
func Parse(command string, arguments []string) (*Config, error) {
	c := &Config{
		DataDir: "/var/lib/rancher/k3s", Token: os.Getenv("K3S_TOKEN"), Server: os.Getenv("K3S_URL"), Port: 6443,
		Kubeconfig: os.Getenv("K3S_KUBECONFIG_OUTPUT"), Mode: os.Getenv("K3S_KUBECONFIG_MODE"),
	}
	for i := 0; i < len(arguments); i++ {
		words := strings.SplitN(strings.TrimLeft(arguments[i], "-"), "=", 2)
		if !strings.HasPrefix(arguments[i], "-") || command == "agent" && servers[words[0]] {
			return nil, fmt.Errorf("flag provided but not defined: %s", arguments[i])
		}
		if switches[words[0]] {
			c.DisableAgent = c.DisableAgent || words[0] == "disable-agent"
			continue
		}
		if len(words) == 1 {
			i++
			if i == len(arguments) {
				return nil, fmt.Errorf("flag needs an argument: -%s", words[0])
			}
			words = append(words, arguments[i])
		}
		if err := c.set(words[0], words[1]); err != nil {
			return nil, err
		}
	}
	return c, c.complete(command)
}

func (c *Config) set(name, value string) (err error) {
	texts := map[string]*string{
		"data-dir": &c.DataDir, "d": &c.DataDir, "token": &c.Token, "t": &c.Token, "server": &c.Server, "s": &c.Server,
		"node-name": &c.NodeName, "node-ip": &c.NodeIP, "i": &c.NodeIP, "container-runtime-endpoint": &c.Endpoint,
		"snapshotter": &c.Snapshotter, "write-kubeconfig": &c.Kubeconfig, "o": &c.Kubeconfig, "write-kubeconfig-mode": &c.Mode,
		"bind-address": &c.BindAddress, "advertise-address": &c.AdvertiseAddress, "token-file": &c.tokenFile,
	}
	lists := map[string]*[]string{
		"kubelet-arg": &c.KubeletArgs, "kube-apiserver-arg": &c.APIServerArgs, "kube-controller-manager-arg": &c.ControllerArgs,
		"kube-scheduler-arg": &c.SchedulerArgs,
	}
	if text, ok := texts[name]; ok {
		*text = value
	} else if list, ok := lists[name]; ok {
		*list = append(*list, "--"+strings.TrimLeft(value, "-"))
	} else if name == "tls-san" {
		c.Names = append(c.Names, value)
	} else if name == "https-listen-port" {
		c.Port, err = strconv.Atoi(value)
	} else if !without[name] {
		err = fmt.Errorf("flag provided but not defined: -%s", name)
	}
	return err
}

func (c *Config) complete(command string) (err error) {
	if c.tokenFile != "" {
		content, err := ioutil.ReadFile(c.tokenFile)
		if err != nil {
			return err
		}
		c.Token = strings.TrimSpace(string(content))
	}
	if command == "agent" && c.Server == "" {
		return fmt.Errorf("--server is required")
	}
	if command == "agent" && c.Token == "" {
		return fmt.Errorf("--token is required")
	}
	if c.Endpoint == "" && (command == "agent" || !c.DisableAgent) {
		return fmt.Errorf("the shape has no containerd of its own: --container-runtime-endpoint is needed")
	}
	if c.NodeName == "" {
		if c.NodeName, err = os.Hostname(); err != nil {
			return err
		}
	}
	if c.NodeIP == "" {
		// As the real one, the shape ends here on a machine without a default route.
		found, err := utilnet.ChooseHostInterface()
		if err != nil {
			return err
		}
		c.NodeIP = found.String()
	}
	if net.ParseIP(c.NodeIP) == nil {
		return fmt.Errorf("invalid node-ip: %s", c.NodeIP)
	}
	return nil
}
