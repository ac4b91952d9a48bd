package server

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k3s-io/k3s/pkg/certificate"
	"github.com/k3s-io/k3s/pkg/cli"
	"github.com/k3s-io/k3s/pkg/kubeconfig"
	"k8s.io/client-go/util/keyutil"
)

// The addresses that the cluster's services have, and the first of them, which is the API server's.
const services, first = "10.43.0.0/16", "10.43.0.1"

// keys are the files that a server makes below its data folder.
type keys struct {
	folder                           string
	serverAuthority, clientAuthority *certificate.Authority
	// Kubeconfigs.
	admin, controller, scheduler string
}

func (k *keys) tls(name string) string { return filepath.Join(k.folder, "tls", name) }

// prepare makes all certificates and kubeconfigs; the authorities of an earlier start are kept.
func prepare(config *cli.Config) (*keys, error) {
	k := &keys{folder: filepath.Join(config.DataDir, "server")}
	if err := os.MkdirAll(filepath.Join(k.folder, "cred"), 0o700); err != nil {
		return nil, err
	}
	authorities := map[string]*certificate.Authority{}
	for _, name := range []string{"server-ca", "client-ca", "request-header-ca", "etcd/ca"} {
		authority, err := certificate.Open(k.tls(name), "k3s-"+filepath.Base(name))
		if err != nil {
			return nil, err
		}
		authorities[name] = authority
	}
	k.serverAuthority, k.clientAuthority = authorities["server-ca"], authorities["client-ca"]
	names := append([]string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1",
		first, config.NodeIP, config.NodeName,
	}, config.Names...)
	for _, address := range []string{config.BindAddress, config.AdvertiseAddress} {
		if address != "" {
			names = append(names, address)
		}
	}
	for name, make := range map[string]func() (certificate.Pair, error){
		"serving-kube-apiserver": func() (certificate.Pair, error) { return k.serverAuthority.Server("kube-apiserver", names...) },
		"client-kube-apiserver": func() (certificate.Pair, error) {
			return k.clientAuthority.Client("system:apiserver", "system:masters")
		},
		"client-auth-proxy": func() (certificate.Pair, error) { return authorities["request-header-ca"].Client("system:auth-proxy") },
		"etcd/server-client": func() (certificate.Pair, error) {
			return authorities["etcd/ca"].Server("etcd-server", "localhost", "127.0.0.1")
		},
		"etcd/client": func() (certificate.Pair, error) { return authorities["etcd/ca"].Client("etcd-client") },
	} {
		pair, err := make()
		if err == nil {
			err = pair.Write(k.tls(name))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %v", name, err)
		}
	}
	if err := k.serviceKey(); err != nil {
		return nil, err
	}
	return k, k.kubeconfigs(config.URL())
}

// serviceKey makes the key that signs the tokens of service accounts.
func (k *keys) serviceKey() error {
	if _, err := os.Stat(k.tls("service.key")); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	encoded, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return keyutil.WriteKey(k.tls("service.key"), encoded)
}

func (k *keys) kubeconfigs(url string) error {
	local := fmt.Sprintf("https://127.0.0.1:%d", apiPort)
	for _, each := range []struct {
		path                   *string
		name, user, group, url string
	}{
		{&k.admin, "admin", "system:admin", "system:masters", url},
		{&k.controller, "controller", "system:kube-controller-manager", "", local},
		{&k.scheduler, "scheduler", "system:kube-scheduler", "", local},
	} {
		var groups []string
		if each.group != "" {
			groups = []string{each.group}
		}
		pair, err := k.clientAuthority.Client(each.user, groups...)
		if err != nil {
			return err
		}
		*each.path = filepath.Join(k.folder, "cred", each.name+".kubeconfig")
		if err := kubeconfig.Write(*each.path, each.url, k.serverAuthority.Certificate, pair); err != nil {
			return err
		}
	}
	return nil
}
