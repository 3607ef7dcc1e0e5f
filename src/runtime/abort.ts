/**
 * One listener a signal, however many things wait for it: engines warn of a leak
 * when there are more than ten.
 *
 * @module
 */

interface Listeners {
  readonly callbacks: Set<() => void>;
  readonly fire: () => void;
}

const listeners = new WeakMap<AbortSignal, Listeners>();

function listenersOf(signal: AbortSignal): Listeners {
  const known = listeners.get(signal);
  if (known) return known;
  const callbacks = new Set<() => void>();
  const fire = () => {
    const all = [...callbacks];
    callbacks.clear();
    for (const callback of all) callback();
  };
  listeners.set(signal, { callbacks, fire });
  return { callbacks, fire };
}

/**
 * Calls back when the signal is aborted, once; not when it is already.
 *
 * @returns What ends the waiting.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => {};
  const { callbacks, fire } = listenersOf(signal);
  if (!callbacks.size) signal.addEventListener("abort", fire, { once: true });
  // Of the same function twice over, each has to be ended by itself.
  const own = () => callback();
  callbacks.add(own);
  return () => {
    if (callbacks.delete(own) && !callbacks.size) signal.removeEventListener("abort", fire);
  };
}
