package main

// The build writes a commit into it.
import _ "go.etcd.io/etcd/api/v3/version"
