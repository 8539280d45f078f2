// Tabs of one browser share the session, so they tell one another what concerns all of them. Nothing secret is said.

export type Word = "lock" | "signed out" | "signed in" | "changed" | "active";

const channel = new BroadcastChannel("vaultsphere");

export const tellOthers = (word: Word) => channel.postMessage(word);

export function listenToOthers(hear: (word: Word) => void) {
  channel.onmessage = (e: MessageEvent<Word>) => hear(e.data);
}
