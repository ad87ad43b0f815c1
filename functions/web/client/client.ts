import { newCall } from "./call";
import { takeArrival } from "./callback";
import { Clock } from "./clock";
import { readConfig } from "./config";
import { Sessions } from "./session";
import type { Call, Config, Session } from "./types";

/** The client without its view. */
export interface Client {
  config: Config;
  /** To be started, once onChange was told whom to call. */
  session: Session;
  call: Call;
}

/**
 * Reads the stack's configuration and puts the client together. It is to be called first
 * of all, since it takes the code of a sign-in off the address bar. It throws a Problem
 * where there is no configuration.
 */
export async function connect(): Promise<Client> {
  // Going back brings up a page as it was left: with tokens that a sign-out may have ended
  // since, and without those of a sign-in. So it starts anew.
  addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
  const arrival = takeArrival();
  const clock = new Clock();
  const config = await readConfig(clock);
  const session = new Sessions(config, clock, arrival);
  return { config, session, call: newCall(config, session, clock) };
}
