package hosted

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"auth-api/infra/localaws/userpool/password"
)

// The pages by which users help themselves: sign up, confirm, forgotten password.

func formAttributes(form url.Values) map[string]string {
	m := map[string]string{}
	for name := range form {
		if attribute, ok := strings.CutPrefix(name, "attribute."); ok && form.Get(name) != "" {
			m[attribute] = form.Get(name)
		}
	}
	return m
}

func attributeField(name, value string) field {
	f := field{Name: "attribute." + name, Type: "text", Autocomplete: "off", Value: value,
		Label: strings.ReplaceAll(strings.TrimPrefix(name, "custom:"), "_", " ")}
	f.Label = strings.ToUpper(f.Label[:1]) + f.Label[1:]
	switch name {
	case "email":
		f.Type, f.Autocomplete = "email", "email"
	case "phone_number":
		f.Type, f.Autocomplete = "tel", "tel"
	case "birthdate":
		f.Type, f.Autocomplete = "date", "bday"
	case "name":
		f.Autocomplete = "name"
	case "given_name":
		f.Autocomplete = "given-name"
	case "family_name":
		f.Autocomplete = "family-name"
	case "preferred_username":
		f.Autocomplete = "nickname"
	}
	return f
}

// describe says what a password needs, before it is refused.
func describe(w password.Policy) []string {
	out := []string{fmt.Sprintf("at least %d characters", w.MinimumLength)}
	for _, class := range []struct {
		needed bool
		text   string
	}{{w.RequireLowercase, "a lower-case letter"}, {w.RequireUppercase, "an upper-case letter"}, {w.RequireNumbers, "a number"}, {w.RequireSymbols, "a special character or a space within"}} {
		if class.needed {
			out = append(out, class.text)
		}
	}
	return out
}

// openPage starts a page that belongs to an authorize request.
func (v *visit) openPage() (*authRequest, bool) {
	a, ok := v.authRequest()
	if !ok {
		return nil, false
	}
	if err := v.startForm(); err != nil {
		v.fault(err)
		return nil, false
	}
	return a, true
}

func (v *visit) openForm() (*authRequest, bool) {
	if !v.guard() {
		return nil, false
	}
	a, ok := v.authRequest()
	return a, ok && v.ownUsersOnly(a)
}

func (v *visit) signupPage() {
	a, ok := v.openPage()
	if !ok || !v.ownUsersOnly(a) || !v.signUpOpen(a) {
		return
	}
	v.record.Allow("the sign-up page")
	v.page(http.StatusOK, "signup", v.signupFields(a))
}

func (v *visit) signUpOpen(a *authRequest) bool {
	if !a.app.SignUpOpen() {
		v.record.Deny("the pool's users are made by administrators alone")
		v.page(http.StatusBadRequest, "error", page{Title: "Sign-up is closed", Error: "SignUp is not permitted for this user pool."})
		return false
	}
	return true
}

func (v *visit) signupFields(a *authRequest) page {
	form := v.r.PostForm
	p := page{Title: "Sign up", Query: a.carried(), Policy: describe(a.app.PasswordPolicy())}
	name := field{Name: "username", Label: "Username", Type: "text", Autocomplete: "username", Value: form.Get("username")}
	asked, pool := a.app.RequiredAttributes(), a.app.Pool()
	if len(pool.UsernameAttributes) > 0 {
		name = nameField(pool, form.Get("username"))
		asked = slices.DeleteFunc(asked, func(s string) bool { return slices.Contains(pool.UsernameAttributes, s) })
	} else {
		for _, attribute := range pool.AutoVerifiedAttributes {
			if !slices.Contains(asked, attribute) {
				asked = append([]string{attribute}, asked...)
			}
		}
	}
	p.Fields = append(p.Fields, name)
	for _, attribute := range asked {
		p.Fields = append(p.Fields, attributeField(attribute, form.Get("attribute."+attribute)))
	}
	return p
}

