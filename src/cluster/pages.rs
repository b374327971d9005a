//! Lists, page by page, with an end: a server that never ends one takes neither all memory nor all time.

use std::{fmt, marker::PhantomData, sync::atomic::Ordering};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use kube::{Api, Resource, api::ListParams, core::Request};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};

use super::{
    api::{ApiCall, Cluster},
    error::ClusterError,
};

/// The HTTP status for a list that cannot be continued.
const GONE: u16 = 410;

/// Pages of one list, those read in vain included. A user may ask for one object a page.
const MOST_PAGES: u32 = 10_000;

/// Bytes of one list: 5,000 nodes, the most that Kubernetes supports, have about half of it.
const MOST_BYTES: u64 = 256 << 20;

/// Objects of one answer. An object takes far more memory than the text of a small one.
const MOST_OBJECTS: usize = 20_000;

/// Objects of all pages of one list, ten times the nodes that Kubernetes supports.
const MOST_OBJECTS_OF_ALL_PAGES: usize = 50_000;

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
        K: Clone + DeserializeOwned + fmt::Debug + Resource,
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
        K: Clone + DeserializeOwned + fmt::Debug + Resource,
    {
        let begin = self.received().load(Ordering::Relaxed);
        let mut kept = Vec::new();
        for _ in 0..MOST_PAGES {
            let bytes = self.received().load(Ordering::Relaxed) - begin;
            if bytes > MOST_BYTES || kept.len() > MOST_OBJECTS_OF_ALL_PAGES {
                break;
            }
            match self.ask(call, self.page(api, &page)).await {
                Ok(answer) if answer.items.has_more => {
                    return Err(self.not_an_api(format!(
                        "the answer to {call} has more than {MOST_OBJECTS} objects"
                    )));
                }
                Ok(answer) => {
                    kept.extend(answer.items.objects.into_iter().map(&keep));
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
        Err(self.not_an_api(format!(
            "the answer to {call} does not come to an end: it has more than {MOST_PAGES} pages, \
             {MOST_OBJECTS_OF_ALL_PAGES} objects or {} MiB",
            MOST_BYTES >> 20
        )))
    }

    async fn page<K>(&self, api: &Api<K>, page: &ListParams) -> Result<Page<K>, kube::Error>
    where
        K: Clone + DeserializeOwned + fmt::Debug + Resource,
    {
        let request = Request::new(api.resource_url()).list(page);
        let request = request.map_err(kube::Error::BuildRequest)?;
        self.client().request(request).await
    }

    fn not_an_api(&self, problem: String) -> ClusterError {
        ClusterError::NotAnApi {
            endpoint: self.endpoint().clone(),
            problem,
        }
    }
}

/// One answer to a list.
#[derive(Deserialize)]
#[serde(bound = "K: Deserialize<'de>")]
struct Page<K> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default)]
    items: Objects<K>,
}

/// The first [`MOST_OBJECTS`] of a list.
struct Objects<K> {
    objects: Vec<K>,
    has_more: bool,
}

impl<K> Default for Objects<K> {
    fn default() -> Self {
        Self {
            objects: Vec::new(),
            has_more: false,
        }
    }
}

impl<'de, K: Deserialize<'de>> Deserialize<'de> for Objects<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectsVisitor(PhantomData))
    }
}

struct ObjectsVisitor<K>(PhantomData<K>);

impl<'de, K: Deserialize<'de>> Visitor<'de> for ObjectsVisitor<K> {
    type Value = Objects<K>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of objects")
    }

    /// An empty list of Go.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Objects::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = Objects::default();
        while found.objects.len() < MOST_OBJECTS {
            match list.next_element()? {
                Some(object) => found.objects.push(object),
                None => return Ok(found),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            found.has_more = true;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Node;

    use super::*;

    fn page(items: &str) -> Page<Node> {
        let text = format!("{{\"metadata\":{{\"continue\":\"t\"}}{items}}}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_empty_list_may_be_spelled_in_three_ways() {
        for items in ["", ",\"items\":null", ",\"items\":[]"] {
            let page = page(items);
            assert!(page.items.objects.is_empty() && !page.items.has_more);
            assert_eq!(page.metadata.continue_.as_deref(), Some("t"));
        }
    }

    #[test]
    fn of_a_list_without_end_the_beginning_is_kept() {
        for (count, has_more) in [(MOST_OBJECTS, false), (MOST_OBJECTS + 1, true)] {
            let page = page(&format!(",\"items\":[{}]", vec!["{}"; count].join(",")));
            assert_eq!(page.items.objects.len(), MOST_OBJECTS);
            assert_eq!(page.items.has_more, has_more);
        }
    }
}
