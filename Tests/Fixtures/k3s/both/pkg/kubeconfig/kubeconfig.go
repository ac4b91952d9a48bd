// Package kubeconfig writes how a server is reached, and by whom.
package kubeconfig

import (
	"encoding/base64"
	"fmt"
	"io/ioutil"

	"github.com/k3s-io/k3s/pkg/certificate"
)

const text = `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: default
  context:
    cluster: default
    user: default
current-context: default
`

// Write writes a file that only its owner reads.
func Write(path, server string, authority []byte, user certificate.Pair) error {
	encode := base64.StdEncoding.EncodeToString
	content := fmt.Sprintf(text, server, encode(authority), encode(user.Certificate), encode(user.Key))
	return ioutil.WriteFile(path, []byte(content), 0o600)
}
