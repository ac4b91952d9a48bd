package tmpfs

import (
	"testing"

	mount "github.com/moby/sys/mountinfo"
)

// All 9p mounts of a gVisor sandbox have the source "none".
func TestPluginTells9pMountsApart(t *testing.T) {
	plugin := &tmpfsPlugin{}
	if !plugin.CanHandle("9p") {
		t.Fatal("expected the plugin to handle 9p")
	}
	for _, mountpoint := range []string{"/", "/var/lib/kubelet"} {
		isIncluded, processed, err := plugin.ProcessMount(&mount.Info{Mountpoint: mountpoint, Source: "none", FSType: "9p"})
		if err != nil {
			t.Fatal(err)
		}
		if !isIncluded || processed.Source != mountpoint {
			t.Errorf("expected the source %q, got %q (included: %v)", mountpoint, processed.Source, isIncluded)
		}
	}
}