func (v *visit) signupForm() {
	a, ok := v.openForm()
	if !ok || !v.signUpOpen(a) {
		return
	}
	form := v.r.PostForm
	name := form.Get("username")
	up, err := v.pools.SignUp(v.r.Context(), a.app, name, form.Get("password"), formAttributes(form))
	if err != nil {
		v.again("signup", v.signupFields(a), err)
		return
	}
	v.record.Caller(up.Username)
	if up.Confirmed {
		v.record.Allow("signed up, and confirmed by the pool's function")
		v.toLogin(a, "confirmed")
		return
	}
	v.record.Allow("signed up; to be confirmed")
	p := page{Title: "Confirm your account", Username: name, Query: a.carried(), Notice: "An administrator must confirm your account before you can sign in."}
	if up.Delivery != nil {
		p.Notice = "We sent a code to " + up.Delivery.Destination + ". Enter it to confirm your account."
	}
	v.page(http.StatusOK, "confirm", p)
}

func (v *visit) confirmPage() {
	a, ok := v.openPage()
	if !ok {
		return
	}
	v.record.Allow("the confirmation page")
	v.page(http.StatusOK, "confirm", page{Title: "Confirm your account", Query: a.carried()})
}

func (v *visit) confirmForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	form := v.r.PostForm
	p := page{Title: "Confirm your account", Username: form.Get("username"), Query: a.carried()}
	if form.Has("resend") {
		sent, err := v.pools.ResendConfirmationCode(v.r.Context(), a.app, p.Username)
		if err != nil {
			v.again("confirm", p, err)
			return
		}
		v.record.Allow("answered as if a code was sent")
		p.Notice = "We sent a new code to " + sent.Destination + "."
		v.page(http.StatusOK, "confirm", p)
		return
	}
	username, err := v.pools.ConfirmSignUp(a.app, p.Username, strings.TrimSpace(form.Get("code")))
	if err != nil {
		v.again("confirm", p, err)
		return
	}
	v.record.Caller(username)
	v.record.Allow("sign-up confirmed")
	v.toLogin(a, "confirmed")
}

// toLogin goes back to the sign-in page of the same request.
func (v *visit) toLogin(a *authRequest, notice string) {
	http.Redirect(v.w, v.r, v.base()+"/login?"+string(a.carried())+"&notice="+notice, http.StatusSeeOther)
}

func (v *visit) forgotPage() {
	a, ok := v.openPage()
	if !ok {
		return
	}
	v.record.Allow("the forgotten password page")
	v.page(http.StatusOK, "forgot", forgotFields(a, ""))
}

func forgotFields(a *authRequest, name string) page {
	return page{Title: "Forgot your password?", Query: a.carried(), Fields: []field{nameField(a.app.Pool(), name)}}
}

func (v *visit) forgotForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	name := v.r.PostForm.Get("username")
	sent, err := v.pools.ForgotPassword(v.r.Context(), a.app, name)
	if err != nil {
		v.again("forgot", forgotFields(a, name), err)
		return
	}
	v.record.Allow("answered as if a code was sent")
	v.page(http.StatusOK, "reset", page{Title: "Reset your password", Username: name, Query: a.carried(), Policy: describe(a.app.PasswordPolicy()),
		Notice: "We sent a code to " + sent.Destination + ". Enter it with a new password."})
}

func (v *visit) resetForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	form := v.r.PostForm
	p := page{Title: "Reset your password", Username: form.Get("username"), Code: form.Get("code"), Query: a.carried(), Policy: describe(a.app.PasswordPolicy())}
	var err error = errPasswordsDiffer
	var username string
	if form.Get("password") == form.Get("confirm") {
		username, err = v.pools.ConfirmForgotPassword(a.app, p.Username, strings.TrimSpace(form.Get("code")), form.Get("password"))
	}
	if err != nil {
		v.again("reset", p, err)
		return
	}
	v.record.Caller(username)
	v.record.Allow("password reset")
	v.toLogin(a, "reset")
}
