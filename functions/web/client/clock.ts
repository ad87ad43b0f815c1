/**
 * The services' clock, as far as their answers tell it.
 *
 * Signatures are dated, and API Gateway takes none that is more than five minutes off;
 * tokens and credentials end at a time of the services. The clock of a visitor's machine
 * may be wrong by hours. So the time is taken from the header Date of each answer that
 * a page may read it of: those of the page's own origin, and those of the service APIs,
 * which expose it. AWS's SDKs do the same.
 */
export class Clock {
  private offset = 0;

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offset;
  }

  /** Takes over the time of an answer, to the second: RFC 9110, section 6.6.1. */
  learn(answer: Headers): void {
    const at = Date.parse(answer.get("date") ?? "");
    if (!Number.isNaN(at)) this.offset = at - Date.now();
  }
}
