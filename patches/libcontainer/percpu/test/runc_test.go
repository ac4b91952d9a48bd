package fs

import (
	"testing"

	"github.com/opencontainers/runc/libcontainer/cgroups"
)

func TestCpuacctStatsWithoutUsagePercpu(t *testing.T) {
	path := tempDir(t, "cpuacct")
	writeFileContents(t, path, map[string]string{
		"cpuacct.stat":  "user 300\nsystem 100\n",
		"cpuacct.usage": "4000000000\n",
	})

	stats := cgroups.NewStats()
	if err := (&CpuacctGroup{}).GetStats(path, stats); err != nil {
		t.Fatal(err)
	}
	usage := stats.CpuStats.CpuUsage
	if usage.TotalUsage != 4000000000 || usage.UsageInUsermode != 3000000000 || usage.UsageInKernelmode != 1000000000 {
		t.Errorf("unexpected usage: %+v", usage)
	}
	if len(usage.PercpuUsage) != 0 {
		t.Errorf("expected no usage per CPU, got %v", usage.PercpuUsage)
	}
}
