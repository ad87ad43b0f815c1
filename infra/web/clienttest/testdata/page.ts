// A page without a view: the tests use the client through it.

import { connect } from "client/client";
import type { Account, Credentials, Exchange, Fault } from "client/types";

const fault = (thrown: unknown) => {
  if (thrown instanceof Error && "fault" in thrown) return { fault: thrown.fault as Fault };
  throw thrown;
};

async function open() {
  const { config, session, call } = await connect();
  const changes: { fault: Fault | null; account: Account | null; elsewhere: boolean }[] = [];
  session.onChange((why) => changes.push({ fault: why ?? null, account: session.account ?? null, elsewhere: session.elsewhere }));
  return {
    session,
    config,
    changes,
    started: (await session.start()) ?? null,
    account: () => session.account ?? null,
    call: async (path: string): Promise<{ exchange: Exchange } | { fault: Fault }> => {
      const route = config.routes.find((candidate) => candidate.path === path);
      if (!route) throw new Error(`no route ${path}`);
      try {
        return { exchange: await call(route) };
      } catch (thrown) {
        return fault(thrown);
      }
    },
    credentials: (): Promise<Credentials | { fault: Fault }> => session.credentials().catch(fault),
    token: async (use: "id" | "access") => session.token(use).catch(fault),
  };
}

Object.assign(globalThis, { page: await open().catch(fault) });
