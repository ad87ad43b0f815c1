package awstest_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"auth-api/infra/internal/browsertest"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// The pages of the second factor, as a browser shows them: with the picture drawn
// under the content security policy, and the cursor where it is needed.
func TestSecondFactorInABrowser(t *testing.T) {
	b := newBrowser(t)
	app := newApplication(t)
	user, password := app.Outputs.DemoUser, app.Outputs.DemoPassword
	if err := app.AWS.Store.Update(func(tx *store.Tx) error {
		p, _, err := userpool.Pools.Get(tx, app.Outputs.UserPoolID)
		if err != nil {
			return err
		}
		p.MFAConfiguration, p.SoftwareTokenMFA = "ON", &userpool.SoftwareTokenMFA{Enabled: true}
		if err := app.AWS.UserPools.PoolDeclared(tx, app.Outputs.UserPoolID, p); err != nil {
			return err
		}
		return userpool.Pools.Put(tx, app.Outputs.UserPoolID, p)
	}); err != nil {
		t.Fatal(err)
	}

	b.Open(app.authorize("first"))
	b.Submit("Sign in", map[string]string{"username": user, "password": password})
	b.Sees(200, "Set up your authenticator app", "Or type this key into the app:")
	key := regexp.MustCompile(`\s`).ReplaceAllString(browsertest.Ask(b, "reading the key", chromedp.Text(chromedp.CSS(".key"))), "")
	code := func(later time.Duration) string {
		code, err := totp.GenerateCode(key, app.AWS.Now().Add(later))
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	if drawn := browsertest.Eval[float64](b, `document.querySelector("svg.qr path:last-child").getBoundingClientRect().width`); drawn < 150 {
		t.Errorf("the QR code is %.0f pixels wide", drawn)
	}
	wrong := "000000"
	for wrong == code(0) || wrong == code(-30*time.Second) || wrong == code(30*time.Second) {
		wrong = "111111"
	}
	b.Submit("Verify and sign in", map[string]string{"code": wrong})
	b.Sees(400, "Set up your authenticator app", "That code is not right.")
	b.Types("code")
	b.Submit("Verify and sign in", map[string]string{"code": code(0)})
	app.is(app.returned(b, "first"), user)

	// The next time it asks for a code, and takes none twice.
	b.Open(app.authorize("second") + "&prompt=login")
	b.Submit("Sign in", map[string]string{"username": user, "password": password})
	b.Sees(200, "Enter your code")
	b.Types("code")
	if shown := browsertest.Ask(b, "reading the page", chromedp.Text(chromedp.CSS("body"))); strings.Contains(shown, key[:4]) {
		t.Error("the page of the code shows the key")
	}
	b.Submit("Sign in", map[string]string{"code": wrong})
	b.Sees(400, "Enter your code", "That code is not right.")
	b.Types("code")
	b.Submit("Sign in", map[string]string{"code": code(30 * time.Second)}) // the next step's, which nobody has used
	app.is(app.returned(b, "second"), user)
}
