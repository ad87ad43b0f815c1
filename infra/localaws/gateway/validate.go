package gateway

import (
	"bytes"
	"strings"
)

// validate checks the request as the method's validator says, and answers one that fails.
func (x *exchange) validate() bool { return x.pass(x.valid()) }

// valid checks the request as the method's validator says.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
func (x *exchange) valid() outcome {
	m := x.method
	if m.RequestValidator.ValidateRequestParameters {
		if missing := x.missingParameters(); len(missing) > 0 {
			x.validation = "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
			return refused(answerParameters.with(x.validation), x.validation)
		}
	}
	if !m.RequestValidator.ValidateRequestBody || (len(m.RequestModels) == 0 && !m.BodyRequired) {
		return outcome{}
	}
	if len(bytes.TrimSpace(x.body)) == 0 {
		if !m.BodyRequired {
			return outcome{}
		}
		x.validation = "[the body is required]"
		return refused(answerBody, "a body is required")
	}
	model := m.RequestModels[requestMediaType(x.r.Header)]
	if model == nil {
		return outcome{} // API Gateway validates the media types that have a model, and no others
	}
	if err := model.Validate(x.body); err != nil {
		x.validation = "[the body does not match its model]"
		return refused(answerBody, "the body does not match its model") // the error holds the body's values
	}
	return outcome{}
}

// header returns the request's header of this name. Host stands apart from the others
// in net/http.
func (x *exchange) header(name string) string {
	if strings.EqualFold(name, "Host") {
		return x.r.Host
	}
	return x.r.Header.Get(name)
}

// missingParameters names the required parameters that are missing or blank.
func (x *exchange) missingParameters() []string {
	var missing []string
	var query map[string][]string
	for _, p := range x.method.RequestParameters {
		present := false
		switch p.In {
		case "header":
			present = strings.TrimSpace(x.header(p.Name)) != ""
		default:
			if query == nil {
				query = parseQuery(x.r.URL.RawQuery)
			}
			for _, v := range query[p.Name] {
				present = present || strings.TrimSpace(v) != ""
			}
		}
		if !present {
			missing = append(missing, p.Name)
		}
	}
	return missing
}
