// A doubly linked list of clients: any of them leaves it without a search. The first is the one
// that was added last. A client is in one list at a time.

import { assert } from '../base/assert.ts';
import type { Http1Client } from './http1_client.ts';

export class ClientList {
  first: Http1Client | null = null;
  last: Http1Client | null = null;
  count = 0;

  addFirst(client: Http1Client): void {
    assert(client.next === null && client.previous === null, 'a client is in one list');
    client.next = this.first;
    if (this.first === null) this.last = client;
    else this.first.previous = client;
    this.first = client;
    this.count++;
  }

  remove(client: Http1Client): void {
    assert(this.count > 0, 'a client is removed from the list that it is in');
    if (client.previous === null) this.first = client.next;
    else client.previous.next = client.next;
    if (client.next === null) this.last = client.previous;
    else client.next.previous = client.previous;
    client.next = null;
    client.previous = null;
    this.count--;
  }
}
