/** What tabs tell one another: somebody is in, went out; or who is in? Never a token. */
export type Word = "in" | "out" | "who";

/**
 * The other tabs that show this page. A sign-out ends their sessions too, since whoever
 * signs out means the browser; of a sign-in they only hear, as each tab has tokens of its
 * own. The channel is named by the page's address: stages of an API share an origin.
 *
 * A browser that keeps nothing for a page may let it have no channel either. It then is
 * as if there were no other tab.
 */
export class Tabs {
  private readonly channel: BroadcastChannel | undefined;

  constructor(address: string, heard: (word: Word) => void) {
    try {
      this.channel = new BroadcastChannel(address);
    } catch {
      return;
    }
    this.channel.onmessage = ({ data }: MessageEvent<Word>) => { heard(data); };
  }

  tell(word: Word): void {
    this.channel?.postMessage(word);
  }
}
