// The screens before the vault is open, in English.

import { formatsOf } from "../formats";

const { plural } = formatsOf("en");

export const access = {
  frame: {
    promise: "Encrypted on this device. The server cannot read it.",
  },
  starting: {
    loading: "Loading the vault’s core…",
    starting: "Starting…",
    title: "The vault could not be started",
    offline: "The server cannot be reached. Check the connection; nothing in your vault has changed.",
    outdated:
      "This browser may be too old for VaultSphere, or a part of the page did not arrive. Reload it once; if that does not help, use a current browser.",
    insecureTitle: "This address is not safe",
    insecure:
      "The page came over plain HTTP, so anybody on the way could change it and read what you type. VaultSphere takes no master password here: open it with https://, or on the machine that serves it at http://localhost.",
    details: "What happened",
  },
  signIn: {
    title: "Sign in",
    fresh: "New here?",
    register: "Create a vault",
  },
  unlock: {
    title: "Your vault is locked",
    pageTitle: "Locked",
    submit: "Unlock",
  },
  secondFactor: {
    title: "Second factor",
    lead: "Enter the six-digit code that your authenticator app shows for VaultSphere.",
    label: "Code from the authenticator",
    submit: "Continue",
    checking: "Checking the code…",
    back: "Use another account",
    lost: "Lost your authenticator?",
  },
  newPassword: {
    first: "New master password",
    again: "New master password again",
    differs: "The two are not the same.",
    tooWeak: "Too easy to guess for the one password that guards all others.",
  },
  register: {
    step: (n: number, of: number) => `Step ${n} of ${of}`,
    invitationTitle: "You need an invitation",
    invitationLead:
      "This server takes new users by invitation. Ask whoever runs it for a link: they make one with “vaultsphered invite”. Open the link, or paste it here.",
    invitationLink: "Invitation link",
    title: "Create your vault",
    usernameHint: "How you sign in. It need not be an email address.",
    again: "Master password again",
    submit: "Continue",
    have: "Have a vault already?",
    phraseTitle: "Your recovery phrase",
    checkTitle: "Check the phrase",
    creating: "Creating your vault…",
    nameTitle: "Choose another user name",
    nameLead: (name: string) => `“${name}” is taken. Your password and your recovery phrase stay as they are.`,
    create: "Create the vault",
  },
  phrase: {
    why: "These 24 words are the only other way into your vault. Nobody can give them to you again, and whoever has them can open it. Keep them on paper or another safe place, not in this vault.",
    print: "Print",
    file: "Save as file",
    copy: "Copy",
    sheet: "VaultSphere recovery phrase",
    sheetHow:
      "To get into the vault without the master password: open the page, choose “Forgot your master password?” and type the words in this order. Whoever has this sheet can open the vault.",
    sheetSite: "Address",
    saved: "Saved. Move the file off this device.",
    ask: "To be sure that you have them, type these three words.",
    word: (n: number) => `Word ${n}`,
    wrong: (n: number) => `Word ${n} is different. Look again at what you kept.`,
    confirm: "Confirm",
    back: "Show the words again",
  },
  recover: {
    title: "Recover your vault",
    lead: "The 24 words open your vault and let you set a new master password. Everything in it stays.",
    phraseHint: "24 words, in order, with spaces between them.",
    count: (n: number) => `${n} of 24 words`,
    complete: "The phrase is complete.",
    unknownWord: (n: number) => `Word ${n} is not in the list of recovery words.`,
    tooMany: "A recovery phrase has 24 words.",
    mixedUp: "The words do not belong together: one is wrong, or two changed places.",
    lost: "I have also lost my authenticator",
    lostHint: "The second factor is removed; you can set it up again in the settings.",
    submit: "Set the password and open the vault",
    back: "Back to sign in",
    done: "Your new master password is set. Other devices have been signed out.",
  },
  copies: {
    title: "On this device",
    lead: "A sealed copy of this vault is on this device. It can be read without the server.",
    openShort: (name: string) => `Open the copy of ${name}`,
    since: (date: string) => `Session ended ${date}`,
    changes: (n: number) => plural(n, { one: "# change is not on the server yet", other: "# changes are not on the server yet" }),
    days: (n: number) => plural(n, { one: "deleted after # more day of use", other: "deleted after # more days of use" }),
    damaged: "The list of copies on this device is damaged. Sign in: what waits to be sent is found again.",
    openTitle: "Copy on this device",
    openLead:
      "Open it with the master password that was valid then. Nothing is sent to the server, and nothing in the copy changes.",
    waits: (n: number) =>
      plural(n, {
        one: "# change in it is not on the server yet. It is sent when you sign in again on this device.",
        other: "# changes in it are not on the server yet. They are sent when you sign in again on this device.",
      }),
    open: "Open to read",
    openHere: "Open the copy on this device",
    gone: "This copy is not on this device any more.",
    remove: "Delete this copy",
    removeTitle: "Delete this copy?",
    removeBody: "It is deleted from this device for good. What is on the server stays there.",
    removeLoses: (n: number) =>
      plural(n, {
        one: "# change that is not on the server yet is lost with it.",
        other: "# changes that are not on the server yet are lost with it.",
      }),
    removed: "The copy was deleted from this device.",
    back: "Back",
    banner: (name: string) => `You are reading the copy of ${name} on this device. It cannot be changed.`,
    partial: "A part of this copy is damaged. What can be read is shown.",
    noFiles: "Attachments are only on the server, not in this copy.",
    export: "Export",
    leave: "Close the copy",
  },
  alarm: {
    codes: {
      vault_altered: {
        title: "Your vault was changed from outside",
        meaning:
          "What the server sent does not carry the seal of your own devices. Something was altered, dropped, added or put in another place. VaultSphere shows none of it rather than something false.",
      },
      vault_rolled_back: {
        title: "The server shows an older vault",
        meaning:
          "This device has seen a newer state of your vault than the server sends now. A backup may have been restored, or somebody is holding your changes back.",
      },
      kdf_refused: {
        title: "The server asked for unsafe key settings",
        meaning:
          "The settings with which your key is to be derived are outside the safe bounds, or are not those that your vault was sealed with. Your password was not used with them.",
      },
    },
    found: "What was found",
    next: "What to do",
    steps: {
      stop: "Do not sign in or unlock with your master password, here or on other devices, until you know the reason.",
      tell: "Tell whoever runs this server, with the words above. Ask whether a backup was restored.",
      copy: "This device still has the last state of your vault that it verified. Open that copy and export what matters.",
    },
    again: "Check again",
    noCopy: "If another device still has your vault open, copy what matters from it.",
    signOutTitle: "Sign out and delete the copy?",
    signOutBody:
      "Signing out deletes the copy of your vault on this device, with all changes that are not on the server yet. If the server’s vault is wrong, this copy may be your last good one.",
    signOut: "Sign out and delete the copy",
  },
};
