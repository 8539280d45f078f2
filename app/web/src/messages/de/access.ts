// The screens before the vault is open, in German.

import type { access as english } from "../en/access";
import { formatsOf } from "../formats";

const { plural } = formatsOf("de");

export const access: typeof english = {
  frame: {
    promise: "Auf diesem Gerät verschlüsselt. Der Server kann es nicht lesen.",
  },
  starting: {
    loading: "Der Kern des Tresors wird geladen …",
    starting: "Wird gestartet …",
    title: "Der Tresor konnte nicht gestartet werden",
    offline: "Der Server ist nicht erreichbar. Prüfen Sie die Verbindung; an Ihrem Tresor hat sich nichts geändert.",
    outdated:
      "Dieser Browser ist vielleicht zu alt für VaultSphere, oder ein Teil der Seite ist nicht angekommen. Laden Sie die Seite einmal neu; hilft das nicht, verwenden Sie einen aktuellen Browser.",
    insecureTitle: "Diese Adresse ist nicht sicher",
    insecure:
      "Die Seite kam unverschlüsselt (HTTP), also kann sie unterwegs jemand verändern und mitlesen, was Sie eingeben. VaultSphere nimmt hier kein Master-Passwort entgegen: Öffnen Sie es mit https:// oder auf dem Rechner des Servers unter http://localhost.",
    details: "Was geschehen ist",
  },
  signIn: {
    title: "Anmelden",
    fresh: "Neu hier?",
    register: "Tresor anlegen",
  },
  unlock: {
    title: "Ihr Tresor ist gesperrt",
    pageTitle: "Gesperrt",
    submit: "Entsperren",
  },
  secondFactor: {
    title: "Zweiter Faktor",
    lead: "Geben Sie den sechsstelligen Code ein, den Ihre Authenticator-App für VaultSphere anzeigt.",
    label: "Code aus der Authenticator-App",
    submit: "Weiter",
    checking: "Der Code wird geprüft …",
    back: "Anderes Konto verwenden",
    lost: "Authenticator verloren?",
  },
  newPassword: {
    first: "Neues Master-Passwort",
    again: "Neues Master-Passwort wiederholen",
    differs: "Die beiden stimmen nicht überein.",
    tooWeak: "Zu leicht zu erraten für das eine Passwort, das alle anderen schützt.",
  },
  register: {
    step: (n: number, of: number) => `Schritt ${n} von ${of}`,
    invitationTitle: "Sie brauchen eine Einladung",
    invitationLead:
      "Auf diesem Server werden neue Benutzer eingeladen. Bitten Sie den Betreiber um einen Link: Er erstellt ihn mit „vaultsphered invite“. Öffnen Sie den Link oder fügen Sie ihn hier ein.",
    invitationLink: "Einladungslink",
    title: "Tresor anlegen",
    usernameHint: "Damit melden Sie sich an. Es muss keine E-Mail-Adresse sein.",
    again: "Master-Passwort wiederholen",
    submit: "Weiter",
    have: "Haben Sie schon einen Tresor?",
    phraseTitle: "Ihre Wiederherstellungsphrase",
    checkTitle: "Phrase prüfen",
    creating: "Ihr Tresor wird angelegt …",
    nameTitle: "Anderen Benutzernamen wählen",
    nameLead: (name: string) => `„${name}“ ist vergeben. Ihr Passwort und Ihre Wiederherstellungsphrase bleiben, wie sie sind.`,
    create: "Tresor anlegen",
  },
  phrase: {
    why: "Diese 24 Wörter sind der einzige andere Weg in Ihren Tresor. Niemand kann sie Ihnen noch einmal geben, und wer sie hat, kann den Tresor öffnen. Bewahren Sie sie auf Papier oder an einem anderen sicheren Ort auf, nicht in diesem Tresor.",
    print: "Drucken",
    file: "Als Datei speichern",
    copy: "Kopieren",
    sheet: "VaultSphere-Wiederherstellungsphrase",
    sheetHow:
      "So kommen Sie ohne das Master-Passwort in den Tresor: Öffnen Sie die Seite, wählen Sie „Master-Passwort vergessen?“ und geben Sie die Wörter in dieser Reihenfolge ein. Wer dieses Blatt hat, kann den Tresor öffnen.",
    sheetSite: "Adresse",
    saved: "Gespeichert. Verschieben Sie die Datei von diesem Gerät.",
    ask: "Damit sicher ist, dass Sie sie haben, geben Sie diese drei Wörter ein.",
    word: (n: number) => `Wort ${n}`,
    wrong: (n: number) => `Wort ${n} lautet anders. Sehen Sie noch einmal nach.`,
    confirm: "Bestätigen",
    back: "Wörter noch einmal anzeigen",
  },
  recover: {
    title: "Tresor wiederherstellen",
    lead: "Die 24 Wörter öffnen Ihren Tresor, und Sie legen ein neues Master-Passwort fest. Der ganze Inhalt bleibt erhalten.",
    phraseHint: "24 Wörter, der Reihe nach, mit Leerzeichen dazwischen.",
    count: (n: number) => `${n} von 24 Wörtern`,
    complete: "Die Phrase ist vollständig.",
    unknownWord: (n: number) => `Wort ${n} steht nicht in der Liste der Wiederherstellungswörter.`,
    tooMany: "Eine Wiederherstellungsphrase hat 24 Wörter.",
    mixedUp: "Die Wörter gehören nicht zusammen: Eines ist falsch, oder zwei sind vertauscht.",
    lost: "Ich habe auch meinen Authenticator verloren",
    lostHint: "Der zweite Faktor wird entfernt; Sie können ihn in den Einstellungen neu einrichten.",
    submit: "Passwort festlegen und Tresor öffnen",
    back: "Zurück zur Anmeldung",
    done: "Ihr neues Master-Passwort gilt. Andere Geräte wurden abgemeldet.",
  },
  copies: {
    title: "Auf diesem Gerät",
    lead: "Auf diesem Gerät liegt eine versiegelte Kopie dieses Tresors. Sie lässt sich ohne den Server lesen.",
    openShort: (name: string) => `Kopie von ${name} öffnen`,
    since: (date: string) => `Sitzung beendet: ${date}`,
    changes: (n: number) =>
      plural(n, { one: "# Änderung ist noch nicht auf dem Server", other: "# Änderungen sind noch nicht auf dem Server" }),
    days: (n: number) =>
      plural(n, { one: "wird nach # weiteren Nutzungstag gelöscht", other: "wird nach # weiteren Nutzungstagen gelöscht" }),
    damaged:
      "Die Liste der Kopien auf diesem Gerät ist beschädigt. Melden Sie sich an: Was noch zu senden ist, wird wiedergefunden.",
    openTitle: "Kopie auf diesem Gerät",
    openLead:
      "Öffnen Sie sie mit dem Master-Passwort, das damals galt. An den Server wird nichts gesendet, und die Kopie ändert sich nicht.",
    waits: (n: number) =>
      plural(n, {
        one: "# Änderung darin ist noch nicht auf dem Server. Sie wird gesendet, wenn Sie sich auf diesem Gerät wieder anmelden.",
        other:
          "# Änderungen darin sind noch nicht auf dem Server. Sie werden gesendet, wenn Sie sich auf diesem Gerät wieder anmelden.",
      }),
    open: "Zum Lesen öffnen",
    openHere: "Kopie auf diesem Gerät öffnen",
    gone: "Diese Kopie ist nicht mehr auf diesem Gerät.",
    remove: "Diese Kopie löschen",
    removeTitle: "Diese Kopie löschen?",
    removeBody: "Sie wird endgültig von diesem Gerät gelöscht. Was auf dem Server ist, bleibt dort.",
    removeLoses: (n: number) =>
      plural(n, {
        one: "# Änderung, die noch nicht auf dem Server ist, geht mit ihr verloren.",
        other: "# Änderungen, die noch nicht auf dem Server sind, gehen mit ihr verloren.",
      }),
    removed: "Die Kopie wurde von diesem Gerät gelöscht.",
    back: "Zurück",
    banner: (name: string) => `Sie lesen die Kopie von ${name} auf diesem Gerät. Sie lässt sich nicht ändern.`,
    partial: "Ein Teil dieser Kopie ist beschädigt. Angezeigt wird, was lesbar ist.",
    noFiles: "Anhänge liegen nur auf dem Server, nicht in dieser Kopie.",
    export: "Exportieren",
    leave: "Kopie schließen",
  },
  alarm: {
    codes: {
      vault_altered: {
        title: "Ihr Tresor wurde von außen verändert",
        meaning:
          "Was der Server geschickt hat, trägt nicht das Siegel Ihrer eigenen Geräte. Etwas wurde verändert, weggelassen, hinzugefügt oder verschoben. VaultSphere zeigt lieber nichts davon als etwas Falsches.",
      },
      vault_rolled_back: {
        title: "Der Server zeigt einen älteren Tresor",
        meaning:
          "Dieses Gerät hat schon einen neueren Stand Ihres Tresors gesehen, als der Server jetzt schickt. Vielleicht wurde eine Sicherung eingespielt, oder jemand hält Ihre Änderungen zurück.",
      },
      kdf_refused: {
        title: "Der Server verlangt unsichere Schlüsseleinstellungen",
        meaning:
          "Die Einstellungen, mit denen Ihr Schlüssel abgeleitet werden soll, liegen außerhalb der sicheren Grenzen oder sind nicht die, mit denen Ihr Tresor versiegelt wurde. Ihr Passwort wurde damit nicht verwendet.",
      },
    },
    found: "Was gefunden wurde",
    next: "Was zu tun ist",
    steps: {
      stop: "Melden Sie sich weder hier noch auf anderen Geräten mit Ihrem Master-Passwort an und entsperren Sie nichts damit, bis Sie den Grund kennen.",
      tell: "Nennen Sie dem Betreiber dieses Servers die Worte oben. Fragen Sie, ob eine Sicherung eingespielt wurde.",
      copy: "Dieses Gerät hat noch den letzten Stand Ihres Tresors, den es geprüft hat. Öffnen Sie diese Kopie, und exportieren Sie, was wichtig ist.",
    },
    again: "Erneut prüfen",
    noCopy: "Wenn Ihr Tresor auf einem anderen Gerät noch offen ist, kopieren Sie dort, was wichtig ist.",
    signOutTitle: "Abmelden und die Kopie löschen?",
    signOutBody:
      "Beim Abmelden wird die Kopie Ihres Tresors auf diesem Gerät gelöscht, samt allen Änderungen, die noch nicht auf dem Server sind. Wenn der Tresor auf dem Server falsch ist, ist diese Kopie vielleicht Ihre letzte gute.",
    signOut: "Abmelden und Kopie löschen",
  },
};
