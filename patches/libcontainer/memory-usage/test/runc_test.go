package fs

import (
	"testing"

	"github.com/opencontainers/runc/libcontainer/cgroups"
)

func memoryUsageOf(t *testing.T, files map[string]string) (cgroups.MemoryData, error) {
	t.Helper()
	path := tempDir(t, "memory")
	writeFileContents(t, path, files)
	stats := cgroups.NewStats()
	err := (&MemoryGroup{}).GetStats(path, stats)
	return stats.MemoryStats.Usage, err
}

func TestMemoryUsageWithoutStatFile(t *testing.T) {
	for _, limit := range []string{"8192\n", ""} {
		files := map[string]string{"memory.usage_in_bytes": "2048\n"}
		expected := cgroups.MemoryData{Usage: 2048}
		if limit != "" {
			files["memory.limit_in_bytes"] = limit
			expected.Limit = 8192
		}
		usage, err := memoryUsageOf(t, files)
		if err != nil {
			t.Fatal(err)
		}
		if usage != expected {
			t.Errorf("expected %+v, got %+v", expected, usage)
		}
	}
}

func TestMemoryUsageWithoutAnyFile(t *testing.T) {
	usage, err := memoryUsageOf(t, map[string]string{})
	if err != nil {
		t.Fatal(err)
	}
	if usage != (cgroups.MemoryData{}) {
		t.Errorf("expected no usage, got %+v", usage)
	}
}

func TestMemoryUsageWithoutStatFileBad(t *testing.T) {
	if usage, err := memoryUsageOf(t, map[string]string{"memory.usage_in_bytes": "bad"}); err == nil {
		t.Errorf("expected failure, got %+v", usage)
	}
}
