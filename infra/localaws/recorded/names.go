package recorded

import (
	"errors"
	"fmt"
	"slices"

	"auth-api/infra/localaws/declared"
)

// DomainName is an API's domain name of its own (aws:apigateway/domainName:DomainName),
// regional. Its id is the name. The local AWS serves APIs under its own address alone.
//
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
type DomainName struct {
	DomainName             string            `json:"domainName" aws:"required,replace" rule:"form=domain"`
	RegionalCertificateARN string            `json:"regionalCertificateArn,omitempty" aws:"required" rule:"form=acm"`
	SecurityPolicy         string            `json:"securityPolicy,omitempty" aws:"default" rule:"one=TLS_1_0|TLS_1_2"`
	EndpointConfiguration  *DomainEndpoint   `json:"endpointConfiguration,omitempty" aws:"required"`
	Tags                   map[string]string `json:"tags,omitempty"`
	TagsAll                map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN                    string            `json:"arn,omitempty" aws:"computed"`
	RegionalDomainName     string            `json:"regionalDomainName,omitempty" aws:"computed"`
	RegionalZoneID         string            `json:"regionalZoneId,omitempty" aws:"computed"`
}

// DomainEndpoint is where a domain name is served: in the region.
type DomainEndpoint struct {
	Types         string `json:"types" rule:"need;one=REGIONAL"`
	IPAddressType string `json:"ipAddressType,omitempty" rule:"one=ipv4|dualstack"`
}

// BasePathMapping puts a stage under a domain name
// (aws:apigateway/basePathMapping:BasePathMapping). Its id is DOMAIN/PATH, as of when it
// was made.
type BasePathMapping struct {
	DomainName string `json:"domainName" aws:"required,replace"`
	RestAPI    string `json:"restApi" aws:"required"`
	StageName  string `json:"stageName,omitempty"`
	BasePath   string `json:"basePath,omitempty" rule:"length=1..300"`
}

// Record is a DNS record (aws:route53/record:Record), with records and ttl or as an
// alias. Its id is ZONE_NAME_TYPE, as of when it was made. Nobody resolves it here.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
type Record struct {
	ZoneID  string        `json:"zoneId" aws:"required,replace" rule:"length=1..32"`
	Name    string        `json:"name" aws:"required,replace" rule:"length=1..255"`
	Type    string        `json:"type" aws:"required" rule:"one=A|AAAA|CAA|CNAME|DS|HTTPS|MX|NAPTR|NS|PTR|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT"`
	TTL     *int          `json:"ttl,omitempty"` // seconds
	Records []string      `json:"records,omitempty"`
	Aliases []RecordAlias `json:"aliases,omitempty" rule:"length=1..1"`
	FQDN    string        `json:"fqdn,omitempty" aws:"computed"`
}

// RecordAlias is the name that a Record stands for.
type RecordAlias struct {
	Name                 string `json:"name" rule:"need;length=1..1024"`
	ZoneID               string `json:"zoneId" rule:"need;length=1..32"`
	EvaluateTargetHealth *bool  `json:"evaluateTargetHealth" rule:"need"`
}

func (r Record) check() error {
	if err := exactlyOne(map[string]bool{"aliases": len(r.Aliases) > 0, "records": len(r.Records) > 0}); err != nil {
		return err
	}
	switch {
	case len(r.Aliases) > 0 && r.TTL != nil:
		return errors.New("ttl is given beside aliases; legal is it with records")
	case len(r.Records) > 0 && r.TTL == nil:
		return errors.New("ttl is required with records")
	case r.TTL != nil && (*r.TTL < 0 || *r.TTL > 2147483647):
		return fmt.Errorf("ttl is %d; legal are numbers from 0 to 2147483647", *r.TTL)
	case r.Type == "CNAME" && len(r.Records) > 1:
		return fmt.Errorf("records has %d items; legal is one for a CNAME", len(r.Records))
	case slices.Contains(r.Records, ""):
		return errors.New("records has an empty item")
	}
	return nil
}

// The kinds of names.
const (
	DomainNames      declared.Kind[DomainName]      = Prefix + "apigateway.DomainName"
	BasePathMappings declared.Kind[BasePathMapping] = Prefix + "apigateway.BasePathMapping"
	Records          declared.Kind[Record]          = Prefix + "route53.Record"
)
