package identitypool

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

// PrincipalTags says which claims of a provider's users become tags of their sessions
// (aws:cognito/identityPoolProviderPrincipalTag:IdentityPoolProviderPrincipalTag). Its
// id is IDENTITYPOOL:PROVIDER. A policy reads a tag as aws:PrincipalTag/TAG.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html
type PrincipalTags struct {
	IdentityPoolID string            `json:"identityPoolId" aws:"required,replace"`
	Provider       string            `json:"identityProviderName" aws:"required,replace"` // cognito-idp.REGION.amazonaws.com/POOL
	Tags           map[string]string `json:"principalTags,omitempty"`                     // tag → claim
	UseDefaults    bool              `json:"useDefaults,omitempty"`                       // username → sub, client → aud
}

// ProviderTags are the mappings that are declared.
const ProviderTags declared.Kind[PrincipalTags] = "cognito.IdentityPoolProviderPrincipalTag"

// defaultTags are those of UseDefaults.
var defaultTags = map[string]string{"username": "sub", "client": "aud"}

// What STS takes as the key and the value of a session's tag.
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
var (
	tagKey   = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$`)
	tagValue = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$`)
)

const (
	maxTags  = 50
	maxClaim = 256 // characters of a claim's name
)

// CheckPrincipalTags refuses, by name, what AWS would not take, as early as the preview.
func (s *Service) CheckPrincipalTags(m PrincipalTags) error {
	if !strings.HasPrefix(m.Provider, "cognito-idp."+s.cfg.Region+".amazonaws.com/") {
		return fmt.Errorf("identityProviderName: %q is not legal; legal is cognito-idp.%s.amazonaws.com/POOL", m.Provider, s.cfg.Region)
	}
	if m.UseDefaults && len(m.Tags) > 0 {
		return fmt.Errorf("principalTags: they are legal without useDefaults only")
	}
	if len(m.Tags) > maxTags {
		return fmt.Errorf("principalTags: %d tags are not legal; legal are %d at most", len(m.Tags), maxTags)
	}
	folded := map[string]string{}
	for _, tag := range slices.Sorted(maps.Keys(m.Tags)) {
		claim := m.Tags[tag]
		switch n := len([]rune(claim)); {
		case !tagKey.MatchString(tag) || strings.HasPrefix(strings.ToLower(tag), "aws:"):
			return fmt.Errorf("principalTags: tag %q is not legal; legal are 1 to 128 letters, digits, spaces and any of _.:/=+-@, none of them beginning with aws: as AWS's own do", tag)
		case n < 1 || n > maxClaim:
			return fmt.Errorf("principalTags: the claim of tag %q has %d characters; legal are 1 to %d", tag, n, maxClaim)
		case folded[strings.ToLower(tag)] != "":
			return fmt.Errorf("principalTags: %q and %q are one tag: case does not tell tags apart", folded[strings.ToLower(tag)], tag)
		}
		folded[strings.ToLower(tag)] = tag
	}
	return nil
}

// PrincipalTagsDeclared checks a mapping that is made or changed against its identity
// pool. It is called inside the provider's transaction.
func (s *Service) PrincipalTagsDeclared(tx *store.Tx, id string, m PrincipalTags) error {
	p, found, err := Pools.Get(tx, m.IdentityPoolID)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("declaring principal tags %s: identityPoolId: identity pool %q does not exist", id, m.IdentityPoolID)
	}
	if _, ok := s.userPool(p, m.Provider); !ok {
		return fmt.Errorf("declaring principal tags %s: identityProviderName: the identity pool has no provider %q", id, m.Provider)
	}
	return nil
}

// tagsOf are the session tags that the logins bring, nil where no provider of theirs
// has a mapping. A claim that a token lacks, or that is not one value, gives no tag;
// one that cannot be a tag's value is refused, as STS does.
func (s *Service) tagsOf(poolID string, logins []login) (map[string]string, error) {
	if len(logins) == 0 {
		return nil, nil
	}
	var mappings []declared.Entry[PrincipalTags]
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		mappings, err = ProviderTags.All(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	for _, l := range logins {
		for _, m := range mappings {
			if m.Value.IdentityPoolID != poolID || m.Value.Provider != l.provider {
				continue
			}
			wanted := m.Value.Tags
			if m.Value.UseDefaults {
				wanted = defaultTags
			}
			for tag, claim := range wanted {
				value, single := l.text(claim)
				switch {
				case !single || has(tags, tag):
					continue
				case !tagValue.MatchString(value):
					return nil, wire.NewError("InvalidParameterException", "The value of claim "+claim+" cannot be the value of the tag "+tag+": legal are at most 256 letters, digits, spaces and any of _.:/=+-@")
				}
				if tags == nil {
					tags = map[string]string{}
				}
				tags[tag] = value
			}
		}
	}
	return tags, nil
}

// has says whether a login of another provider has brought the tag already: providers
// go by their names, and the first one's value stays.
func has(tags map[string]string, tag string) bool {
	for t := range tags {
		if strings.EqualFold(t, tag) {
			return true
		}
	}
	return false
}

// text is a claim as text, and whether it is there with one value.
func (l login) text(claim string) (value string, single bool) {
	v := l.claims.All[claim]
	switch v.(type) {
	case nil, []any, map[string]any:
		return "", false
	}
	return texts(v)[0], true
}
