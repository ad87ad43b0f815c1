package cases

import (
	"time"
)

var (
	keyRefused = answer{status: 403, kind: "ForbiddenException", body: forbidden}
	overQuota  = answer{status: 429, kind: "LimitExceededException", body: `{"message":"Limit Exceeded"}`}
)

func limitCases() []testCase {
	keyed := func(key string) func(*on) answer {
		return func(c *on) answer { return c.ok(c.get("/keyed", "x-api-key", key)) }
	}
	return []testCase{
		{id: "35a", title: "no API key", known: sure, aws: keyRefused, ask: func(c *on) answer { return c.get("/keyed") }},
		{id: "35b", title: "an unknown API key", known: sure, aws: keyRefused, ask: keyed("nobody-has-this-key-here")},
		{id: "35c", title: "a disabled API key", known: sure, aws: keyRefused, ask: keyed(keyDisabled)},
		{id: "35d", title: "an API key that is in no usage plan", known: sure, aws: keyRefused, ask: keyed(keyPlanless)},
		{id: "35e", title: "an API key in a usage plan of another stage", known: sure, aws: keyRefused, ask: keyed(keyElsewhere)},
		{id: "35f", title: "an API key in a usage plan of this stage", known: sure, aws: answer{status: 200}, ask: keyed(keyGood)},
		{id: "36a", title: "over the rate: the third of a burst of two", known: sure,
			aws: answer{status: 429, kind: "TooManyRequestsException", body: `{"message":"Too Many Requests"}`}, ask: func(c *on) answer {
				for range 2 {
					if a := keyed(keyBurst)(c); a.status != 200 {
						c.Errorf("within the burst it answered %s", a)
					}
				}
				a := keyed(keyBurst)(c)
				if other := keyed(keyGood)(c); other.status != 200 {
					c.Errorf("another key was answered %s", other)
				}
				c.clock.advance(time.Second)
				if later := keyed(keyBurst)(c); later.status != 200 {
					c.Errorf("a second later it answered %s", later)
				}
				return a
			}},
		{id: "36b", title: "the third at once, of a rate of two and no burst", known: open, said: "not documented",
			here: answer{status: 429, kind: "TooManyRequestsException", body: `{"message":"Too Many Requests"}`}, why: "the burst is the rate, rounded up: the least that lets the rate be reached", ask: func(c *on) answer {
				for range 2 {
					if a := keyed(keyRate)(c); a.status != 200 {
						c.Errorf("within the rate it answered %s", a)
					}
				}
				return keyed(keyRate)(c)
			}},
		{id: "37", title: "over the quota: the third of two a day, and again good on the next day", known: sure, aws: overQuota, ask: func(c *on) answer {
			for range 2 {
				if a := keyed(keyQuota)(c); a.status != 200 {
					c.Errorf("within the quota it answered %s", a)
				}
			}
			a := keyed(keyQuota)(c)
			c.clock.advance(24 * time.Hour)
			if later := keyed(keyQuota)(c); later.status != 200 {
				c.Errorf("a day later it answered %s", later)
			}
			return a
		}},
		{id: "38a", title: "order: an unknown path without a key", known: sure, aws: unknownRoute, ask: func(c *on) answer { return c.get("/keyed/nowhere") }},
		{id: "38b", title: "order: unsigned and without a key, where both are needed", known: open, said: "authorization before keys; which error comes first is not recorded",
			here: unknownRoute, why: "who is not let in learns nothing of keys", ask: func(c *on) answer { return c.get("/keyed/signed") }},
		{id: "38c", title: "order: signed, without a key", known: sure, aws: keyRefused, ask: func(c *on) answer { return c.signedGet(c.api, "/keyed/signed", c.member()) }},
		{id: "38d", title: "order: unsigned requests with a key, then one that is signed, of a quota of one", known: open, said: "whether refused requests count is not documented for this order",
			here: answer{status: 200}, why: "a request that is refused uses up nothing of somebody else's key", ask: func(c *on) answer {
				by := c.member()
				for range 3 {
					if a := c.get("/keyed/signed", "x-api-key", keyOrder); a.kind != unknownRoute.kind {
						c.Errorf("unsigned it answered %s", a)
					}
				}
				a := c.ok(c.signedGet(c.api, "/keyed/signed", by, "x-api-key", keyOrder))
				if more := c.signedGet(c.api, "/keyed/signed", by, "x-api-key", keyOrder); more.String() != overQuota.String() {
					c.Errorf("the second of a quota of one answered %s", more)
				}
				return a
			}},
		{id: "38e", title: "order: a throttled request, then one a second later, of a quota of two", known: open, said: "whether throttled requests count is not documented",
			here: answer{status: 200}, why: "what was not let through is not counted", ask: func(c *on) answer {
				keyed(keyBoth)(c)
				if a := keyed(keyBoth)(c); a.kind != "TooManyRequestsException" {
					c.Errorf("over the rate it answered %s", a)
				}
				c.clock.advance(time.Second)
				a := keyed(keyBoth)(c)
				c.clock.advance(time.Second)
				if more := keyed(keyBoth)(c); more.String() != overQuota.String() {
					c.Errorf("the third of a quota of two answered %s", more)
				}
				return a
			}},
		{id: "38f", title: "order: unsigned, with required parameters missing", known: open, said: "which error comes first is not documented",
			here: unknownRoute, why: "who is not let in learns nothing of what a request must have", ask: func(c *on) answer { return c.send(c.request("POST", c.api, "/pets/signed", "")) }},
	}
}
