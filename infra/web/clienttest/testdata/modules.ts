// The client's modules as the unit tests call them.

import * as idtoken from "client/idtoken";
import * as pkce from "client/pkce";
import * as show from "client/show";
import * as sigv4 from "client/sigv4";
import * as decision from "client/decision";

Object.assign(globalThis, { client: { idtoken, pkce, show, sigv4, decision } });
