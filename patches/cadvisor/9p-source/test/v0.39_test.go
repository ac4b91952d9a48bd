package fs

import (
	"reflect"
	"testing"

	mount "github.com/moby/sys/mountinfo"
)

// All 9p mounts of a gVisor sandbox have the source "none". A mount of another type with that source does not hide them.
func TestProcessMounts9p(t *testing.T) {
	mounts := []*mount.Info{
		{Mountpoint: "/data", Source: "none", FSType: "xfs", Major: 0, Minor: 20},
		{Mountpoint: "/", Source: "none", FSType: "9p", Major: 0, Minor: 21},
		{Mountpoint: "/var/lib/kubelet", Source: "none", FSType: "9p", Major: 0, Minor: 24},
	}
	expected := map[string]partition{
		"none":             {fsType: "xfs", mountpoint: "/data", major: 0, minor: 20},
		"/":                {fsType: "9p", mountpoint: "/", major: 0, minor: 21},
		"/var/lib/kubelet": {fsType: "9p", mountpoint: "/var/lib/kubelet", major: 0, minor: 24},
	}
	if actual := processMounts(mounts, nil); !reflect.DeepEqual(expected, actual) {
		t.Errorf("expected %#v, got %#v", expected, actual)
	}
}
