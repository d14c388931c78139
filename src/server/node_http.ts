// node:http for the control socket and the demo, asked for when it is needed. An `import` of it
// reads all of its exports, and one of them loads undici: 14 ms would become 120 of each start.

export function nodeHttp(): typeof import('node:http') {
  return process.getBuiltinModule('node:http');
}
