package main

import (
	"html"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// bundledBase is the base that the page is bundled with. Its place takes that of the
// address which the page was asked at: a stage's root is reached with and without a slash
// at its end, and what the page names is to be below it both times.
const bundledBase = `<base href="./">`

// baseTag is the tag that says where the page's addresses begin.
func baseTag(base string) string { return `<base href="` + html.EscapeString(base) + `">` }

// baseOf is the path below which the page's assets are, given the path that it was asked
// at: that, with one slash at its end. A path decides where the page's script comes from,
// so it is taken only when it is plainly one: of segments of characters that stages and base
// path mappings have, and never //, which would be another host.
//
// See https://docs.aws.amazon.com/apigateway/latest/api/API_CreateBasePathMapping.html.
func baseOf(path string) (string, bool) {
	base := "/"
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "": // of slashes too many, which API Gateway overlooks
			continue
		case ".", "..":
			return "", false
		}
		for _, c := range []byte(segment) {
			switch {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("$-_.+!*'()", c) >= 0:
			default:
				return "", false
			}
		}
		base += segment + "/"
	}
	return base, true
}

const (
	// closedPolicy is that of what is no page.
	closedPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"
	// assetPolicy keeps an image that is opened by itself, as the document that it then is,
	// from running anything. Its own styles may apply.
	assetPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
)

// pagePolicy is the Content-Security-Policy of the page: its own scripts, styles and
// images, and requests to itself and these origins; nothing else, and nothing that makes
// script of text.
//
// See https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/trusted-types/.
func pagePolicy(origins []string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
		strings.Join(append([]string{"'self'"}, origins...), " ") +
		"; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

// permissions are the browser's features that the page does without. It may write to the
// clipboard, where a command to copy goes. Named are those that Chromium knows on every
// system: it complains of others.
const permissions = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), " +
	"display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), " +
	"identity-credentials-get=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), " +
	"otp-credentials=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), " +
	"serial=(), storage-access=(), sync-xhr=(), usb=(), xr-spatial-tracking=()"

// secure adds the headers that every answer has.
//
// See https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html.
func secure(headers map[string]string, request events.APIGatewayProxyRequest, policy string) {
	headers["Content-Security-Policy"] = policy
	headers["X-Content-Type-Options"] = "nosniff"
	headers["Referrer-Policy"] = "no-referrer" // the address of a callback has the code in it
	headers["Cross-Origin-Opener-Policy"] = "same-origin"
	headers["Cross-Origin-Resource-Policy"] = "same-origin"
	headers["Permissions-Policy"] = permissions
	if header(request, "X-Forwarded-Proto") == "https" { // over http browsers ignore it, and are to
		headers["Strict-Transport-Security"] = "max-age=63072000"
	}
}
