/**
 * Flet's `decrypt`, in Python, where Python and its `cryptography` are here.
 *
 * @module
 */

/** The steps of Flet's `decrypt`, over `cryptography`. */
const DECRYPT = `
import base64, hashlib, sys
from cryptography.fernet import Fernet
value, secret = (line.rstrip("\\n") for line in sys.stdin)
raw = base64.urlsafe_b64decode(value)
key = hashlib.pbkdf2_hmac("sha256", secret.encode(), raw[:16], 600_000)
sys.stdout.buffer.write(Fernet(base64.urlsafe_b64encode(key)).decrypt(raw[16:]))
`;

const PYTHONS = [".venv/bin/python", "python3"];

/** Decrypts a value in Python; `undefined` where there is none with `cryptography`. */
export async function pythonDecrypt(
  encryptedData: string,
  secretKey: string,
): Promise<string | undefined> {
  for (const python of PYTHONS) {
    if (!await runs(python, "import cryptography")) continue;
    const { stdout } = await start(python, DECRYPT, `${encryptedData}\n${secretKey}\n`);
    return new TextDecoder().decode(stdout);
  }
}

async function runs(python: string, program: string): Promise<boolean> {
  try {
    return (await start(python, program, "")).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function start(python: string, program: string, input: string): Promise<Deno.CommandOutput> {
  const child = new Deno.Command(python, {
    args: ["-c", program],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output] = await Promise.all([
    child.output(),
    new Blob([input]).stream().pipeTo(child.stdin),
  ]);
  return output;
}
