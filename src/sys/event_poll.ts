// An eventfd that libuv watches: how the ring wakes Node's loop. The callback only calls `onWake`,
// which must do nothing but schedule (a throw in a native callback ends the process; microtasks do
// not run in it).

import { getCurrentEventLoop } from 'node:ffi';
import { check } from './errno.ts';
import { bindLibrary } from './ffi.ts';
import { mapAnonymous, unmap } from './memory.ts';

const { lib, functions: native } = bindLibrary({
  eventfd: { arguments: ['uint32', 'int32'], return: 'int32' },
  read: { arguments: ['int32', 'pointer', 'uint64'], return: 'int64' },
  write: { arguments: ['int32', 'pointer', 'uint64'], return: 'int64' },
  close: { arguments: ['int32'], return: 'int32' },
  uv_handle_size: { arguments: ['int32'], return: 'uint64' },
  uv_poll_init: { arguments: ['pointer', 'pointer', 'int32'], return: 'int32' },
  uv_poll_start: { arguments: ['pointer', 'int32', 'pointer'], return: 'int32' },
  uv_poll_stop: { arguments: ['pointer'], return: 'int32' },
  uv_close: { arguments: ['pointer', 'pointer'], return: 'void' },
  uv_ref: { arguments: ['pointer'], return: 'void' },
  uv_unref: { arguments: ['pointer'], return: 'void' },
});

const EFD_CLOEXEC = 0x80000;
const EFD_NONBLOCK = 0x800;
const UV_POLL = 8;
const UV_READABLE = 1;

export class EventPoll {
  readonly descriptor: number;
  readonly #memory = mapAnonymous(4096);
  readonly #handle: bigint;
  readonly #value: bigint;
  readonly #callback: bigint;
  #onClosed: (() => void) | null = null;

  constructor(onWake: () => void) {
    this.descriptor = check(native.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), 'eventfd');
    this.#handle = this.#memory.pointer;
    this.#value = this.#memory.pointer + 2048n;
    if (native.uv_handle_size(UV_POLL) > 2048n)
      throw new Error('uv_poll_t is larger than expected');
    this.#callback = lib.registerCallback(
      { arguments: ['pointer', 'int32', 'int32'], return: 'void' },
      () => onWake(),
    );
    check(
      native.uv_poll_init(getCurrentEventLoop(), this.#handle, this.descriptor),
      'uv_poll_init',
    );
    check(native.uv_poll_start(this.#handle, UV_READABLE, this.#callback), 'uv_poll_start');
  }

  /** Takes the signal; until then libuv calls again and again. */
  drain(): void {
    native.read(this.descriptor, this.#value, 8n);
  }

  /** Whether an idle loop is kept alive by this. */
  setReferenced(isReferenced: boolean): void {
    if (isReferenced) native.uv_ref(this.#handle);
    else native.uv_unref(this.#handle);
  }

  /** Stops watching; calls back when libuv has let go of the handle. */
  close(onClosed: () => void): void {
    this.#onClosed = onClosed;
    native.uv_poll_stop(this.#handle);
    const closed = lib.registerCallback({ arguments: ['pointer'], return: 'void' }, () => {
      setImmediate(() => {
        lib.unregisterCallback(closed);
        this.#release();
      });
    });
    native.uv_close(this.#handle, closed);
  }

  #release(): void {
    lib.unregisterCallback(this.#callback);
    native.close(this.descriptor);
    unmap(this.#memory);
    this.#onClosed?.();
  }
}
