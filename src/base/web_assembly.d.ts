// The part of the WebAssembly API that ZProxy uses: neither `lib.esnext` nor `@types/node` declares
// it, and `lib.dom` would let browser globals pass the type check.

declare namespace WebAssembly {
  interface MemoryDescriptor {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }
}
