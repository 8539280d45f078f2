// How this device is named in the list of sessions.
import { texts } from "../texts";

/** "Firefox on Windows" */
export function deviceName(): string {
  const text = texts.value.device;
  const ua = navigator.userAgent;
  const pick = (table: [RegExp, string][], otherwise: string) => table.find(([pattern]) => pattern.test(ua))?.[1] ?? otherwise;
  const browser = pick(
    [
      [/Edg\//, "Edge"],
      [/OPR\//, "Opera"],
      [/Firefox\/|FxiOS/, "Firefox"],
      [/Chrom(e|ium)\/|CriOS/, "Chrome"],
      [/Safari\//, "Safari"],
    ],
    text.browser,
  );
  const system = pick(
    [
      [/iPhone/, "iPhone"],
      [/iPad/, "iPad"],
      [/Android/, "Android"],
      [/Windows/, "Windows"],
      [/Mac OS X/, "macOS"],
      [/CrOS/, "ChromeOS"],
      [/Linux/, "Linux"],
    ],
    "",
  );
  return system ? text.on({ browser, system }) : browser;
}
