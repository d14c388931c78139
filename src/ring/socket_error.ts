// The one place where an errno becomes a SocketError.

import * as codes from '../sys/errno.ts';
import { SocketError } from './transport.ts';

/** `code` is positive. */
export function socketErrorOf(code: number): SocketError {
  switch (code) {
    case codes.ECONNRESET:
    case codes.ECONNABORTED:
      return SocketError.RESET;
    case codes.EPIPE:
      return SocketError.PIPE;
    case codes.ECONNREFUSED:
      return SocketError.REFUSED;
    case codes.EHOSTUNREACH:
    case codes.ENETUNREACH:
    case codes.EADDRNOTAVAIL:
    case codes.ENOENT:
    case codes.EACCES:
    case codes.EPERM:
      return SocketError.UNREACHABLE;
    case codes.ETIMEDOUT:
      return SocketError.TIMED_OUT;
    case codes.EMFILE:
    case codes.ENFILE:
    case codes.ENOBUFS:
    case codes.ENOMEM:
    case codes.EAGAIN:
      return SocketError.RESOURCES;
    case codes.ECANCELED:
      return SocketError.CANCELED;
    default:
      return SocketError.OTHER;
  }
}
