// The parts of an entry, in English.
import { formatsOf } from "../formats";

const { plural } = formatsOf("en");

export const itemParts = {
  sshKey: {
    public: "Public key",
    private: "Private key",
    fingerprint: "Fingerprint",
  },
  itemParts: {
    code: "One-time code",
    codeLoading: "Making the code…",
    validFor: (n: number) => plural(n, { one: "valid for # second", other: "valid for # seconds" }),
    nextCode: "Next code",
    badKey: "This key makes no codes. Copy it again from the site, or scan its QR code.",
    totpHint:
      "An otpauth:// address or the key alone, as a site shows it when you turn on two-factor sign-in. You can also paste or drop a picture of its QR code here.",
    makes: (code: string) => `Makes codes. Now: ${code}`,
    scan: "Scan a QR code from a picture",
    readingQR: "Reading the picture…",
    noQR: "There is no QR code to be found in this. Try a sharper picture of the code alone.",
    otherQR: "This QR code holds something else than the key of one-time codes.",
    rule: (n: number) => (n === 1 ? "Pages of the address" : `Pages of address ${n}`),
    rules: {
      domain: "This site and its subdomains",
      host: "This host alone",
      starts: "Pages that begin like this",
      exact: "This page alone",
      regexp: "Regular expression",
      never: "No page",
    },
    fieldKind: (n: number) => `Kind of field ${n}`,
    fieldKinds: { text: "Text", hidden: "Hidden", boolean: "Yes or no", link: "Link" },
    newer: "A newer version of VaultSphere wrote part of this item. This version keeps it, but cannot show it.",
    newerRule: "Set by a newer version",
    fieldYes: (name: string) => `${name}: yes`,
    yes: "Yes",
    no: "No",
  },
};
