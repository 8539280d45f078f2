declare module "go:wasm_exec";
declare module "*.css";

/** The answer to the first question of theme.ts. */
declare var vaultsphereUsername: Promise<string | null | undefined> | undefined;
