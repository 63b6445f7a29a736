package matrix

import (
	"fmt"
	"os"
	"path/filepath"
)

// Write writes the matrix into a folder, as data and as a page.
func (m *Matrix) Write(folder string) error {
	for name, render := range map[string]func() ([]byte, error){"matrix.json": m.JSON, "matrix.html": m.HTML} {
		text, err := render()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return fmt.Errorf("write the kill matrix: %w", err)
		}
	}
	return nil
}
