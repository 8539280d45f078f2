// The screens before the vault is open, in French.

import type { access as english } from "../en/access";
import { formatsOf } from "../formats";

const { plural } = formatsOf("fr");

export const access: typeof english = {
  frame: {
    promise: "Chiffré sur cet appareil. Le serveur ne peut pas le lire.",
  },
  starting: {
    loading: "Chargement du cœur du coffre…",
    starting: "Démarrage…",
    title: "Le coffre n’a pas pu démarrer",
    offline: "Le serveur est injoignable. Vérifiez la connexion ; rien n’a changé dans votre coffre.",
    outdated:
      "Ce navigateur est peut-être trop ancien pour VaultSphere, ou une partie de la page n’est pas arrivée. Rechargez-la une fois ; si cela ne suffit pas, utilisez un navigateur récent.",
    insecureTitle: "Cette adresse n’est pas sûre",
    insecure:
      "La page est arrivée en HTTP, sans chiffrement : n’importe qui sur le trajet peut la modifier et lire ce que vous tapez. VaultSphere n’accepte ici aucun mot de passe maître : ouvrez-le avec https:// ou, sur la machine du serveur, à http://localhost.",
    details: "Ce qui s’est passé",
  },
  signIn: {
    title: "Se connecter",
    fresh: "Première visite ?",
    register: "Créer un coffre",
  },
  unlock: {
    title: "Votre coffre est verrouillé",
    pageTitle: "Verrouillé",
    submit: "Déverrouiller",
  },
  secondFactor: {
    title: "Second facteur",
    lead: "Saisissez le code à six chiffres que votre application d’authentification affiche pour VaultSphere.",
    label: "Code de l’application d’authentification",
    submit: "Continuer",
    checking: "Vérification du code…",
    back: "Utiliser un autre compte",
    lost: "Application d’authentification perdue ?",
  },
  newPassword: {
    first: "Nouveau mot de passe principal",
    again: "Nouveau mot de passe principal, encore une fois",
    differs: "Les deux ne sont pas identiques.",
    tooWeak: "Trop facile à deviner pour le mot de passe qui protège tous les autres.",
  },
  register: {
    step: (n: number, of: number) => `Étape ${n} sur ${of}`,
    invitationTitle: "Il vous faut une invitation",
    invitationLead:
      "Ce serveur accueille les nouveaux utilisateurs sur invitation. Demandez un lien à la personne qui le gère : elle le crée avec « vaultsphered invite ». Ouvrez le lien ou collez-le ici.",
    invitationLink: "Lien d’invitation",
    title: "Créer votre coffre",
    usernameHint: "Il sert à vous connecter. Ce n’est pas forcément une adresse e-mail.",
    again: "Mot de passe principal, encore une fois",
    submit: "Continuer",
    have: "Vous avez déjà un coffre ?",
    phraseTitle: "Votre phrase de récupération",
    checkTitle: "Vérifier la phrase",
    creating: "Création de votre coffre…",
    nameTitle: "Choisir un autre nom d’utilisateur",
    nameLead: (name: string) =>
      `« ${name} » est déjà pris. Votre mot de passe et votre phrase de récupération restent les mêmes.`,
    create: "Créer le coffre",
  },
  phrase: {
    why: "Ces 24 mots sont le seul autre moyen d’entrer dans votre coffre. Personne ne pourra vous les redonner, et quiconque les possède peut l’ouvrir. Conservez-les sur papier ou dans un autre lieu sûr, pas dans ce coffre.",
    print: "Imprimer",
    file: "Enregistrer dans un fichier",
    copy: "Copier",
    sheet: "Phrase de récupération VaultSphere",
    sheetHow:
      "Pour entrer dans le coffre sans le mot de passe principal : ouvrez la page, choisissez « Mot de passe principal oublié ? » et saisissez les mots dans cet ordre. Quiconque possède cette feuille peut ouvrir le coffre.",
    sheetSite: "Adresse",
    saved: "Enregistré. Déplacez le fichier hors de cet appareil.",
    ask: "Pour être sûr que vous les avez, saisissez ces trois mots.",
    word: (n: number) => `Mot ${n}`,
    wrong: (n: number) => `Le mot ${n} est différent. Regardez à nouveau ce que vous avez conservé.`,
    confirm: "Confirmer",
    back: "Afficher les mots à nouveau",
  },
  recover: {
    title: "Récupérer votre coffre",
    lead: "Les 24 mots ouvrent votre coffre et vous permettent de choisir un nouveau mot de passe principal. Tout son contenu est conservé.",
    phraseHint: "24 mots, dans l’ordre, séparés par des espaces.",
    count: (n: number) => `${n} mots sur 24`,
    complete: "La phrase est complète.",
    unknownWord: (n: number) => `Le mot ${n} n’est pas dans la liste des mots de récupération.`,
    tooMany: "Une phrase de récupération compte 24 mots.",
    mixedUp: "Les mots ne vont pas ensemble : l’un est faux, ou deux sont intervertis.",
    lost: "J’ai aussi perdu mon application d’authentification",
    lostHint: "Le second facteur est retiré ; vous pourrez le configurer à nouveau dans les paramètres.",
    submit: "Définir le mot de passe et ouvrir le coffre",
    back: "Retour à la connexion",
    done: "Votre nouveau mot de passe principal est défini. Les autres appareils ont été déconnectés.",
  },
  copies: {
    title: "Sur cet appareil",
    lead: "Une copie scellée de ce coffre se trouve sur cet appareil. Elle peut être lue sans le serveur.",
    openShort: (name: string) => `Ouvrir la copie de ${name}`,
    since: (date: string) => `Session terminée le ${date}`,
    changes: (n: number) =>
      plural(n, {
        one: "# modification n’est pas encore sur le serveur",
        other: "# modifications ne sont pas encore sur le serveur",
      }),
    days: (n: number) =>
      plural(n, { one: "supprimée après # jour d’utilisation", other: "supprimée après # jours d’utilisation" }),
    damaged: "La liste des copies sur cet appareil est endommagée. Connectez-vous : ce qui reste à envoyer sera retrouvé.",
    openTitle: "Copie sur cet appareil",
    openLead:
      "Ouvrez-la avec le mot de passe principal valable à ce moment-là. Rien n’est envoyé au serveur et la copie ne change pas.",
    waits: (n: number) =>
      plural(n, {
        one: "# modification qu’elle contient n’est pas encore sur le serveur. Elle sera envoyée quand vous vous reconnecterez sur cet appareil.",
        other:
          "# modifications qu’elle contient ne sont pas encore sur le serveur. Elles seront envoyées quand vous vous reconnecterez sur cet appareil.",
      }),
    open: "Ouvrir en lecture",
    openHere: "Ouvrir la copie sur cet appareil",
    gone: "Cette copie n’est plus sur cet appareil.",
    remove: "Supprimer cette copie",
    removeTitle: "Supprimer cette copie ?",
    removeBody: "Elle est supprimée définitivement de cet appareil. Ce qui est sur le serveur y reste.",
    removeLoses: (n: number) =>
      plural(n, {
        one: "# modification qui n’est pas encore sur le serveur est perdue avec elle.",
        other: "# modifications qui ne sont pas encore sur le serveur sont perdues avec elle.",
      }),
    removed: "La copie a été supprimée de cet appareil.",
    back: "Retour",
    banner: (name: string) => `Vous lisez la copie de ${name} sur cet appareil. Elle ne peut pas être modifiée.`,
    partial: "Une partie de cette copie est endommagée. Ce qui est lisible est affiché.",
    noFiles: "Les pièces jointes sont seulement sur le serveur, pas dans cette copie.",
    export: "Exporter",
    leave: "Fermer la copie",
  },
  alarm: {
    codes: {
      vault_altered: {
        title: "Votre coffre a été modifié de l’extérieur",
        meaning:
          "Ce que le serveur a envoyé ne porte pas le sceau de vos propres appareils. Quelque chose a été altéré, retiré, ajouté ou déplacé. VaultSphere préfère ne rien montrer plutôt que quelque chose de faux.",
      },
      vault_rolled_back: {
        title: "Le serveur montre un coffre plus ancien",
        meaning:
          "Cet appareil a vu un état de votre coffre plus récent que celui que le serveur envoie maintenant. Une sauvegarde a peut-être été restaurée, ou quelqu’un retient vos modifications.",
      },
      kdf_refused: {
        title: "Le serveur demande des réglages de clé dangereux",
        meaning:
          "Les réglages avec lesquels votre clé doit être dérivée sont hors des limites sûres, ou ne sont pas ceux avec lesquels votre coffre a été scellé. Votre mot de passe n’a pas été utilisé avec eux.",
      },
    },
    found: "Ce qui a été constaté",
    next: "Que faire",
    steps: {
      stop: "Ne vous connectez pas et ne déverrouillez rien avec votre mot de passe principal, ni ici ni sur d’autres appareils, tant que vous ne connaissez pas la raison.",
      tell: "Transmettez le texte ci-dessus à la personne qui gère ce serveur. Demandez si une sauvegarde a été restaurée.",
      copy: "Cet appareil a encore le dernier état de votre coffre qu’il a vérifié. Ouvrez cette copie et exportez ce qui compte.",
    },
    again: "Vérifier à nouveau",
    noCopy: "Si votre coffre est encore ouvert sur un autre appareil, copiez-y ce qui compte.",
    signOutTitle: "Se déconnecter et supprimer la copie ?",
    signOutBody:
      "La déconnexion supprime la copie de votre coffre sur cet appareil, avec toutes les modifications qui ne sont pas encore sur le serveur. Si le coffre du serveur est faux, cette copie est peut-être la dernière bonne.",
    signOut: "Se déconnecter et supprimer la copie",
  },
};
