//! Waits until `MachineConfigPools` have brought the latest configuration to their nodes.
//!
//! A pool that cannot get there ends the wait: one that is paused at once, one that is degraded when it
//! still is at the next look. An API server that cannot be reached is waited for, as the pools restart it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use thiserror::Error;

use super::await_nodes::Clock;
use crate::{
    cluster::{ClusterError, machine_config_pool::PoolState},
    support::errors::join_first,
};

/// How long a change may take to reach a pool. The operator renders a new configuration within seconds;
/// a pool that wants no other by then is not concerned.
const GRACE: Duration = Duration::from_mins(1);

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolsRequest {
    /// The pools by name; empty: all.
    pub pools: Vec<String>,
    /// How long to wait.
    pub timeout: Duration,
    /// What has just happened.
    pub since: Since,
}

/// What has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing: pools that are updated are taken at their word.
    Nothing,
    /// The global pull secret was changed: pools that are updated may not know it yet.
    Change,
}

/// How the wait ended.
#[derive(Debug)]
pub struct PoolsReport {
    /// The pools as they were last seen.
    pub pools: Vec<PoolState>,
    /// How long was waited.
    pub waited: Duration,
    /// Why the wait did not end well.
    pub error: Option<PoolsError>,
}

/// Why a wait did not end well.
#[derive(Debug, Error)]
pub enum PoolsError {
    /// The API does not answer or refuses.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Pools that were named do not exist.
    #[error(
        "no such pool: {}; the cluster has: {}",
        join_first(missing, ", "),
        join_first(known, ", ")
    )]
    Missing {
        /// The names.
        missing: Vec<String>,
        /// The pools there are.
        known: Vec<String>,
    },
    /// A pool waits for an administrator.
    #[error(
        "pool {pool} is paused, so its nodes do not get the new configuration: resume it (oc patch \
         machineconfigpool {pool} --type merge -p '{{\"spec\":{{\"paused\":false}}}}'), or name the other \
         pools only"
    )]
    Paused {
        /// The pool.
        pool: String,
    },
    /// A pool cannot go on.
    #[error("pool {pool} is degraded and does not go on; it says: {reason}")]
    Degraded {
        /// The pool.
        pool: String,
        /// Its words.
        reason: String,
    },
    /// The time is over.
    #[error("not updated after {} s: {}", waited.as_secs(), join_first(pools, "; "))]
    NotUpdated {
        /// How long was waited.
        waited: Duration,
        /// Each pool with what it lacks.
        pools: Vec<String>,
    },
}

impl PoolsError {
    /// Returns a stable word for the kind of error.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Cluster(error) => error.reason(),
            Self::Missing { .. } => "pool_missing",
            Self::Paused { .. } => "pool_paused",
            Self::Degraded { .. } => "pool_degraded",
            Self::NotUpdated { .. } => "pool_not_updated",
        }
    }
}

/// Asks `pools` again and again until all that are wanted are updated at the same time.
pub fn await_pools(
    request: &PoolsRequest,
    mut pools: impl FnMut() -> Result<Vec<PoolState>, ClusterError>,
    clock: &mut impl Clock,
) -> PoolsReport {
    let mut watch = Watch::default();
    loop {
        let outage = match pools() {
            Ok(states) => match watch.look(request, states) {
                Ok(()) => None,
                Err(error) => return watch.report(clock, Some(error)),
            },
            // On a master the operator restarts the API server as well.
            Err(error) if error.is_outage() => Some(error),
            Err(error) => return watch.report(clock, Some(error.into())),
        };
        if outage.is_none() && watch.is_done(request, clock.waited()) {
            return watch.report(clock, None);
        }
        if clock.waited() >= request.timeout {
            // What keeps the pools from being seen explains more than what was seen last.
            let error = outage.map_or_else(|| watch.not_updated(clock.waited()), PoolsError::from);
            return watch.report(clock, Some(error));
        }
        clock.pause();
    }
}

/// What was seen so far.
#[derive(Default)]
struct Watch {
    pools: Vec<PoolState>,
    /// The configuration that each pool wanted at the first look.
    first: HashMap<String, String>,
    /// The pools that were seen on their way, or with another configuration than at first.
    began: HashSet<String>,
}

impl Watch {
    fn look(&mut self, request: &PoolsRequest, states: Vec<PoolState>) -> Result<(), PoolsError> {
        let states = request.select(states)?;
        for state in &states {
            let first = self.first.entry(state.name.clone());
            let first = first.or_insert_with(|| state.configuration.clone());
            if !state.updated || *first != state.configuration {
                self.began.insert(state.name.clone());
            }
        }
        let before = std::mem::replace(&mut self.pools, states);
        self.reject_paused(request)?;
        self.reject_degraded(&before)
    }

    fn reject_paused(&self, request: &PoolsRequest) -> Result<(), PoolsError> {
        // Right after a change, a paused pool that is up to date has only not seen the change yet.
        let is_stuck =
            |pool: &&PoolState| pool.paused && (!pool.updated || request.since == Since::Change);
        match self.pools.iter().find(is_stuck) {
            None => Ok(()),
            Some(pool) => Err(PoolsError::Paused {
                pool: pool.name.clone(),
            }),
        }
    }

    /// A pool may be degraded for a moment while its nodes restart.
    fn reject_degraded(&self, before: &[PoolState]) -> Result<(), PoolsError> {
        let was_degraded = |name: &str| {
            let mut before = before.iter();
            before.any(|pool| pool.name == name && pool.degraded.is_some())
        };
        for pool in &self.pools {
            if let Some(reason) = &pool.degraded
                && was_degraded(&pool.name)
            {
                return Err(PoolsError::Degraded {
                    pool: pool.name.clone(),
                    reason: reason.clone(),
                });
            }
        }
        Ok(())
    }

