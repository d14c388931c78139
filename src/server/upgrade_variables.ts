// Variables of the environment by which one version of ZProxy speaks to the next.

/** Number of the descriptor with what an earlier program in this process left (hand_over.ts). */
export const HAND_OVER_VARIABLE = 'ZPROXY_HAND_OVER';
/** A TrialKind where this process was started to be tried only (upgrade_trial.ts). */
export const TRIAL_VARIABLE = 'ZPROXY_UPGRADE_TRIAL';
