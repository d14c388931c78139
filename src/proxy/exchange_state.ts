// The states of an exchange. Only exchange.ts sets them.
//
//         onRequest
//             |
//          ADMITTING --refused, or answered by the proxy itself------------------------+
//             |   ^ \--> HOOKING (request) --answered or failed------------------------+
//             |   +-------------/ middleware is done                                   |
//             | acquire        \--no connection to be had---- error answer ------------+
//             |  \                                                                     |
//             |   +--> WAITING --onStreamUnavailable--------- error answer ------------+
//             |          | onStreamReady      ^                                        |
//             v          v                    | retry, once, on a fresh connection     |
//          REQUESTING (head sent, request body on its way; 1xx are relayed)            |
//             |    |    \--onUpstreamError--------------------error answer ------------+
//             |    | final head: middleware sees it first, and may be waited for in    |
//             |    | HOLDING, with a copy of the head                                  |
//             |    | final head, no body                                               |
//             |    +-------------------------------------------------------------------+
//             | final head         | 101                                               v
//             v                    v                                               FINISHING
//         RESPONDING            TUNNEL (raw bytes both ways)                           |
//          |      \ response body read and handed over whole                           |
//          |       +-------------------------------------------------------------------+
//          | onUpstreamError: broken off      |                                        |
//          v                                  v onResponseSent                         v
//         FREE <-------- onRequestAborted (from any state) ------------------------ onResponseSent

export const ExchangeState = {
  FREE: 0,
  ADMITTING: 1,
  /** Middleware of the request is waited for. */
  HOOKING: 2,
  WAITING: 3,
  REQUESTING: 4,
  /** Middleware of the response is waited for. */
  HOLDING: 5,
  RESPONDING: 6,
  FINISHING: 7,
  TUNNEL: 8,
} as const;
export type ExchangeState = (typeof ExchangeState)[keyof typeof ExchangeState];
