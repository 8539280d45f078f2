// The page's messages, for tests that run it in another language.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "messages");

/** The names of the languages and the messages of each, as the page itself has them. */
export async function loadMessages() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { LANGUAGES } from "./languages";
        export { messages as de } from "./de";
        export { messages as en } from "./en";
        export { messages as es } from "./es";
        export { messages as fr } from "./fr";
        export { messages as ru } from "./ru";`,
      resolveDir: source,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    write: false,
    define: { navigator: '{"languages":[]}' },
  });
  const { LANGUAGES, ...messages } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
  );
  return { names: LANGUAGES, messages };
}
