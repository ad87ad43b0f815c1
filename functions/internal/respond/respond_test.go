package respond

import (
	"math"
	"strings"
	"testing"
)

func TestJSON(t *testing.T) {
	response, err := JSON(201, map[string]string{"message": "<b>You're & me</b>"}, NoStore, Header("Location", "/orders/1"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"message":"<b>You're & me</b>"}`; response.StatusCode != 201 || response.Body != want {
		t.Errorf("answered %d %q, want 201 %q", response.StatusCode, response.Body, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Location": "/orders/1",
	} {
		if got := response.Headers[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestJSONLeavesCachingToTheClientUnlessTold(t *testing.T) {
	response, err := JSON(200, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if got, there := response.Headers["Cache-Control"]; there {
		t.Errorf("Cache-Control is %q without being asked for", got)
	}
}

func TestJSONOfWhatHasNone(t *testing.T) {
	_, err := JSON(200, math.NaN())
	if err == nil || !strings.HasPrefix(err.Error(), "encoding the response: ") {
		t.Errorf("error is %v", err)
	}
}
