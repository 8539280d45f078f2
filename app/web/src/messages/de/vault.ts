// The vault's own screens, in German.
import type { vault as english } from "../en/vault";
import { formatsOf } from "../formats";

const { number, plural } = formatsOf("de");

export const vault: typeof english = {
  navigation: {
    vault: "Tresor",
    generator: "Generator",
    settings: "Einstellungen",
    lock: "Sperren",
    lockTitle: "Sperren (Alt+L)",
  },
  shell: {
    offline: (n: number) =>
      "Der Server ist nicht erreichbar. Sie können alles lesen und ändern." +
      (n === 0
        ? ""
        : plural(n, { one: " # Änderung wartet auf diesem Gerät.", other: " # Änderungen warten auf diesem Gerät." })),
    offlineReading: "Der Server ist nicht erreichbar. Sie können alles lesen; Änderungen brauchen den Server.",
    waiting: (n: number) =>
      plural(n, {
        one: "# Änderung wartet darauf, an den Server gesendet zu werden.",
        other: "# Änderungen warten darauf, an den Server gesendet zu werden.",
      }),
    refused: (title: string, why: string) =>
      `Der Server hat die Änderung von „${title}“ nicht angenommen. ${why} Die Änderung bleibt auf diesem Gerät.`,
    look: "Eintrag zeigen",
    unreadable: (n: number) =>
      n === 1
        ? "Ein Eintrag konnte nicht geöffnet werden. Die anderen sind vollständig."
        : `${number(n)} Einträge konnten nicht geöffnet werden. Die anderen sind vollständig.`,
    entry: "Eintrag",
    nothing: "Nichts ausgewählt",
    nothingHint: "Wählen Sie links einen Eintrag, oder drücken Sie /, um zu suchen.",
    startTitle: "Ein guter Anfang",
    starts: {
      import: {
        title: "Bringen Sie Ihre Passwörter mit",
        hint: "Aus Bitwarden, 1Password, einem Browser oder von anderswo: Die Datei verrät, was sie ist.",
      },
      new: {
        title: "Einen Zugang hinzufügen, den Sie täglich nutzen",
        hint: "Fügen Sie das Passwort ein, oder lassen Sie VaultSphere ein besseres erzeugen.",
      },
      settings: { title: "Den zweiten Faktor einschalten", hint: "Dann reicht das Passwort allein nicht mehr zum Anmelden." },
      generator: { title: "Den Generator ausprobieren", hint: "Passwörter und Passphrasen, auf diesem Gerät erzeugt." },
    },
    draft: (title: string, at: string) =>
      title
        ? `Als der Tresor gesperrt wurde (${at}), haben Sie an „${title}“ geschrieben.`
        : `Als der Tresor gesperrt wurde (${at}), haben Sie an einem neuen Eintrag geschrieben.`,
    draftTake: "Fortsetzen",
    unsaved: "Änderungen verwerfen?",
    unsavedBody: "Sie haben Änderungen, die nicht gespeichert sind.",
    discard: "Verwerfen",
    keep: "Weiter bearbeiten",
  },
  list: {
    title: "Einträge",
    search: "Tresor durchsuchen",
    placeholder: "Suchen",
    clear: "Suche leeren",
    short: "Eintrag",
    show: "Anzeigen",
    all: "Alle",
    opening: "Ihr Tresor wird geöffnet …",
    emptyTitle: "Ihr Tresor ist leer",
    emptyBody: "Fügen Sie das erste Passwort hinzu, das Sie nicht verlieren möchten.",
    noHits: (q: string) => `Nichts gefunden zu „${q}“`,
    noHitsBody: "Gesucht wird in Titeln, Benutzernamen, Adressen, Schlagwörtern, Notizen und Feldern.",
    noneHere: "Hier ist noch nichts",
    favouriteHint: "Markieren Sie einen Eintrag mit dem Stern, um ihn hier zu finden.",
    unreadable: "Unlesbarer Eintrag",
    cannotOpen: "Lässt sich nicht öffnen",
    noPassword: "Dieser Eintrag hat kein Passwort.",
    notOpened: "Der Eintrag konnte nicht geöffnet werden.",
    pending: "Eine Änderung wartet auf den Server",
    stays: (n: number) =>
      n === 1
        ? "Ein Eintrag, den Sie gelöscht haben, bleibt: Ein anderes Gerät hat ihn geändert."
        : `${number(n)} Einträge, die Sie gelöscht haben, bleiben: Ein anderes Gerät hat sie geändert.`,
  },
  entry: {
    back: "Zurück",
    opening: "Wird geöffnet …",
    unreadable: "Dieser Eintrag lässt sich nicht öffnen",
    unreadableBody:
      "Er trägt nicht das Siegel Ihrer Geräte, deshalb wird nichts davon gezeigt. Die anderen Einträge sind nicht betroffen.",
    gone: "Dieser Eintrag ist nicht im Tresor",
    goneBody: "Vielleicht hat ein anderes Gerät ihn gelöscht.",
    failed: "Der Eintrag konnte nicht geöffnet werden",
    saved: "Gespeichert",
    created: "Zum Tresor hinzugefügt",
  },
  entryView: {
    url: "Adresse",
    field: "Feld",
    expiry: "Gültig bis",
    edit: "Bearbeiten",
    remove: "Löschen",
    open: (host: string) => `${host} in neuem Tab öffnen`,
    copyUrl: (host: string) => `Adresse ${host} kopieren`,
    unsafe: "Keine Webadresse; sie lässt sich von hier nicht öffnen.",
    changed: (date: string) => `Geändert am ${date}`,
    created: (date: string) => `Hinzugefügt am ${date}`,
    nothing: "Dieser Eintrag hat bisher nur einen Titel.",
    starNotSaved: "Der Stern konnte nicht gespeichert werden.",
  },
  attachments: {
    title: "Anhänge",
    add: "Dateien anhängen",
    hint: "Oder hierher ziehen. Je bis 10 MB.",
    download: (name: string) => `${name} herunterladen`,
    remove: (name: string) => `${name} entfernen`,
    cancel: (name: string) => `${name} abbrechen`,
    uploading: (name: string) => `${name} wird hochgeladen`,
    downloading: (name: string) => `${name} wird heruntergeladen`,
    attached: (name: string) => `${name} angehängt`,
    removed: (name: string) => `${name} entfernt`,
    removeTitle: (name: string) => `„${name}“ entfernen?`,
    removeBody:
      "Der Eintrag zeigt die Datei nicht mehr. Der Server bewahrt sie versiegelt auf, solange eine ältere Fassung des Eintrags sie enthält.",
    removeAction: "Entfernen",
  },
  history: {
    title: "Passwortverlauf",
    loading: "Die älteren Fassungen werden geöffnet …",
    none: "Das Passwort wurde noch nicht geändert.",
    shows: (date: string) => `Passwort vom ${date} anzeigen`,
    copies: (date: string) => `Passwort vom ${date} kopieren`,
  },
  entryForm: {
    editTitle: (title: string) => `${title} bearbeiten`,
    type: "Art",
    title: "Titel",
    titleNeeded: "Geben Sie dem Eintrag einen Titel, damit Sie ihn wiederfinden.",
    generate: "Passwort erzeugen",
    use: "Dieses Passwort verwenden",
    tagsHint: "Nach jedem die Eingabetaste drücken; auch Kommas und Leerzeichen gehören dazu.",
    addTag: (tag: string) => `Schlagwort „${tag}“ hinzufügen`,
    removeTag: (tag: string) => `Schlagwort „${tag}“ entfernen`,
    save: "Speichern",
    url: (n: number) => (n === 1 ? "Adresse" : `Adresse ${n}`),
    addUrl: "Adresse hinzufügen",
    removeUrl: (n: number) => `Adresse ${n} entfernen`,
    fields: "Eigene Felder",
    addField: "Feld hinzufügen",
    fieldName: (n: number) => `Name von Feld ${n}`,
    fieldValue: (n: number) => `Wert von Feld ${n}`,
    removeField: (n: number) => `Feld ${n} entfernen`,
  },
  generator: {
    title: "Generator",
    lead: "Auf diesem Gerät erzeugt, aus seiner eigenen Zufallsquelle. Nichts wird aufbewahrt, bis Sie es in einem Eintrag speichern.",
    kind: "Was erzeugt wird",
    passphrase: "Passphrase",
    generated: "Erzeugt",
    length: "Länge",
    characters: (n: number) => plural(n, { one: "# Zeichen", other: "# Zeichen" }),
    words: "Wörter",
    wordCount: (n: number) => plural(n, { one: "# Wort", other: "# Wörter" }),
    lower: "a–z",
    upper: "A–Z",
    digits: "0–9",
    symbols: "Sonderzeichen wie ! % & ?",
    least: (name: string) => `Mindestens so viele von ${name}`,
    atLeast: (n: number) => `mindestens ${number(n)}`,
    symbolSet: "Zu verwendende Symbole",
    ambiguous: "Ähnlich aussehende Zeichen wie l, 1, I, O und 0 weglassen",
    separator: "Zwischen den Wörtern",
    separators: { hyphen: "Bindestrich", space: "Leerzeichen", stop: "Punkt", underscore: "Unterstrich" },
    capitalize: "Wörter großschreiben",
    number: "Eine Zahl hinzufügen",
    again: "Neu erzeugen",
    copy: "Kopieren",
    bits: (n: number) => plural(n, { one: "# Bit Entropie", other: "# Bit Entropie" }),
    verdicts: { weak: "schwach", fair: "mittel", strong: "stark", veryStrong: "sehr stark" },
  },
  shortcuts: {
    title: "Tastenkürzel",
    keys: { home: "Pos1", end: "Ende", enter: "Eingabe", ctrl: "Strg", esc: "Esc" },
    search: "Tresor durchsuchen",
    new: "Neuer Eintrag",
    move: "In der Liste bewegen",
    open: "Eintrag öffnen",
    copyPassword: "Passwort des Eintrags in der Liste kopieren",
    copyUsername: "Dessen Benutzernamen kopieren",
    save: "Formular speichern",
    escape: "Suche leeren, Dialog schließen",
    lock: "Sperren",
    help: "Diese Liste",
  },
};
