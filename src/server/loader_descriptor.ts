// Where the loader hands its result over: a pipe of its own, since a module may print whatever it
// likes to the others. Node's channel for messages copies what it has at every piece that arrives,
// which is felt with ten thousand routes.

export const LOADER_RESULT_DESCRIPTOR = 3;
