// Copyright 2026 Google Inc. All Rights Reserved.
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

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
