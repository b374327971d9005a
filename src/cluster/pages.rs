//! Lists, page by page, with an end: a server that never ends one takes neither all memory nor all time.

use std::sync::atomic::Ordering;

use kube::{Api, api::ListParams};
use serde::de::DeserializeOwned;

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
};

/// The HTTP status for a list that cannot be continued.
const GONE: u16 = 410;

/// Pages of one list, those read in vain included.
const MOST_PAGES: u32 = 10_000;

/// Bytes of one list: 5,000 nodes, the most that Kubernetes supports, have about half of it.
const MOST_BYTES: u64 = 256 << 20;

/// How much longer than one answer a whole list may take.
const LIST_LIMIT_FACTOR: u32 = 4;

impl Cluster {
    /// Lists the objects that `page` selects, and keeps of each what `keep` makes of it.
    ///
    /// # Errors
    /// [`ClusterError`] when the API does not answer, refuses, or does not come to an end.
    pub(super) async fn list<K, T>(
        &self,
        call: &ApiCall<'_>,
        api: &Api<K>,
        page: ListParams,
        keep: impl Fn(K) -> T,
    ) -> Result<Vec<T>, ClusterError>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let limit = self.limit() * LIST_LIMIT_FACTOR;
        let pages = self.list_pages(call, api, page, keep);
        match tokio::time::timeout(limit, pages).await {
            Ok(list) => list,
            Err(_) => Err(self.timed_out(call, limit)),
        }
    }

    async fn list_pages<K, T>(
        &self,
        call: &ApiCall<'_>,
        api: &Api<K>,
        mut page: ListParams,
        keep: impl Fn(K) -> T,
    ) -> Result<Vec<T>, ClusterError>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let begin = self.received().load(Ordering::Relaxed);
        let mut kept = Vec::new();
        for _ in 0..MOST_PAGES {
            if self.received().load(Ordering::Relaxed) - begin > MOST_BYTES {
                break;
            }
            match self.ask(call, api.list(&page)).await {
                Ok(answer) => {
                    kept.extend(answer.items.into_iter().map(&keep));
                    match answer.metadata.continue_.filter(|token| !token.is_empty()) {
                        Some(token) => page.continue_token = Some(token),
                        None => return Ok(kept),
                    }
                }
                // A server forgets after some minutes where a list was interrupted. Then it is asked for
                // everything at once.
                Err(ClusterError::Refused { status: GONE, .. })
                    if page.continue_token.is_some() =>
                {
                    kept.clear();
                    page.continue_token = None;
                    page.limit = None;
                }
                Err(error) => return Err(error),
            }
        }
        Err(ClusterError::NotAnApi {
            endpoint: self.endpoint().clone(),
            problem: format!("the answer to {call} does not come to an end"),
        })
    }
}
