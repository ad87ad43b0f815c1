package ssm

import "auth-api/infra/localaws/declared"

// Parameter is a parameter of the Parameter Store (aws:ssm/parameter:Parameter). Its
// id is its name. Its value is not kept here but sealed, in a table of this room.
type Parameter struct {
	Name           string            `json:"name" aws:"replace,autoname"`
	Type           string            `json:"type" aws:"required"` // String, StringList, SecureString
	Value          string            `json:"value,omitempty" aws:"required,secret"`
	Description    string            `json:"description,omitempty"`
	AllowedPattern string            `json:"allowedPattern,omitempty"`         // the value must match it as a whole
	DataType       string            `json:"dataType,omitempty" aws:"default"` // text
	KeyID          string            `json:"keyId,omitempty" aws:"default"`    // of a SecureString: alias/aws/ssm
	Tier           string            `json:"tier,omitempty" aws:"default"`     // Standard, Advanced
	Tags           map[string]string `json:"tags,omitempty"`
	TagsAll        map[string]string `json:"tagsAll,omitempty" aws:"computed"`
	ARN            string            `json:"arn,omitempty" aws:"computed"`
	Version        int               `json:"version,omitempty" aws:"computed"` // goes up with every change
}

// Parameters is the kind of parameters.
const Parameters declared.Kind[Parameter] = "ssm.Parameter"

// The types of parameters.
const (
	typeString       = "String"
	typeStringList   = "StringList"
	typeSecureString = "SecureString"
)
