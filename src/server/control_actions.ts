// What the control socket may ask of the supervisor, and how the supervisor answers: the seam
// between the two. Everything but `begin` is plain data, so that it can be sent as JSON.

import type { ConfigIssue } from '../config/config_issue.ts';
import type { StatusReport } from './status_report.ts';

/** How a reload ended. A refused one has changed nothing anywhere. */
export type ReloadOutcome =
  | {
      readonly kind: 'applied';
      /** Hash of the configuration that serves now. */
      readonly configHash: string;
      /** A sentence per thing that differs, as `describeChanges` words them. */
      readonly changes: readonly string[];
      /** User code changed: workers are being replaced, one by one. */
      readonly areWorkersReplaced: boolean;
    }
  | { readonly kind: 'unchanged'; readonly configHash: string }
  | {
      readonly kind: 'refused';
      /** One sentence: what was refused, by whom, what is to be done. */
      readonly reason: string;
      /** What is wrong with the configuration, if that is the reason. */
      readonly errors: readonly ConfigIssue[];
    };

/** Whether an upgrade may begin. */
export type UpgradeOutcome =
  | {
      readonly kind: 'accepted';
      /** Becomes the new version; called once the answer has been sent. */
      readonly begin: () => void;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** What may be asked of the supervisor. */
export interface ControlActions {
  status(): StatusReport;
  /** The metrics in Prometheus' text format. */
  metrics(): string;
  drain(): void;
  reopenLogs(): void;
  /** `cause` is for the log. Waits its turn where another reload is on its way; never rejects. */
  reload(cause: string): Promise<ReloadOutcome>;
  /**
   * `launcher` is the path of the `bin/zproxy.js` to become, '' for the one that was started.
   * Never rejects.
   */
  upgrade(launcher: string): Promise<UpgradeOutcome>;
}
