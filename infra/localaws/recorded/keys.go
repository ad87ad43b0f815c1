package recorded

import "auth-api/infra/localaws/declared"

// Key is a key of KMS (aws:kms/key:Key). Its id is a UUID.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
type Key struct {
	Description           string            `json:"description,omitempty" aws:"default" rule:"length=0..8192"`
	DeletionWindowInDays  int               `json:"deletionWindowInDays,omitempty" rule:"range=7..30"`
	EnableKeyRotation     bool              `json:"enableKeyRotation,omitempty"`
	RotationPeriodInDays  int               `json:"rotationPeriodInDays,omitempty" aws:"default" rule:"range=90..2560"`
	IsEnabled             *bool             `json:"isEnabled,omitempty"`                                                        // nil means true
	KeyUsage              string            `json:"keyUsage,omitempty" aws:"replace" rule:"one=ENCRYPT_DECRYPT"`                // other keys encrypt nothing here or there
	CustomerMasterKeySpec string            `json:"customerMasterKeySpec,omitempty" aws:"replace" rule:"one=SYMMETRIC_DEFAULT"` // so do these
	MultiRegion           bool              `json:"multiRegion,omitempty" aws:"default,replace"`
	Policy                string            `json:"policy,omitempty" aws:"default" rule:"length=1..32768;form=policy"`
	Tags                  map[string]string `json:"tags,omitempty"`
	TagsAll               map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN                   string            `json:"arn,omitempty" aws:"computed"`
	KeyID                 string            `json:"keyId,omitempty" aws:"computed"`
}

// Alias is another name of a key (aws:kms/alias:Alias). Its id is its name.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
type Alias struct {
	Name         string `json:"name" aws:"required,replace" rule:"form=alias"`
	TargetKeyID  string `json:"targetKeyId" aws:"required"` // id or ARN of a key that is declared
	TargetKeyARN string `json:"targetKeyArn,omitempty" aws:"computed"`
	ARN          string `json:"arn,omitempty" aws:"computed"`
}

// The kinds of KMS.
const (
	Keys    declared.Kind[Key]   = Prefix + "kms.Key"
	Aliases declared.Kind[Alias] = Prefix + "kms.Alias"
)
