// The parts of an entry, in French.
import type { itemParts as english } from "../en/item";
import { formatsOf } from "../formats";

const { plural } = formatsOf("fr");

export const itemParts: typeof english = {
  sshKey: {
    public: "Clé publique",
    private: "Clé privée",
    fingerprint: "Empreinte",
  },
  itemParts: {
    code: "Code à usage unique",
    codeLoading: "Création du code…",
    validFor: (n: number) => plural(n, { one: "encore valable # seconde", other: "encore valable # secondes" }),
    nextCode: "Code suivant",
    badKey: "Cette clé ne donne pas de codes. Copiez-la à nouveau depuis le site, ou scannez son code QR.",
    totpHint:
      "Une adresse otpauth:// ou la clé seule, telle que le site l’affiche à l’activation de la connexion à deux facteurs. Vous pouvez aussi coller ou déposer ici une image de son code QR.",
    makes: (code: string) => `Donne des codes. Maintenant : ${code}`,
    scan: "Scanner un code QR depuis une image",
    readingQR: "Lecture de l’image…",
    noQR: "Aucun code QR n’a été trouvé. Essayez une image plus nette, qui ne montre que le code.",
    otherQR: "Ce code QR contient autre chose que la clé des codes à usage unique.",
    rule: (n: number) => (n === 1 ? "Pages de l’adresse" : `Pages de l’adresse ${n}`),
    rules: {
      domain: "Ce site et ses sous-domaines",
      host: "Cet hôte seul",
      starts: "Les pages qui commencent ainsi",
      exact: "Cette page seule",
      regexp: "Expression régulière",
      never: "Aucune page",
    },
    fieldKind: (n: number) => `Type du champ ${n}`,
    fieldKinds: { text: "Texte", hidden: "Masqué", boolean: "Oui ou non", link: "Lien" },
    newer:
      "Une version plus récente de VaultSphere a écrit une partie de cette entrée. Cette version la conserve, mais ne peut pas l’afficher.",
    newerRule: "Définie par une version plus récente",
    fieldYes: (name: string) => `${name} : oui`,
    yes: "Oui",
    no: "Non",
  },
};
