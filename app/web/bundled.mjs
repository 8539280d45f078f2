// Checks which packages are in the page's bundles. `make lint-licences` checks only packages in package-lock.json that are not
// development dependencies, so bundles must not contain others.

/** Returns one line for each package that must not be in a bundle. */
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
