package agent

// endpoint is the address that kubelet gets. The real agent of 1.20 to 1.23 looks for the scheme in a flag that is not set yet, and so puts it before
// any value.
func endpoint(socket string) string { return "unix://" + socket }
