// What the drivers read and write: one ordered stream of bytes. In clear it is the connection
// itself, so that nothing lies between a driver and the ring; over TLS it will be a session with
// the same methods.

import type { Connection, ConnectionHandler } from '../ring/transport.ts';

/** A connection in clear, or a TLS session over one. */
export type ByteStream = Connection;
/** Who is told what happens on a stream. */
export type ByteStreamHandler = ConnectionHandler;
