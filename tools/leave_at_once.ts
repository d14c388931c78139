// Loaded into the process of each test file: once nothing is left to do, it leaves without tearing
// Node down. In Node 26.10 the teardown frees what a compile job of V8 may still read of a native
// function, and the process dies of it now and then (docs/internals/ffi.md). A test that leaves
// something open still keeps its process, and fails by its time limit.

interface ProcessWithExit extends NodeJS.Process {
  reallyExit(code: number): never;
}

// Behind the listener of node:test, which sets the exit code and is there before the first end.
process.once('beforeExit', () => {
  process.on('exit', () => {
    (process as ProcessWithExit).reallyExit(Number(process.exitCode ?? 0));
  });
});
