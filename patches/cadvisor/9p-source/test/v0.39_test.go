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

package fs

import (
	"reflect"
	"testing"

	mount "github.com/moby/sys/mountinfo"
)

// All 9p mounts of a gVisor sandbox have the source "none".
func TestProcessMounts9p(t *testing.T) {
	mounts := []*mount.Info{
		{Mountpoint: "/", Source: "none", FSType: "9p", Major: 0, Minor: 21},
		{Mountpoint: "/var/lib/kubelet", Source: "none", FSType: "9p", Major: 0, Minor: 24},
	}
	expected := map[string]partition{
		"/":                {fsType: "9p", mountpoint: "/", major: 0, minor: 21},
		"/var/lib/kubelet": {fsType: "9p", mountpoint: "/var/lib/kubelet", major: 0, minor: 24},
	}
	if actual := processMounts(mounts, nil); !reflect.DeepEqual(expected, actual) {
		t.Errorf("expected %#v, got %#v", expected, actual)
	}
}
