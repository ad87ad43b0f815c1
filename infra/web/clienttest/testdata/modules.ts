// The client's modules as the unit tests call them.

import * as call from "client/call";
import * as callback from "client/callback";
import * as clock from "client/clock";
import * as config from "client/config";
import * as decision from "client/decision";
import * as idtoken from "client/idtoken";
import * as pkce from "client/pkce";
import * as show from "client/show";
import * as sigv4 from "client/sigv4";

Object.assign(globalThis, { client: { call, callback, clock, config, decision, idtoken, pkce, show, sigv4 } });
