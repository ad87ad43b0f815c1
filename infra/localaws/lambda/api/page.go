package api

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"auth-api/infra/localaws/lambda"
)

// page returns the part of a list that the request asks for, and the marker of the next.
// A marker is the key of the last member that was answered; the list is in the order of
// its keys, so that it goes on where that member is gone meanwhile, too.
func page[T any](c *call, operation string, list []T, key func(T) string) ([]T, string, error) {
	limit := 50
	if text := c.query.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10000 {
			return nil, "", invalid("maxItems", text, "Member must have value between 1 and 10000")
		}
		limit = min(n, limit)
	}
	marker, err := base64.RawURLEncoding.DecodeString(c.query.Get("Marker"))
	if err != nil {
		return nil, "", invalid("marker", c.query.Get("Marker"), "Member must be a marker that "+operation+" gave")
	}
	for len(list) > 0 && len(marker) > 0 && key(list[0]) <= string(marker) {
		list = list[1:]
	}
	if len(list) <= limit {
		return list, "", nil
	}
	list = list[:limit]
	return list, base64.RawURLEncoding.EncodeToString([]byte(key(list[limit-1]))), nil
}

// versionKey is in the order of functions' names and, within one, of their versions'
// numbers, with $LATEST first. No name has a space, and none of its letters is before it.
func versionKey(t lambda.Target) string {
	number := t.Version
	if number == "$LATEST" {
		number = ""
	}
	return fmt.Sprintf("%s %04d%s", t.Function.Name, len(number), number)
}