    fn is_done(&self, request: &PoolsRequest, waited: Duration) -> bool {
        // The secret is in the configuration of every pool, and the operator renders one after the other: a
        // small pool may be done before another has begun.
        let is_known = |pool: &PoolState| {
            request.since == Since::Nothing || self.began.contains(&pool.name) || waited >= GRACE
        };
        self.pools.iter().all(|pool| pool.updated && is_known(pool))
    }

    fn not_updated(&self, waited: Duration) -> PoolsError {
        if let Some(pool) = self.pools.iter().find(|pool| pool.degraded.is_some()) {
            return PoolsError::Degraded {
                pool: pool.name.clone(),
                reason: pool.degraded.clone().unwrap_or_default(),
            };
        }
        let late = self.pools.iter().filter(|pool| !pool.updated);
        let mut pools: Vec<_> = late
            .map(|pool| format!("{} ({})", pool.name, pool.reason))
            .collect();
        if pools.is_empty() {
            pools.push("no pool has begun to update since the change".to_owned());
        }
        PoolsError::NotUpdated { waited, pools }
    }

    fn report(self, clock: &impl Clock, error: Option<PoolsError>) -> PoolsReport {
        PoolsReport {
            pools: self.pools,
            waited: clock.waited(),
            error,
        }
    }
}

impl PoolsRequest {
    fn select(&self, states: Vec<PoolState>) -> Result<Vec<PoolState>, PoolsError> {
        if self.pools.is_empty() {
            return Ok(states);
        }
        let is_missing = |name: &&String| !states.iter().any(|state| state.name == **name);
        let missing: Vec<_> = self.pools.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            let known = states.into_iter().map(|state| state.name).collect();
            return Err(PoolsError::Missing { missing, known });
        }
        let is_wanted = |state: &PoolState| self.pools.contains(&state.name);
        Ok(states.into_iter().filter(is_wanted).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds pass with every pause.
    struct Tens(u64);

    impl Clock for Tens {
        fn waited(&self) -> Duration {
            Duration::from_secs(self.0)
        }

        fn pause(&mut self) {
            self.0 += 10;
        }
    }

    fn pool(name: &str, configuration: &str, updated: bool) -> PoolState {
        PoolState {
            name: name.to_owned(),
            updated,
            paused: false,
            degraded: None,
            reason: "1 of 2 machines are updated".to_owned(),
            configuration: configuration.to_owned(),
        }
    }

    fn degraded() -> PoolState {
        PoolState {
            degraded: Some("content mismatch".to_owned()),
            ..pool("worker", "new", false)
        }
    }

    fn wait(since: Since, looks: Vec<Vec<PoolState>>) -> PoolsReport {
        let request = PoolsRequest {
            pools: Vec::new(),
            timeout: Duration::from_mins(2),
            since,
        };
        let last = looks.last().cloned();
        let mut looks = looks.into_iter();
        let next = || Ok(looks.next().or_else(|| last.clone()).unwrap());
        await_pools(&request, next, &mut Tens(0))
    }

    #[test]
    fn a_rollout_is_waited_for() {
        let report = wait(
            Since::Change,
            vec![
                vec![pool("worker", "old", true)],
                vec![pool("worker", "new", false)],
                vec![pool("worker", "new", true)],
            ],
        );
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(report.waited.as_secs(), 20);
        let report = wait(Since::Nothing, vec![vec![pool("worker", "old", true)]]);
        assert_eq!(report.waited.as_secs(), 0);
    }

    #[test]
    fn a_pool_that_begins_after_another_is_done_is_waited_for() {
        let look = |master: &str, worker: &str, updated| {
            vec![
                pool("master", master, true),
                pool("worker", worker, updated),
            ]
        };
        let report = wait(
            Since::Change,
            vec![
                look("old", "old", true),
                look("new", "old", true),
                look("new", "new", false),
                look("new", "new", true),
            ],
        );
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(report.waited.as_secs(), 30);
    }

    #[test]
    fn a_change_that_concerns_no_pool_is_not_waited_for_without_end() {
        let report = wait(Since::Change, vec![vec![pool("worker", "old", true)]]);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(report.waited, GRACE);
    }

    #[test]
    fn what_cannot_get_there_ends_the_wait() {
        let paused = |updated| PoolState {
            paused: true,
            ..pool("infra", "new", updated)
        };
        let error = |since, looks| wait(since, looks).error.map(|error| error.reason());
        assert_eq!(
            error(Since::Nothing, vec![vec![paused(false)]]),
            Some("pool_paused")
        );
        assert_eq!(
            error(Since::Change, vec![vec![paused(true)]]),
            Some("pool_paused")
        );
        assert_eq!(error(Since::Nothing, vec![vec![paused(true)]]), None);
        let done = vec![pool("worker", "new", true)];
        assert_eq!(error(Since::Nothing, vec![vec![degraded()], done]), None);
        let report = wait(Since::Nothing, vec![vec![degraded()]]);
        assert_eq!(report.waited.as_secs(), 10);
        assert_eq!(
            report.error.unwrap().to_string(),
            "pool worker is degraded and does not go on; it says: content mismatch"
        );
        let late = vec![vec![pool("worker", "new", false)]];
        assert_eq!(error(Since::Nothing, late), Some("pool_not_updated"));
    }

    #[test]
    fn pools_that_do_not_exist_are_named() {
        let request = PoolsRequest {
            pools: vec!["infra".to_owned()],
            timeout: Duration::ZERO,
            since: Since::Nothing,
        };
        let next = || Ok(vec![pool("worker", "a", true)]);
        let report = await_pools(&request, next, &mut Tens(0));
        assert_eq!(
            report.error.unwrap().to_string(),
            "no such pool: infra; the cluster has: worker"
        );
    }
}
