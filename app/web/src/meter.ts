// The worker of the strength meter and the generator, which runs strength.wasm. core/meter.ts starts and ends it.
import "go:wasm_exec";
import type { FromMeter, ToMeter } from "./core/meter";

declare const STRENGTH_URL: string;

interface Scope {
  Go: new () => {
    env: Record<string, string>;
    importObject: WebAssembly.Imports;
    run(instance: WebAssembly.Instance): Promise<void>;
  };
  // Installed by strength.wasm.
  vaultsphereStrength?(password: string, inputs: string[]): object;
  vaultsphereWeak?(passwords: string[]): boolean[];
  vaultsphereGenerate?(kind: string, rules: string): object | null;
  postMessage(message: FromMeter): void;
  onmessage: ((e: MessageEvent<ToMeter>) => void) | null;
}

const scope = globalThis as unknown as Scope;

async function start() {
  const go = new scope.Go();
  go.env = { GOGC: "25" }; // as in the core
  const { instance } = await WebAssembly.instantiateStreaming(fetch(STRENGTH_URL), go.importObject);
  void go.run(instance);
  const { vaultsphereStrength, vaultsphereWeak, vaultsphereGenerate } = scope;
  if (!vaultsphereStrength || !vaultsphereWeak || !vaultsphereGenerate) throw new Error("strength.wasm did not start");
  return { vaultsphereStrength, vaultsphereWeak, vaultsphereGenerate };
}

const started = start();

async function answer(question: ToMeter): Promise<FromMeter> {
  try {
    const meter = await started;
    if ("weak" in question) return { answer: meter.vaultsphereWeak(question.weak) };
    if ("kind" in question) return { answer: meter.vaultsphereGenerate(question.kind, question.rules) };
    return { answer: meter.vaultsphereStrength(question.password, question.inputs) };
  } catch (e) {
    return { error: e instanceof Error ? e.message : String(e) };
  }
}

scope.onmessage = ({ data }) => {
  void answer(data).then((message) => scope.postMessage(message));
};
