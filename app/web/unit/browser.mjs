// The parts of a browser that modules of src/ use when they load. Tests add the other parts that they need.
const events = new EventTarget();
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) globalThis[name] = events[name].bind(events);

/** A location with a hash. Setting it fires hashchange; the history API does not. */
let hash = "";
globalThis.location = {
  origin: "https://vault.example.org",
  get hash() {
    return hash;
  },
  set hash(to) {
    const next = to && !to.startsWith("#") ? `#${to}` : to;
    if (next === hash) return;
    hash = next;
    dispatchEvent(new Event("hashchange"));
  },
};
const step = (_state, _unused, url) => (hash = url);
globalThis.history = { pushState: step, replaceState: step };

globalThis.document = Object.assign(new EventTarget(), {
  documentElement: { lang: "", dataset: {} },
  visibilityState: "visible",
  querySelector: (selector) => (selector === 'meta[name="build"]' ? { content: "unit" } : null),
  querySelectorAll: () => [],
});

const stored = new Map();
Object.defineProperty(globalThis, "localStorage", {
  configurable: true,
  value: {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => void stored.set(key, String(value)),
    clear: () => stored.clear(),
  },
});

Object.defineProperty(globalThis, "navigator", {
  configurable: true,
  writable: true,
  value: { languages: ["en-GB"], userAgent: "Node.js" },
});

// A channel that waits for messages would keep the process alive.
globalThis.BroadcastChannel = class extends BroadcastChannel {
  constructor(name) {
    super(name);
    this.unref();
  }
};
