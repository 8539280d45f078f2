// The parts of an entry, in German.
import type { itemParts as english } from "../en/item";
import { formatsOf } from "../formats";

const { plural } = formatsOf("de");

export const itemParts: typeof english = {
  sshKey: {
    public: "Öffentlicher Schlüssel",
    private: "Privater Schlüssel",
    fingerprint: "Fingerabdruck",
  },
  itemParts: {
    code: "Einmalcode",
    codeLoading: "Der Code wird erzeugt …",
    validFor: (n: number) => plural(n, { one: "noch # Sekunde gültig", other: "noch # Sekunden gültig" }),
    nextCode: "Nächster Code",
    badKey:
      "Dieser Schlüssel ergibt keine Codes. Kopieren Sie ihn noch einmal von der Website, oder lesen Sie ihren QR-Code ein.",
    totpHint:
      "Eine otpauth://-Adresse oder nur der Schlüssel, wie ihn die Website beim Einschalten der Zwei-Faktor-Anmeldung zeigt. Auch ein Bild des QR-Codes lässt sich hier einfügen oder ablegen.",
    makes: (code: string) => `Ergibt Codes. Jetzt: ${code}`,
    scan: "QR-Code aus einem Bild einlesen",
    readingQR: "Das Bild wird gelesen …",
    noQR: "Darin ist kein QR-Code zu finden. Versuchen Sie es mit einem schärferen Bild, das nur den Code zeigt.",
    otherQR: "Dieser QR-Code enthält etwas anderes als den Schlüssel für Einmalcodes.",
    rule: (n: number) => (n === 1 ? "Seiten der Adresse" : `Seiten der Adresse ${n}`),
    rules: {
      domain: "Diese Website samt Subdomains",
      host: "Nur dieser Host",
      starts: "Seiten, die so beginnen",
      exact: "Nur diese Seite",
      regexp: "Regulärer Ausdruck",
      never: "Keine Seite",
    },
    fieldKind: (n: number) => `Art des Felds ${n}`,
    fieldKinds: { text: "Text", hidden: "Verborgen", boolean: "Ja oder nein", link: "Link" },
    newer:
      "Eine neuere Version von VaultSphere hat einen Teil dieses Eintrags geschrieben. Diese Version behält ihn, kann ihn aber nicht anzeigen.",
    newerRule: "Von einer neueren Version gesetzt",
    fieldYes: (name: string) => `${name}: ja`,
    yes: "Ja",
    no: "Nein",
  },
};
