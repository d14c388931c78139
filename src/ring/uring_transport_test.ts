import { describeTransport } from './transport_suite/describe_transport.ts';
import { realSubject } from './transport_suite/open_real.ts';

describeTransport(await realSubject('uring'));
