//! Writing with the version that was read: when somebody else was faster, the object is read and planned
//! again.

use std::time::Duration;

use super::error::ClusterError;

/// How often a write is tried when somebody else is always faster.
pub(super) const TRIES: u32 = 6;

const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The way of one object to what is wanted of it.
pub(super) trait ObjectPlan: Clone {
    /// Returns whether the object is as wanted.
    fn is_settled(&self) -> bool;
}

/// A write, with what is known of those before it.
pub(super) struct Attempt<P> {
    pub(super) plan: P,
    /// A write whose outcome is unknown because the answer was lost.
    doubtful: Option<P>,
    /// Whether the object was deleted to be replaced.
    pub(super) deleted: bool,
}

impl<P: ObjectPlan> Attempt<P> {
    pub(super) fn new(plan: P) -> Self {
        Self {
            plan,
            doubtful: None,
            deleted: false,
        }
    }

    /// Returns whether a write with an unknown outcome fulfills `condition`.
    pub(super) fn may_have_done(&self, condition: impl Fn(&P) -> bool) -> bool {
        self.doubtful.as_ref().is_some_and(condition)
    }

    /// Returns what was done in the end. If the object matches after a lost answer, that write succeeded:
    /// it is reported as a change.
    pub(super) fn outcome(self) -> P {
        match self.doubtful {
            Some(sent) if self.plan.is_settled() => sent,
            _ => self.plan,
        }
    }
}

/// Sends the plan of `attempt` until the object is as wanted, and has `replan` read and plan it anew when
/// it has changed meanwhile or the server was busy.
///
/// # Errors
/// [`ClusterError`] that another try would not mend, or the last one.
pub(super) async fn retry_write<P: ObjectPlan>(
    attempt: &mut Attempt<P>,
    send: impl AsyncFn(&mut Attempt<P>) -> Result<(), ClusterError>,
    replan: impl AsyncFn(&mut Attempt<P>) -> Result<(), ClusterError>,
) -> Result<(), ClusterError> {
    let mut tries = 0;
    while !attempt.plan.is_settled() {
        tries += 1;
        match send(attempt).await {
            Ok(()) => break,
            Err(error) if error.is_passing() && tries < TRIES => {
                // The next plan may find the object as wanted. Then it was this write that changed it.
                if error.leaves_doubt() {
                    attempt.doubtful = Some(attempt.plan.clone());
                }
            }
            Err(error) => return Err(error),
        }
        // Longer each time: a busy server is not helped by more requests.
        tokio::time::sleep(FIRST_PAUSE * 2_u32.saturating_pow(tries - 1)).await;
        replan(attempt).await?;
    }
    Ok(())
}
