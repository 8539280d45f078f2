declare module "go:wasm_exec";
declare module "*.css";
