/**
 * The kernel's WebAssembly module, compiled when first wanted.
 *
 * @module
 */

import { BackendUnavailableError } from "../errors.ts";
import { hostGlobal, onCloudflare } from "../runtime/host.ts";
import { KERNEL_BASE64 } from "./kernel_bytes.generated.ts";

interface Base64Decoder {
  fromBase64?(text: string): Uint8Array;
}

interface NodeBuffer {
  from(text: string, encoding: "base64"): Uint8Array;
}

function kernelBytes(): ArrayBufferView<ArrayBuffer> {
  const bytes = hostGlobal<Base64Decoder>("Uint8Array")?.fromBase64?.(KERNEL_BASE64) ??
    hostGlobal<NodeBuffer>("Buffer")?.from(KERNEL_BASE64, "base64") ??
    Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));
  return bytes as Uint8Array<ArrayBuffer>;
}

function compileEarly(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(kernelBytes());
  } catch (error) {
    // Before its `allow_eval_during_startup` workerd does not compile at all:
    // `kernelModule` says so to those who ask for the kernel.
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Cloudflare's workerd compiles only while modules are evaluated. */
let compiled = onCloudflare ? compileEarly() : undefined;

/**
 * The compiled module.
 *
 * @throws {BackendUnavailableError} If there is no WebAssembly here, if it
 * lacks SIMD, or if a Content-Security-Policy forbids it.
 */
export function kernelModule(): WebAssembly.Module {
  if (typeof WebAssembly === "undefined") {
    throw new BackendUnavailableError("wasm", "this runtime has no WebAssembly");
  }
  try {
    return compiled ??= new WebAssembly.Module(kernelBytes());
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new BackendUnavailableError(
      "wasm",
      "this runtime refused to compile it, for want of SIMD or by a Content-Security-Policy without 'wasm-unsafe-eval'",
      { cause },
    );
  }
}
