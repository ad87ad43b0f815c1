package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"auth-api/infra/localaws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

type codeProperty = lambda.Code

// readArchive returns the hash under which the archive's bytes are kept, as a
// lambda.Code in JSON.
func readArchive(a *archive.Archive) (any, error) {
	data, err := archiveBytes(a)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	return map[string]any{"sha256": hex.EncodeToString(sum[:])}, nil
}

// archiveBytes returns the archive as a zip: the file's own bytes where it is one.
func archiveBytes(a *archive.Archive) ([]byte, error) {
	if a.IsPath() && strings.HasSuffix(a.Path, ".zip") {
		data, err := os.ReadFile(a.Path)
		if err != nil {
			return nil, fmt.Errorf("reading the code's archive: %w", err)
		}
		return data, nil
	}
	data, err := a.Bytes(archive.ZIPArchive)
	if err != nil {
		return nil, fmt.Errorf("reading the code's archive: %w", err)
	}
	return data, nil
}
