package agent

import "strings"

// endpoint is the address that kubelet gets. The real agent of later releases puts the scheme before a value that has none.
func endpoint(socket string) string {
	if strings.HasPrefix(socket, "unix://") {
		return socket
	}
	return "unix://" + socket
}
