// Package clientaccess is what a token says, and how an agent asks a server with it.
package clientaccess

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/ioutil"
	"net/http"
	"strings"
	"time"
)

// Format makes the token that a server writes for its agents: it names the server's authority by digest.
func Format(authority []byte, password string) string {
	return fmt.Sprintf("K10%s::server:%s", digest(authority), password)
}

// Password is the secret part of a token, written in full or not.
func Password(token string) string {
	if !strings.HasPrefix(token, "K10") {
		return token
	}
	words := strings.SplitN(token, "::", 2)
	return words[len(words)-1][strings.Index(words[len(words)-1], ":")+1:]
}

func digest(authority []byte) string { return fmt.Sprintf("%x", sha256.Sum256(authority)) }

// Info is a server that an agent trusts.
type Info struct {
	// Authority is the server's authority, as PEM.
	Authority []byte

	server, password string
	client           *http.Client
}

// Validate asks a server for its authority, compares it with the token, and looks whether the server takes the token.
func Validate(server, token string) (*Info, error) {
	// The authority is not known yet: it is what is asked for.
	open := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	info := &Info{server: server, password: Password(token), client: open}
	authority, err := info.Get("/cacerts", nil)
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %v", err)
	}
	if strings.HasPrefix(token, "K10") && !strings.HasPrefix(token, "K10"+digest(authority)+"::") {
		return nil, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s", digest(authority))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s/cacerts has no certificate", server)
	}
	info.Authority = authority
	info.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	if _, err := info.Get("/v1-k3s/config", nil); err != nil {
		return nil, fmt.Errorf("token is not valid: %v", err)
	}
	return info, nil
}

// Get asks the server for a file.
func (i *Info) Get(path string, header map[string]string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, i.server+path, nil)
	if err != nil {
		return nil, err
	}
	if i.Authority != nil {
		request.SetBasicAuth("node", i.password)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := i.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := ioutil.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", request.URL, response.Status)
	}
	return content, err
}
