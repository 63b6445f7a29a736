package agent_test

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyAnInstalledVictimIsUninstalled(t *testing.T) {
	client, _ := linkAgent(t)
	path, other := filepath.Join(t.TempDir(), "victim"), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := client.InstallVictim(deadline(t), path, false); err != nil {
		t.Fatal(err)
	}
	if err := client.UninstallVictim(deadline(t), path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("after it was uninstalled: %v", err)
	}
	if err := client.UninstallVictim(deadline(t), other); err == nil {
		t.Error("a file that is not ours was removed")
	}
}
