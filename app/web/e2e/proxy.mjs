// A proxy in front of the server, as in every deployment. It can be unreachable, or serve another release of the page.
import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer, request } from "node:http";
import { PATIENCE_MS } from "./stage.mjs";

const text = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response.text();
};

const sha256 = (s) => createHash("sha256").update(s).digest("hex");

/** The files of the next build, by path. Its script has a new name, and the old script is gone. */
async function nextBuild(url) {
  const [index, serviceWorker] = await Promise.all([text(`${url}/`), text(`${url}/service-worker.js`)]);
  const build = /name="build" content="(\w+)"/.exec(index)[1];
  const main = /\/main-\w+\.js/.exec(index)[0];
  const script = `${await text(url + main)}\n// the next build`;
  const name = `/main-${sha256(script).slice(0, 10)}.js`;
  const id = sha256(build).slice(0, 10);
  const rename = (s) => s.replaceAll(build, id).replaceAll(main, name);
  const page = rename(index);
  return {
    id,
    builtFrom: build,
    broken: { "/": { status: 502 } },
    index: { "/": { body: page }, "/index.html": { body: page } },
    rest: {
      [name]: { body: script, headersOf: main },
      [main]: { status: 404 },
      "/service-worker.js": { body: rename(serviceWorker).replaceAll(sha256(index), sha256(page)) },
    },
  };
}

/**
 * Starts the proxy. `disconnect` makes it unreachable, `back` reachable again. `serve` names the files to take from the next
 * build: "index", "rest" or both. With "broken", the proxy answers requests for the page with an error.
 */
export async function startProxy(upstream) {
  const { hostname, port } = new URL(upstream);
  const next = await nextBuild(upstream);
  const asked = new EventEmitter();
  let replaced = {};
  const server = createServer((req, res) => {
    asked.emit(req.url);
    const other = replaced[req.url];
    if (other?.status) {
      res.writeHead(other.status).end();
      return;
    }
    const headers = other ? {} : req.headers; // with the headers, the answer could be "not modified"
    const onward = request({ hostname, port, method: req.method, path: other?.headersOf ?? req.url, headers });
    onward.on("response", (answer) => {
      if (other) {
        answer.resume();
        const { etag, "content-length": length, ...kept } = answer.headers;
        res.writeHead(200, kept).end(other.body);
      } else {
        res.writeHead(answer.statusCode, answer.headers);
        answer.pipe(res);
      }
    });
    onward.on("error", () => res.destroy());
    res.on("close", () => onward.destroy());
    req.pipe(onward);
  });
  const listen = (at) => new Promise((done) => server.listen(at, "127.0.0.1", done));
  await listen(0);
  const address = server.address().port;
  const disconnect = () =>
    new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${address}`,
    /** Waits for the next request for a path. */
    next: (path) => once(asked, path, { signal: AbortSignal.timeout(PATIENCE_MS) }),
    builds: { first: next.builtFrom, next: next.id },
    serve(...parts) {
      replaced = Object.assign({}, ...parts.map((part) => next[part]));
    },
    disconnect,
    back: () => listen(address),
    stop: disconnect,
  };
}
