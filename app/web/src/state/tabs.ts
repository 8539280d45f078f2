// The tabs of a browser share the session and notify each other. Messages contain no secrets.

export type TabMessage = "lock" | "signed out" | "signed in" | "changed" | "active" | "hand over" | "handed over";

const channel = new BroadcastChannel("vaultsphere");

export const notifyTabs = (message: TabMessage) => channel.postMessage(message);

export function onTabMessage(handle: (message: TabMessage) => void) {
  channel.onmessage = (e: MessageEvent<TabMessage>) => handle(e.data);
}
