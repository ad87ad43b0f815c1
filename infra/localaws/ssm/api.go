package ssm

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/wire"
)

const maxPage = 10 // parameters of one answer

// ServeAPI answers one operation of the API, whose name stood in X-Amz-Target:
// GetParameter, GetParameters and GetParametersByPath. Any other operation is
// answered with UnknownOperationException.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (s *Service) ServeAPI(w http.ResponseWriter, r *http.Request, operation string, body []byte) {
	s.cfg.IAM.ServeJSON(w, r, "ssm", operation, body, map[string]iam.Operation{
		"GetParameter":        asked(s, s.getParameter),
		"GetParameters":       asked(s, s.getParameters),
		"GetParametersByPath": asked(s, s.getParametersByPath),
	})
}

// ask is a signed request and who made it.
type ask struct {
	*Service
	r      *http.Request
	caller *iam.Caller
}

// may asks IAM whether the caller may do the action on the parameter or path.
func (a ask) may(action, name string) error {
	return a.cfg.IAM.Permit(a.r, a.caller, iam.Request{Action: "ssm:" + action, Resource: a.ARN(name)}, nil)
}

func asked[In, Out any](s *Service, run func(ask, In) (Out, error)) iam.Operation {
	return iam.JSON(func(r *http.Request, caller *iam.Caller, in In) (Out, error) { return run(ask{s, r, caller}, in) })
}

func invalid(message string) error { return wire.NewError("ValidationException", message) }

func constraint(value, member, rule string) error {
	return invalid("1 validation error detected: Value " + value + " at '" + member + "' failed to satisfy constraint: " + rule)
}

// parameter is a parameter as the API shows it.
type parameter struct {
	ARN              string  `json:"ARN"`
	DataType         string  `json:"DataType"`
	LastModifiedDate float64 `json:"LastModifiedDate"` // seconds since 1970
	Name             string  `json:"Name"`
	Selector         string  `json:"Selector,omitempty"` // as it was asked for: :VERSION
	Type             string  `json:"Type"`
	Value            string  `json:"Value"`
	Version          int     `json:"Version"`
}

// reference is a name as requests give it: a name or an ARN, with :VERSION or :LABEL.
type reference struct{ name, selector string }

// read takes a reference apart.
func (s *Service) read(member, text string) (reference, error) {
	if text == "" {
		return reference{}, constraint("null", member, "Member must not be null")
	}
	ref := reference{name: text}
	if strings.HasPrefix(text, "arn:") {
		rest, own := strings.CutPrefix(text, s.ARN(""))
		if !own {
			return reference{}, invalid("The ARN " + audit.Clip(text) + " is no parameter of this account and region.")
		}
		ref.name = "/" + rest
	}
	if i := strings.IndexByte(ref.name, ':'); i >= 0 {
		ref.name, ref.selector = ref.name[:i], ref.name[i:]
	}
	if len(ref.name) > maxName || !nameForm.MatchString(ref.name) {
		return reference{}, invalid("Parameter name: can't be other than letters, digits and any of _.- with / between levels.")
	}
	return ref, nil
}

var errNoParameter = errors.New("there is no such parameter")

// find returns the parameter that a reference means. An ARN stands for a name with
// or without a leading slash.
func (s *Service) find(tx *store.Tx, ref reference, asked string) (Parameter, error) {
	p, found, err := Parameters.Get(tx, ref.name)
	if err == nil && !found && strings.HasPrefix(asked, "arn:") {
		p, found, err = Parameters.Get(tx, strings.TrimPrefix(ref.name, "/"))
	}
	switch {
	case err != nil:
		return p, err
	case !found:
		return p, errNoParameter
	case ref.selector != "" && ref.selector != ":"+strconv.Itoa(p.Version):
		return p, wire.NewError("ParameterVersionNotFound", "Systems Manager could not find version "+audit.Clip(ref.selector[1:])+" of "+p.Name+". Verify the version and try again.")
	}
	return p, nil
}

// show brings a parameter with its value: that of a SecureString is what KMS would
// have made of it, unless it is to be decrypted.
func (s *Service) show(tx *store.Tx, p Parameter, selector string, decrypt bool) (parameter, error) {
	box, found, err := values.Get(tx, p.Name)
	if err != nil {
		return parameter{}, err
	}
	if !found {
		return parameter{}, fmt.Errorf("reading parameter %s: its value is missing", p.Name)
	}
	out := parameter{
		ARN: s.ARN(p.Name), DataType: p.DataType, Name: p.Name, Selector: selector, Type: p.Type, Version: p.Version,
		LastModifiedDate: float64(box.Modified.UnixMilli()) / 1000,
	}
	if p.Type == typeSecureString && !decrypt {
		out.Value = base64.StdEncoding.EncodeToString(box.Value)
		return out, nil
	}
	out.Value, err = s.open(p.Name, p.Version, box.Value)
	return out, err
}

