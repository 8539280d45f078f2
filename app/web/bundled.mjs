// What may be in the page's bundles: `make lint-licences` looks at the packages of package-lock.json that are not for
// development alone, so no others may get in.

/** Returns what is wrong with the files that went into a bundle, one line a package. */
export function unsuitable(inputs, lock) {
  const problems = new Set();
  for (const input of inputs) {
    const at = input.lastIndexOf("node_modules/");
    if (at < 0) continue;
    const [first, second] = input.slice(at + "node_modules/".length).split("/");
    const name = first.startsWith("@") ? `${first}/${second}` : first;
    const known = lock.packages[`${input.slice(0, at)}node_modules/${name}`];
    if (!known) problems.add(`${name} is bundled, but is not in package-lock.json`);
    else if (known.dev) problems.add(`${name} is bundled, but package.json has it under devDependencies`);
  }
  return [...problems].sort((a, b) => a.localeCompare(b));
}
