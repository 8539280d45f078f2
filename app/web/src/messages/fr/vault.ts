// The vault's own screens, in French.
import type { vault as english } from "../en/vault";
import { formatsOf } from "../formats";

const { number, plural } = formatsOf("fr");

export const vault: typeof english = {
  navigation: {
    vault: "Coffre",
    generator: "Générateur",
    settings: "Paramètres",
    lock: "Verrouiller",
    lockTitle: "Verrouiller (Alt+L)",
  },
  shell: {
    offline: (n: number) =>
      "Le serveur est injoignable. Vous pouvez tout lire et tout modifier." +
      (n === 0
        ? ""
        : plural(n, { one: " # modification attend sur cet appareil.", other: " # modifications attendent sur cet appareil." })),
    offlineReading: "Le serveur est injoignable. Vous pouvez tout lire ; pour modifier, il faut le serveur.",
    waiting: (n: number) =>
      plural(n, {
        one: "# modification attend d’être envoyée au serveur.",
        other: "# modifications attendent d’être envoyées au serveur.",
      }),
    refused: (title: string, why: string) =>
      `Le serveur n’a pas accepté la modification de « ${title} ». ${why} La modification reste sur cet appareil.`,
    look: "Afficher l’entrée",
    unreadable: (n: number) =>
      n === 1
        ? "Une entrée n’a pas pu être ouverte. Les autres sont complètes."
        : `${number(n)} entrées n’ont pas pu être ouvertes. Les autres sont complètes.`,
    entry: "Entrée",
    nothing: "Rien de sélectionné",
    nothingHint: "Choisissez une entrée à gauche, ou appuyez sur / pour chercher.",
    startTitle: "Un bon début",
    starts: {
      import: {
        title: "Apportez vos mots de passe",
        hint: "Depuis Bitwarden, 1Password, un navigateur ou un autre : le fichier dit ce qu’il est.",
      },
      new: {
        title: "Ajouter un identifiant de tous les jours",
        hint: "Collez le mot de passe, ou laissez VaultSphere en créer un meilleur.",
      },
      settings: { title: "Activer le second facteur", hint: "Le mot de passe seul ne suffit alors plus pour entrer." },
      generator: { title: "Essayer le générateur", hint: "Mots de passe et phrases secrètes, créés sur cet appareil." },
    },
    draft: (title: string, at: string) =>
      title
        ? `Vous étiez en train d’écrire « ${title} » quand le coffre s’est verrouillé (${at}).`
        : `Vous étiez en train d’écrire une nouvelle entrée quand le coffre s’est verrouillé (${at}).`,
    draftTake: "Continuer",
    unsaved: "Abandonner vos modifications ?",
    unsavedBody: "Certaines modifications ne sont pas enregistrées.",
    discard: "Abandonner",
    keep: "Continuer à modifier",
  },
  list: {
    title: "Entrées",
    search: "Chercher dans le coffre",
    placeholder: "Chercher",
    clear: "Effacer la recherche",
    short: "Nouvelle",
    show: "Afficher",
    all: "Toutes",
    opening: "Ouverture de votre coffre…",
    emptyTitle: "Votre coffre est vide",
    emptyBody: "Ajoutez le premier mot de passe que vous ne voulez pas perdre.",
    noHits: (q: string) => `Rien ne correspond à « ${q} »`,
    noHitsBody: "La recherche porte sur les titres, noms d’utilisateur, adresses, étiquettes, notes et champs.",
    noneHere: "Rien ici pour l’instant",
    favouriteHint: "Marquez une entrée d’une étoile pour la retrouver ici.",
    unreadable: "Entrée illisible",
    cannotOpen: "Ne peut pas être ouverte",
    noPassword: "Cette entrée n’a pas de mot de passe.",
    notOpened: "L’entrée n’a pas pu être ouverte.",
    pending: "Une modification attend le serveur",
    stays: (n: number) =>
      n === 1
        ? "Une entrée que vous avez supprimée reste : un autre appareil l’a modifiée."
        : `${number(n)} entrées que vous avez supprimées restent : un autre appareil les a modifiées.`,
  },
  entry: {
    back: "Retour",
    opening: "Ouverture…",
    unreadable: "Cette entrée ne peut pas être ouverte",
    unreadableBody:
      "Elle ne porte pas le sceau de vos appareils, rien n’en est donc montré. Les autres entrées ne sont pas touchées.",
    gone: "Cette entrée n’est pas dans le coffre",
    goneBody: "Un autre appareil l’a peut-être supprimée.",
    failed: "L’entrée n’a pas pu être ouverte",
    saved: "Enregistré",
    created: "Ajoutée au coffre",
  },
  entryView: {
    url: "Adresse",
    field: "Champ",
    expiry: "Expire",
    edit: "Modifier",
    remove: "Supprimer",
    open: (host: string) => `Ouvrir ${host} dans un nouvel onglet`,
    copyUrl: (host: string) => `Copier l’adresse ${host}`,
    unsafe: "Ce n’est pas une adresse web ; elle ne peut pas être ouverte d’ici.",
    changed: (date: string) => `Modifiée le ${date}`,
    created: (date: string) => `Ajoutée le ${date}`,
    nothing: "Cette entrée n’a encore qu’un titre.",
    starNotSaved: "L’étoile n’a pas pu être enregistrée.",
  },
  attachments: {
    title: "Pièces jointes",
    add: "Joindre des fichiers",
    hint: "Ou déposez-les ici. 10 Mo au plus par fichier.",
    download: (name: string) => `Télécharger ${name}`,
    remove: (name: string) => `Retirer ${name}`,
    cancel: (name: string) => `Annuler ${name}`,
    uploading: (name: string) => `Envoi de ${name}`,
    downloading: (name: string) => `Téléchargement de ${name}`,
    attached: (name: string) => `${name} a été joint`,
    removed: (name: string) => `${name} a été retiré`,
    removeTitle: (name: string) => `Retirer « ${name} » ?`,
    removeBody:
      "L’entrée ne l’affiche plus. Le serveur le conserve, scellé, tant qu’une version précédente de l’entrée le contient.",
    removeAction: "Retirer",
  },
  history: {
    title: "Historique du mot de passe",
    loading: "Ouverture des versions précédentes…",
    none: "Le mot de passe n’a pas encore été changé.",
    shows: (date: string) => `Afficher le mot de passe du ${date}`,
    copies: (date: string) => `Copier le mot de passe du ${date}`,
  },
  entryForm: {
    editTitle: (title: string) => `Modifier ${title}`,
    type: "Type",
    title: "Titre",
    titleNeeded: "Donnez un titre à l’entrée, afin de la retrouver.",
    generate: "Générer un mot de passe",
    use: "Utiliser ce mot de passe",
    tagsHint: "Appuyez sur Entrée après chacune ; elle peut contenir des virgules et des espaces.",
    addTag: (tag: string) => `Ajouter l’étiquette « ${tag} »`,
    removeTag: (tag: string) => `Retirer l’étiquette « ${tag} »`,
    save: "Enregistrer",
    url: (n: number) => (n === 1 ? "Adresse" : `Adresse ${n}`),
    addUrl: "Ajouter une adresse",
    removeUrl: (n: number) => `Retirer l’adresse ${n}`,
    fields: "Champs personnalisés",
    addField: "Ajouter un champ",
    fieldName: (n: number) => `Nom du champ ${n}`,
    fieldValue: (n: number) => `Valeur du champ ${n}`,
    removeField: (n: number) => `Retirer le champ ${n}`,
  },
  generator: {
    title: "Générateur",
    lead: "Créé sur cet appareil, à partir de sa propre source d’aléa. Rien n’est conservé avant l’enregistrement dans une entrée.",
    kind: "Que créer",
    passphrase: "Phrase secrète",
    generated: "Généré",
    length: "Longueur",
    characters: (n: number) => plural(n, { one: "# caractère", other: "# caractères" }),
    words: "Mots",
    wordCount: (n: number) => plural(n, { one: "# mot", other: "# mots" }),
    lower: "a–z",
    upper: "A–Z",
    digits: "0–9",
    symbols: "Symboles tels que ! % & ?",
    least: (name: string) => `Au moins autant de ${name}`,
    atLeast: (n: number) => `au moins ${number(n)}`,
    symbolSet: "Symboles à utiliser",
    ambiguous: "Éviter les caractères qui se ressemblent, comme l, 1, I, O et 0",
    separator: "Entre les mots",
    separators: { hyphen: "Trait d’union", space: "Espace", stop: "Point", underscore: "Tiret bas" },
    capitalize: "Majuscule à chaque mot",
    number: "Ajouter un nombre",
    again: "En créer un autre",
    copy: "Copier",
    bits: (n: number) => plural(n, { one: "# bit d’entropie", other: "# bits d’entropie" }),
    verdicts: { weak: "faible", fair: "moyen", strong: "fort", veryStrong: "très fort" },
  },
  shortcuts: {
    title: "Raccourcis clavier",
    keys: { home: "Début", end: "Fin", enter: "Entrée", ctrl: "Ctrl", esc: "Échap" },
    search: "Chercher dans le coffre",
    new: "Nouvelle entrée",
    move: "Se déplacer dans la liste",
    open: "Ouvrir l’entrée",
    copyPassword: "Copier le mot de passe de l’entrée dans la liste",
    copyUsername: "Copier son nom d’utilisateur",
    save: "Enregistrer le formulaire",
    escape: "Effacer la recherche, fermer une boîte de dialogue",
    lock: "Verrouiller",
    help: "Cette liste",
  },
};
