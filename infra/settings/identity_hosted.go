package settings

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// urls reads callback or sign-out URLs; addOrigins knows what there is without any.
func (o object) urls(name, doc string) []string {
	list := o.texts(name, nil, "https URLs, an app's own scheme, or http for localhost", doc, func(key, text string) {
		if fault := urlFault(text); fault != "" {
			o.p.add(key, "is %q: %s", text, fault)
		}
	}, byDefault(developmentURL+", without web and webOrigins"))
	if o.emptyList(name) {
		o.p.add(o.at(name), "is empty: the hosted sign-in needs at least one URL")
	}
	return list
}

// urlFault says why Cognito would refuse a callback or sign-out URL.
//
// See https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html.
func urlFault(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "it cannot be read as a URL"
	case u.Scheme == "":
		return "it has no scheme: legal are https, http for localhost, or an app's own"
	case strings.ContainsAny(text, "*"):
		return "Cognito matches URLs exactly and knows no wildcards"
	case strings.Contains(text, "#"):
		return "it has a fragment, which Cognito refuses"
	case strings.ContainsFunc(text, unicode.IsSpace):
		return "it has a space"
	case len(text) > 1024:
		return "it has more than 1024 characters"
	case (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() == "":
		return "it names no host"
	case u.Scheme == "http" && u.Hostname() != "localhost":
		return "http is for localhost alone: use https"
	}
	return ""
}

const domainRule = "are 1 to 63 lower-case letters, digits and hyphens, no hyphen first or last"

// ReservedDomainWords are what Cognito allows in no domain prefix.
var ReservedDomainWords = []string{"aws", "amazon", "cognito"}

var domainPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func domainFault(prefix string) string {
	if prefix == "" {
		return ""
	}
	if !domainPrefix.MatchString(prefix) {
		return "legal " + domainRule
	}
	for _, word := range ReservedDomainWords {
		if strings.Contains(prefix, word) {
			return fmt.Sprintf("it must not contain %s, which Cognito reserves", strings.Join(ReservedDomainWords, ", "))
		}
	}
	return ""
}
