// Package server is `k3s server`: the control plane in one process, and what an agent asks it for.
package server

import (
	"crypto/rand"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/k3s-io/k3s/pkg/agent"
	"github.com/k3s-io/k3s/pkg/cli"
	"github.com/k3s-io/k3s/pkg/clientaccess"
	"github.com/k3s-io/k3s/pkg/log"
)

// Run runs the control plane and, unless it is told otherwise, an agent in the same process. It returns only when something failed.
func Run(config *cli.Config) error {
	password, err := password(config)
	if err != nil {
		return err
	}
	keys, err := prepare(config)
	if err != nil {
		return fmt.Errorf("preparing server: %v", err)
	}
	failed := make(chan error)
	if err := datastore(keys.folder, failed); err != nil {
		return fmt.Errorf("starting the datastore: %v", err)
	}
	handler, err := apiServer(config, keys, failed)
	if err != nil {
		return fmt.Errorf("starting kube-apiserver: %v", err)
	}
	go func() { failed <- serve(config, keys, password, handler) }()
	if err := ready(keys.admin); err != nil {
		return err
	}
	go controllerManager(config, keys, failed)
	go scheduler(config, keys, failed)
	token := clientaccess.Format(keys.serverAuthority.Certificate, password)
	if err := publish(config, keys, token); err != nil {
		return err
	}
	log.Info("k3s is up and running")
	if !config.DisableAgent {
		mine := *config
		mine.Server, mine.Token = config.URL(), token
		go func() { failed <- agent.Run(&mine) }()
	}
	return <-failed
}

// password is the secret of the token that was given, or that was made before.
func password(config *cli.Config) (string, error) {
	if config.Token != "" {
		return clientaccess.Password(config.Token), nil
	}
	if before, err := ioutil.ReadFile(filepath.Join(config.DataDir, "server/token")); err == nil {
		return clientaccess.Password(strings.TrimSpace(string(before))), nil
	}
	bytes := make([]byte, 16)
	_, err := rand.Read(bytes)
	return fmt.Sprintf("%x", bytes), err
}

// publish writes the token for agents and the kubeconfig for people.
func publish(config *cli.Config, keys *keys, token string) error {
	file := filepath.Join(config.DataDir, "server/token")
	if err := ioutil.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		return err
	}
	link := filepath.Join(config.DataDir, "server/node-token")
	os.Remove(link)
	if err := os.Symlink(file, link); err != nil {
		return err
	}
	log.Info("Node token is available at " + link)
	target, mode := config.Kubeconfig, os.FileMode(0o600)
	if target == "" {
		target = "/etc/rancher/k3s/k3s.yaml"
	}
	if config.Mode != "" {
		bits, err := strconv.ParseUint(config.Mode, 8, 32)
		if err != nil {
			return fmt.Errorf("invalid write-kubeconfig-mode: %v", err)
		}
		mode = os.FileMode(bits)
	}
	content, err := ioutil.ReadFile(keys.admin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := ioutil.WriteFile(target, content, mode); err != nil {
		return err
	}
	log.Info("Wrote kubeconfig " + target)
	return os.Chmod(target, mode)
}
