/**
 * Whether the kernel of this thread takes part in some work.
 *
 * @module
 */

import { getKernel } from "../../src/kernel/kernel.ts";

/** Does the work and says how often this thread's kernel was called. */
export async function countKernelCalls(work: () => Promise<unknown>): Promise<number> {
  const kernel = getKernel();
  const { call } = kernel;
  let calls = 0;
  kernel.call = (...given) => {
    calls++;
    return call.apply(kernel, given) as never;
  };
  try {
    await work();
  } finally {
    kernel.call = call;
  }
  return calls;
}
