/** What tabs tell one another: somebody is in, went out; or who is in? Never a token. */
export type Word = "in" | "out" | "who";

/**
 * The other tabs that show this page. A sign-out ends their sessions too, since whoever
 * signs out means the browser; of a sign-in they only hear, as each tab has tokens of its
 * own. The channel is named by the page's address: stages of an API share an origin.
 */
export class Tabs {
  private readonly channel: BroadcastChannel;

  constructor(address: string, heard: (word: Word) => void) {
    this.channel = new BroadcastChannel(address);
    this.channel.onmessage = ({ data }: MessageEvent<Word>) => { heard(data); };
  }

  tell(word: Word): void {
    this.channel.postMessage(word);
  }
}
