package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/k3s-io/k3s/pkg/cli"
	"github.com/k3s-io/k3s/pkg/log"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/embed"
	"go.etcd.io/etcd/pkg/transport"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubescheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// Where etcd and kube-apiserver itself listen, on the loopback.
const etcdPort, peerPort, apiPort = 2379, 2380, 6444

// datastore starts etcd in this process, as the real server does with --cluster-init. Its default, kine over sqlite, is not in the shape.
func datastore(folder string, failed chan<- error) error {
	files := transport.TLSInfo{
		CertFile: filepath.Join(folder, "tls/etcd/server-client.crt"), KeyFile: filepath.Join(folder, "tls/etcd/server-client.key"),
		TrustedCAFile: filepath.Join(folder, "tls/etcd/ca.crt"), ClientCertAuth: true,
	}
	client := []url.URL{{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", etcdPort)}}
	peer := []url.URL{{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", peerPort)}}
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "db/etcd")
	config.Logger, config.LogLevel = "zap", "error"
	config.LCUrls, config.ACUrls, config.LPUrls, config.APUrls = client, client, peer, peer
	config.ClientTLSInfo, config.PeerTLSInfo = files, files
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	go func() { failed <- fmt.Errorf("etcd: %v", <-etcd.Err()) }()
	select {
	case <-etcd.Server.ReadyNotify():
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("etcd is not ready after a minute")
	}
}

// apiServer starts kube-apiserver, and gives its handler.
func apiServer(config *cli.Config, keys *keys, failed chan<- error) (http.Handler, error) {
	advertised := config.AdvertiseAddress
	if advertised == "" {
		advertised = config.NodeIP
	}
	arguments := append([]string{
		"--advertise-address=" + advertised,
		"--allow-privileged=true", "--anonymous-auth=false", "--authorization-mode=Node,RBAC", "--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", apiPort), "--cert-dir=" + keys.tls("temporary-certs"),
		"--client-ca-file=" + keys.tls("client-ca.crt"), "--enable-admission-plugins=NodeRestriction",
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", etcdPort), "--etcd-cafile=" + keys.tls("etcd/ca.crt"),
		"--etcd-certfile=" + keys.tls("etcd/client.crt"), "--etcd-keyfile=" + keys.tls("etcd/client.key"),
		"--kubelet-certificate-authority=" + keys.tls("server-ca.crt"), "--kubelet-client-certificate=" + keys.tls("client-kube-apiserver.crt"),
		"--kubelet-client-key=" + keys.tls("client-kube-apiserver.key"), "--kubelet-preferred-address-types=InternalIP,Hostname",
		"--insecure-port=0", "--profiling=false", "--proxy-client-cert-file=" + keys.tls("client-auth-proxy.crt"),
		"--proxy-client-key-file=" + keys.tls("client-auth-proxy.key"), "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-client-ca-file=" + keys.tls("request-header-ca.crt"), "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
		"--api-audiences=https://kubernetes.default.svc.cluster.local,k3s", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + keys.tls("service.key"), "--service-account-signing-key-file=" + keys.tls("service.key"),
		"--service-cluster-ip-range=" + services, "--storage-backend=etcd3",
		"--tls-cert-file=" + keys.tls("serving-kube-apiserver.crt"), "--tls-private-key-file=" + keys.tls("serving-kube-apiserver.key"),
	}, config.APIServerArgs...)
	log.Info(fmt.Sprintf("Running kube-apiserver %v", arguments))
	// Its command would take over the signals, which the kubelet's in this process does.
	made := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	sets := made.Flags()
	options.AddCustomGlobalFlags(sets.FlagSet("generic"))
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	completed, err := apiserver.Complete(made)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return nil, utilerrors.NewAggregate(errs)
	}
	chain, err := apiserver.CreateServerChain(completed, wait.NeverStop)
	if err != nil {
		return nil, err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, err
	}
	go func() { failed <- fmt.Errorf("kube-apiserver exited: %v", prepared.Run(wait.NeverStop)) }()
	return chain.GenericAPIServer.Handler, nil
}

// ready waits until the API server says that it is.
func ready(kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return wait.PollImmediate(250*time.Millisecond, 2*time.Minute, func() (bool, error) {
		answer, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(context.TODO())
		return err == nil && string(answer) == "ok", nil
	})
}

func controllerManager(config *cli.Config, keys *keys, failed chan<- error) {
	execute(manager.NewControllerManagerCommand(), append([]string{
		"--bind-address=127.0.0.1", "--address=127.0.0.1", "--secure-port=0", "--port=10252", "--profiling=false",
		"--kubeconfig=" + keys.controller, "--service-account-private-key-file=" + keys.tls("service.key"),
		"--allocate-node-cidrs=true", "--cluster-cidr=10.42.0.0/16", "--root-ca-file=" + keys.tls("server-ca.crt"),
		"--cluster-signing-cert-file=" + keys.tls("client-ca.crt"), "--cluster-signing-key-file=" + keys.tls("client-ca.key"),
		"--use-service-account-credentials=true", "--leader-elect=false",
	}, config.ControllerArgs...), failed)
}

func scheduler(config *cli.Config, keys *keys, failed chan<- error) {
	execute(kubescheduler.NewSchedulerCommand(), append([]string{
		"--bind-address=127.0.0.1", "--address=127.0.0.1", "--secure-port=0", "--port=10251", "--profiling=false",
		"--kubeconfig=" + keys.scheduler, "--leader-elect=false",
	}, config.SchedulerArgs...), failed)
}

func execute(command *cobra.Command, arguments []string, failed chan<- error) {
	log.Info(fmt.Sprintf("Running %s %v", command.Name(), arguments))
	command.SetArgs(arguments)
	failed <- fmt.Errorf("%s exited: %v", command.Name(), command.Execute())
}