type getParameterInput struct {
	Name           string
	WithDecryption bool
}

type getParameterOutput struct{ Parameter parameter }

func (s *Service) getParameter(a ask, in getParameterInput) (out getParameterOutput, err error) {
	ref, err := s.read("name", in.Name)
	if err != nil {
		return out, err
	}
	if err := a.may("GetParameter", ref.name); err != nil {
		return out, err
	}
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		p, err := s.find(tx, ref, in.Name)
		if err == nil {
			out.Parameter, err = s.show(tx, p, ref.selector, in.WithDecryption)
		}
		return err
	})
	if errors.Is(err, errNoParameter) {
		// AWS says no more than the code.
		return out, wire.NewError("ParameterNotFound", "").Because("there is no parameter " + ref.name)
	}
	return out, err
}

type getParametersInput struct {
	Names          []string
	WithDecryption bool
}

type getParametersOutput struct {
	InvalidParameters []string
	Parameters        []parameter
}

// getParameters brings many. Each must be granted; those that are not there are listed.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
func (s *Service) getParameters(a ask, in getParametersInput) (out getParametersOutput, err error) {
	out = getParametersOutput{InvalidParameters: []string{}, Parameters: []parameter{}}
	switch {
	case in.Names == nil:
		return out, constraint("null", "names", "Member must not be null")
	case len(in.Names) == 0 || len(in.Names) > maxPage:
		return out, constraint(fmt.Sprintf("'%d names'", len(in.Names)), "names", "Member must have length between 1 and 10")
	}
	refs := make([]reference, len(in.Names))
	for i, name := range in.Names {
		if refs[i], err = s.read("names", name); err != nil {
			return out, err
		}
		if err := a.may("GetParameters", refs[i].name); err != nil {
			return out, err
		}
	}
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		for i, ref := range refs {
			p, err := s.find(tx, ref, in.Names[i])
			var refusal *wire.Error
			if errors.Is(err, errNoParameter) || errors.As(err, &refusal) {
				out.InvalidParameters = append(out.InvalidParameters, in.Names[i])
				continue
			}
			if err != nil {
				return err
			}
			shown, err := s.show(tx, p, ref.selector, in.WithDecryption)
			if err != nil {
				return err
			}
			out.Parameters = append(out.Parameters, shown)
		}
		return nil
	})
	return out, err
}

type getParametersByPathInput struct {
	Path             string
	Recursive        bool
	WithDecryption   bool
	MaxResults       *int
	NextToken        string
	ParameterFilters []json.RawMessage
}

type getParametersByPathOutput struct {
	Parameters []parameter
	NextToken  string `json:",omitempty"`
}

// getParametersByPath brings what is below a path, in the order of names. Who is
// granted a path is granted all below it, as AWS documents, whatever else the caller
// is denied there.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (s *Service) getParametersByPath(a ask, in getParametersByPathInput) (out getParametersByPathOutput, err error) {
	out.Parameters = []parameter{}
	limit := maxPage
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	switch {
	case in.Path == "":
		return out, constraint("null", "path", "Member must not be null")
	case !strings.HasPrefix(in.Path, "/") || in.Path != "/" && !nameForm.MatchString(strings.TrimSuffix(in.Path, "/")) || len(in.Path) > maxName:
		return out, invalid(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	case limit < 1 || limit > maxPage:
		return out, constraint("'"+strconv.Itoa(limit)+"'", "maxResults", "Member must have value between 1 and 10")
	case len(in.ParameterFilters) > 0:
		return out, invalid("The local AWS does not know ParameterFilters.")
	}
	if err := a.may("GetParametersByPath", in.Path); err != nil {
		return out, err
	}
	after, err := base64.RawURLEncoding.DecodeString(in.NextToken)
	if err != nil {
		return out, wire.NewError("InvalidNextToken", "The specified token isn't valid.")
	}
	err = s.cfg.Store.View(func(tx *store.Tx) error {
		all, err := Parameters.All(tx)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(e declared.Entry[Parameter]) bool {
			return e.ID <= string(after) || !below(in.Path, e.ID, in.Recursive)
		})
		if len(all) > limit {
			all = all[:limit]
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(all[limit-1].ID))
		}
		for _, e := range all {
			shown, err := s.show(tx, e.Value, "", in.WithDecryption)
			if err != nil {
				return err
			}
			out.Parameters = append(out.Parameters, shown)
		}
		return nil
	})
	return out, err
}

// below reports whether the name is one level below the path, or deeper when that is
// asked for. A name without a leading slash is below the root.
func below(path, name string, recursive bool) bool {
	rest, is := strings.CutPrefix("/"+strings.TrimPrefix(name, "/"), strings.TrimSuffix(path, "/")+"/")
	return is && (recursive || !strings.Contains(rest, "/"))
}
