import type { Fault, Problem } from "./types";

/** The one Error that the client's parts throw on purpose. */
export class Failure extends Error implements Problem {
  constructor(readonly fault: Fault) {
    super(fault.kind);
    this.name = "Problem";
  }
}

/** The fault of what was thrown. What is no Problem is a mistake of this program, and thrown on. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Failure) return thrown.fault;
  throw thrown;
}

/** Whether a service refused with this error, such as NotAuthorizedException. */
export function refusedWith(thrown: unknown, error: string): boolean {
  return thrown instanceof Failure && thrown.fault.kind === "refused" && thrown.fault.error === error;
}
