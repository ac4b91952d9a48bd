// Package agent is `k3s agent`: it asks a server for what a kubelet needs, and runs the real one.
package agent

import (
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/k3s-io/k3s/pkg/certificate"
	"github.com/k3s-io/k3s/pkg/cli"
	"github.com/k3s-io/k3s/pkg/clientaccess"
	"github.com/k3s-io/k3s/pkg/kubeconfig"
	"github.com/k3s-io/k3s/pkg/log"
	"k8s.io/kubernetes/cmd/kubelet/app"
)

// Run joins a server. A server that is not there, or refuses the token, is asked again every two seconds, as by the real agent.
func Run(config *cli.Config) error {
	info, err := clientaccess.Validate(config.Server, config.Token)
	for ; err != nil; info, err = clientaccess.Validate(config.Server, config.Token) {
		log.Error(err)
		time.Sleep(2 * time.Second)
	}
	folder := filepath.Join(config.DataDir, "agent")
	if err := fetch(info, config, folder); err != nil {
		return fmt.Errorf("preparing agent: %v", err)
	}
	return Kubelet(arguments(config, folder))
}

// fetch writes the files that the kubelet reads.
func fetch(info *clientaccess.Info, config *cli.Config, folder string) error {
	for _, name := range []string{folder, filepath.Join(folder, "pod-manifests"), "/var/lib/kubelet"} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			return err
		}
	}
	files := map[string][]byte{"server-ca.crt": info.Authority}
	node := map[string]string{"k3s-Node-Name": config.NodeName, "k3s-Node-IP": config.NodeIP}
	for _, name := range []string{"client-ca", "client-kubelet", "serving-kubelet"} {
		content, err := info.Get("/v1-k3s/"+name+".crt", node)
		if err != nil {
			return err
		}
		certificates, key := split(content)
		files[name+".crt"] = certificates
		if len(key) > 0 {
			files[name+".key"] = key
		}
	}
	for name, content := range files {
		if err := ioutil.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	user := certificate.Pair{Certificate: files["client-kubelet.crt"], Key: files["client-kubelet.key"]}
	return kubeconfig.Write(filepath.Join(folder, "kubelet.kubeconfig"), config.Server, info.Authority, user)
}

// split parts a certificate from the key that follows it.
func split(content []byte) (certificate, key []byte) {
	const end = "-----END CERTIFICATE-----\n"
	place := strings.Index(string(content), end) + len(end)
	return content[:place], content[place:]
}

// arguments are those of the real agent of 1.20; the user's own come last, and so win. cAdvisor gets the socket as the user wrote it, in every
// era, and takes a path only.
func arguments(config *cli.Config, folder string) []string {
	return append([]string{
		"--address=0.0.0.0", "--anonymous-auth=false", "--authentication-token-webhook=true", "--authorization-mode=Webhook",
		"--cgroup-driver=cgroupfs", "--client-ca-file=" + filepath.Join(folder, "client-ca.crt"), "--cluster-domain=cluster.local",
		"--container-runtime=remote", "--container-runtime-endpoint=" + endpoint(config.Endpoint),
		"--containerd=" + config.Endpoint,
		"--eviction-hard=imagefs.available<5%,nodefs.available<5%",
		"--eviction-minimum-reclaim=imagefs.available=10%,nodefs.available=10%", "--fail-swap-on=false",
		"--healthz-bind-address=127.0.0.1", "--hostname-override=" + config.NodeName,
		"--kubeconfig=" + filepath.Join(folder, "kubelet.kubeconfig"), "--node-ip=" + config.NodeIP,
		"--pod-manifest-path=" + filepath.Join(folder, "pod-manifests"), "--read-only-port=0", "--serialize-image-pulls=false",
		"--tls-cert-file=" + filepath.Join(folder, "serving-kubelet.crt"), "--tls-private-key-file=" + filepath.Join(folder, "serving-kubelet.key"),
	}, config.KubeletArgs...)
}

// Kubelet runs the real kubelet.
func Kubelet(arguments []string) error {
	log.Info("Running kubelet " + strings.Join(arguments, " "))
	command := app.NewKubeletCommand()
	command.SetArgs(arguments)
	return command.Execute()
}
