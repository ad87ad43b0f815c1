package hosted

import (
	"errors"
	"fmt"
	"html/template"
	"image/color"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/boombuler/barcode/qr"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/userpool"
)

// The pages of the second factor: the code after the password, and setting up a token.

// token is what the pages show of a software token.
type token struct {
	Device string        // the friendly name of one that the user has
	Secret []string      // in groups of four, of one that is set up
	QR     template.HTML // the same for a camera
	Link   template.URL  // the same for an app on this device
}

// askFactor shows the page of the second factor that a sign-in waits for.
func (v *visit) askFactor(a *authRequest, in userpool.SignedIn) {
	v.record.Caller(in.Username)
	if in.Factor.Name == userpool.ChallengeSoftwareToken {
		v.record.Allow("the password is right; the software token's code is asked for")
		v.page(http.StatusOK, "mfa", mfaFields(a, in.Factor.Session, in.Factor.Device))
		return
	}
	associated, err := v.pools.AssociateSoftwareToken(in.Factor.Session)
	if err != nil {
		v.startOver(a, err)
		return
	}
	p, err := v.setupFields(a, associated)
	if err != nil {
		v.fault(err)
		return
	}
	v.record.Allow("the password is right; a second factor must be set up")
	v.page(http.StatusOK, "mfasetup", p)
}

func mfaFields(a *authRequest, session, device string) page {
	return page{Title: "Enter your code", Query: a.carried(), Session: session, Token: token{Device: device}}
}

func (v *visit) setupFields(a *authRequest, t userpool.AssociatedToken) (page, error) {
	shown, err := showToken(v.prefix, t)
	return page{Title: "Set up your authenticator app", Query: a.carried(), Session: t.Session, Token: shown}, err
}

// showToken makes the three forms of a secret: in letters, as a QR code, and as a link.
func showToken(issuer string, t userpool.AssociatedToken) (token, error) {
	// SHA-1, six digits and 30 seconds are what apps take when the address names
	// nothing else; the shorter it is, the easier the picture is to scan.
	address := (&url.URL{
		Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + audit.Clip(t.Account), RawQuery: url.Values{"secret": {t.Secret}, "issuer": {issuer}}.Encode(),
	}).String()
	picture, err := qrCode(address)
	if err != nil {
		return token{}, err
	}
	out := token{QR: picture, Link: template.URL(address)}
	for group := range slices.Chunk([]byte(t.Secret), 4) {
		out.Secret = append(out.Secret, string(group))
	}
	return out, nil
}

// qrCode draws a text as a QR code: dark on light whatever the page's colours are,
// with the four modules of quiet that ISO/IEC 18004 asks for, every module as many
// whole pixels wide. It is drawn in the page itself, so that no other address ever
// has the text.
func qrCode(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return "", errors.New("drawing a QR code: the text does not fit into one") // which text is a secret
	}
	const quiet, wide = 4, 290
	modules := code.Bounds().Dx()
	size := modules + 2*quiet
	var path strings.Builder
	for y := range modules {
		for x := 0; x < modules; x++ {
			start := x
			for x < modules && code.At(x, y) == color.Black {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quiet, y+quiet, x-start, x-start)
			}
		}
	}
	return template.HTML(fmt.Sprintf(
		`<svg class="qr" role="img" aria-label="QR code with the key below" width="%[2]d" height="%[2]d" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path fill="#000" d="%[3]s"/></svg>`,
		size, size*max(2, wide/size), path.String())), nil
}

// factorCode is the code as it was typed: apps show it in two groups.
func (v *visit) factorCode() string {
	return strings.Join(strings.Fields(v.r.PostForm.Get("code")), "")
}

func (v *visit) mfaForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	session := v.r.PostForm.Get("session")
	in, err := v.pools.RespondSoftwareToken(a.app, userpool.FactorResponse{Session: session, Code: v.factorCode()}, &a.CodeRequest)
	if err != nil {
		v.factorAgain(a, "mfa", mfaFields(a, session, v.r.PostForm.Get("device")), err)
		return
	}
	v.letIn(a, in, "signed in with a software token")
}

func (v *visit) mfaSetupForm() {
	a, ok := v.openForm()
	if !ok {
		return
	}
	associated, err := v.pools.SetupSecret(a.app, v.r.PostForm.Get("session"))
	if err != nil {
		v.startOver(a, err)
		return
	}
	_, verified, err := v.pools.VerifySoftwareToken(associated.Session, v.factorCode(), "")
	if err != nil {
		p, fault := v.setupFields(a, associated)
		if fault != nil {
			v.fault(fault)
			return
		}
		v.factorAgain(a, "mfasetup", p, err)
		return
	}
	in, err := v.pools.RespondMFASetup(a.app, userpool.FactorResponse{Session: verified}, &a.CodeRequest)
	if err != nil {
		v.startOver(a, err)
		return
	}
	v.letIn(a, in, "signed in; a software token was set up")
}

// factorAgain shows a page of the second factor again whose code was refused. With
// any other refusal the sign-in begins anew.
func (v *visit) factorAgain(a *authRequest, form string, p page, err error) {
	switch {
	case code(err) == "CodeMismatchException" || code(err) == "EnableSoftwareTokenMFAException":
		p.Error = "That code is not right. Enter the one that your app shows now."
	case code(err) == "ExpiredCodeException":
		p.Error = "That code was used already. Wait until your app shows the next one."
	case errors.Is(err, userpool.ErrLockedOut):
		p.Error = "Too many attempts. Wait a little, then enter the code that your app shows."
	default:
		v.startOver(a, err)
		return
	}
	if _, ok := v.said(err); !ok {
		return
	}
	p.Wrong = "code"
	v.page(http.StatusBadRequest, form, p)
}

// startOver goes back to the sign-in page when a challenge cannot be answered any more,
// or to the client when a function of the pool said no.
func (v *visit) startOver(a *authRequest, err error) {
	if v.functionFailed(a, err) {
		return
	}
	text, ok := v.said(err)
	if !ok {
		return
	}
	if errors.Is(err, userpool.ErrInvalidSession) || errors.Is(err, userpool.ErrSessionExpired) {
		text = "That took too long. Sign in again."
	}
	v.page(http.StatusBadRequest, "login", v.loginFields(a, "", text))
}
