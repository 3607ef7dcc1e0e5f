/// <reference lib="dom" />
/**
 * Notes in a vault: a passphrase, a passkey, and what is on the disk.
 *
 * @module
 */

import {
  EncryptedStorage,
  indexedDb,
  passkey,
  StorageError,
  Vault,
  type VaultSecret,
} from "@ironfern/ironfern/storage";

interface Note {
  readonly text: string;
  readonly at: string;
}

/** Everything about the notes has names that begin so. */
const PREFIX = "notes.";
const OPTIONS = { prefix: PREFIX, lockAfter: 60_000 };
const PASSKEY = "passkey:";
const SHOWN = 60;

const store = indexedDb("ironfern-notes");
const user = { id: new TextEncoder().encode("notes"), name: "Notes in a vault" };
const rpId = location.hostname;

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

function input(id: string): HTMLInputElement {
  return element<HTMLInputElement>(id);
}

function say(text: string): void {
  element("status").textContent = text;
}

/** Does what a button is for, and says what goes wrong. */
async function attempt(work: () => Promise<void>): Promise<void> {
  say("");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    say(error.code === "wrong-secret" ? "That does not open it." : error.message);
  }
  await showDisk();
}

async function showDisk(): Promise<void> {
  const names: string[] = [];
  for await (const name of await store.keys(PREFIX)) names.push(name);
  const rows = await Promise.all(
    names.sort().map(async (name) => {
      const record = await store.get(name) ?? "";
      const row = document.createElement("tr");
      for (const text of [name, `${record.slice(0, SHOWN)}… (${record.length} characters)`]) {
        row.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return row;
    }),
  );
  element("disk").replaceChildren(...rows);
}

let notes: EncryptedStorage<Record<string, Note>> | undefined;
let vault: Vault | undefined;

async function showNotes(): Promise<void> {
  if (!notes) return;
  const all = await Array.fromAsync(notes.entries());
  const items = all.sort(([, a], [, b]) => a.at < b.at ? 1 : -1).map(([title, { text }]) => {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("strong"), { textContent: title });
    const remove = Object.assign(document.createElement("button"), { textContent: "Remove" });
    remove.addEventListener("click", () =>
      attempt(async () => {
        await notes?.delete(title);
        await showNotes();
      }));
    item.append(name, ` ${text} `, remove);
    return item;
  });
  element("notes").replaceChildren(...items);
}

/** The credential of the vault's passkey, if it has one. */
async function credential(): Promise<string | undefined> {
  const slots = await Vault.inspect(store, { prefix: PREFIX }) ?? [];
  return slots.find(({ wrapper }) => wrapper?.startsWith(PASSKEY))?.wrapper?.slice(PASSKEY.length);
}

async function showLocked(): Promise<void> {
  [vault, notes] = [undefined, undefined];
  const isThere = await Vault.inspect(store, { prefix: PREFIX }) !== undefined;
  element("notes").replaceChildren();
  element("open").hidden = true;
  element("enter").hidden = false;
  element("enter-title").textContent = isThere ? "The vault is locked" : "There is no vault yet";
  element("enter-button").textContent = isThere ? "Open" : "Make one";
  element("use-passkey").hidden = await credential() === undefined;
  element("erase").hidden = !isThere;
  await showDisk();
}

async function enter(secret: VaultSecret): Promise<void> {
  const isThere = await Vault.inspect(store, { prefix: PREFIX }) !== undefined;
  vault = await (isThere ? Vault.open : Vault.create)(store, secret, OPTIONS);
  vault.onLock(() => void showLocked());
  notes = new EncryptedStorage(store, { fernet: vault, prefix: PREFIX });
  input("passphrase").value = "";
  element("enter").hidden = true;
  element("open").hidden = false;
  await showNotes();
}

element("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(() => enter({ passphrase: input("passphrase").value }));
});

element("use-passkey").addEventListener("click", () =>
  attempt(async () => {
    const known = await credential();
    if (known) await enter(await passkey({ rpId, user, credential: known }));
  }));

element("erase").addEventListener("click", () =>
  attempt(async () => {
    if (!confirm("All notes will be gone. Remove everything?")) return;
    await Vault.erase(store, { prefix: PREFIX });
    await showLocked();
  }));

element("add").addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    const note = { text: input("text").value, at: new Date().toISOString() };
    await notes?.set(input("title").value, note);
    element<HTMLFormElement>("add").reset();
    await showNotes();
  });
});

element("lock").addEventListener("click", () => vault?.lock());

element("add-passkey").addEventListener("click", () =>
  attempt(async () => {
    await vault?.addSlot(await passkey({ rpId, user }));
    say("The passkey opens the vault from now on.");
  }));

element("new-key").addEventListener("click", () =>
  attempt(async () => {
    await vault?.addKey();
    const result = await notes?.rotate();
    await vault?.dropOldKeys();
    say(`${result?.rotated} notes are under a new key.`);
  }));

void attempt(showLocked);
