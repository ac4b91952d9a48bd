package server

import (
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"

	"github.com/k3s-io/k3s/pkg/certificate"
	"github.com/k3s-io/k3s/pkg/cli"
)

// serve listens on the one port of a server: what agents ask for is answered here, all else by kube-apiserver's own handler.
func serve(config *cli.Config, keys *keys, password string, kubernetes http.Handler) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/cacerts", func(w http.ResponseWriter, _ *http.Request) { w.Write(keys.serverAuthority.Certificate) })
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pong") })
	agents := http.NewServeMux()
	agents.HandleFunc("/v1-k3s/config", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"ServiceIPRange": services, "ClusterDomain": "cluster.local"})
	})
	agents.HandleFunc("/v1-k3s/client-ca.crt", func(w http.ResponseWriter, _ *http.Request) { w.Write(keys.clientAuthority.Certificate) })
	agents.HandleFunc("/v1-k3s/client-kubelet.crt", func(w http.ResponseWriter, request *http.Request) {
		node := request.Header.Get("k3s-Node-Name")
		answer(w, node, func() (certificate.Pair, error) {
			return keys.clientAuthority.Client("system:node:"+node, "system:nodes")
		})
	})
	agents.HandleFunc("/v1-k3s/serving-kubelet.crt", func(w http.ResponseWriter, request *http.Request) {
		node, address := request.Header.Get("k3s-Node-Name"), request.Header.Get("k3s-Node-IP")
		answer(w, node, func() (certificate.Pair, error) {
			return keys.serverAuthority.Server(node, node, "localhost", "127.0.0.1", address)
		})
	})
	mux.Handle("/v1-k3s/", http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		user, given, _ := request.BasicAuth()
		if user != "node" || subtle.ConstantTimeCompare([]byte(given), []byte(password)) != 1 {
			http.Error(w, "not authorized", http.StatusUnauthorized)
			return
		}
		agents.ServeHTTP(w, request)
	}))
	mux.Handle("/", kubernetes)
	server := &http.Server{
		Addr: net.JoinHostPort(config.BindAddress, fmt.Sprint(config.Port)), Handler: mux,
		TLSConfig: &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
	}
	return server.ListenAndServeTLS(keys.tls("serving-kube-apiserver.crt"), keys.tls("serving-kube-apiserver.key"))
}

// answer gives a node a certificate and its key.
func answer(w http.ResponseWriter, node string, make func() (certificate.Pair, error)) {
	if node == "" {
		http.Error(w, "the node has no name", http.StatusBadRequest)
		return
	}
	pair, err := make()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(append(pair.Certificate, pair.Key...))
}
