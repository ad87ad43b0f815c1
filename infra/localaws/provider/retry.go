package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"auth-api/infra/localaws/store"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// creation is a resource that was made and whose id the engine may not have learned:
// the local AWS, or the engine, may have ended before the answer was written down.
type creation struct {
	ID     string `json:"id"`
	Inputs string `json:"inputs"` // hash of what was asked for
}

// unconfirmed holds creations by their URN until the engine speaks of their ids. When
// it asks for the very same creation before that, it gets the resource that is there,
// so that a kill at any time leaves neither orphans nor a name that is taken for ever.
var unconfirmed = store.Table[creation]{Name: "provider.unconfirmed"}

// confirm takes note that the engine knows the resource's id.
func (p *Provider) confirm(urn resource.URN, id resource.ID) error {
	waiting := false
	if err := p.store.View(func(tx *store.Tx) error {
		made, found, err := unconfirmed.Get(tx, string(urn))
		waiting = found && made.ID == string(id)
		return err
	}); err != nil || !waiting {
		return err
	}
	return p.store.Update(func(tx *store.Tx) error { return unconfirmed.Delete(tx, string(urn)) })
}

// inputsHash is the same for the same inputs, archives by their content.
func inputsHash(props resource.PropertyMap) (string, error) {
	object, err := jsonObject(props)
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(object) // keys in order
	if err != nil {
		return "", fmt.Errorf("hashing the inputs: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
