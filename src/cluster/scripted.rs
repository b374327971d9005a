//! For unit tests: an API server that gives prepared answers, and remembers what it was asked.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use http::{Request, Response, Uri};
use kube::client::Body;
use serde_json::{Value, json};

use super::Cluster;

/// Status and body of an answer.
pub(super) type Answer = (u16, Value);

/// The server, and a handle on it.
pub(super) struct Scripted {
    pub(super) cluster: Cluster,
    requests: Arc<Mutex<Vec<(String, Uri)>>>,
}

impl Scripted {
    /// Makes a server that gives these answers in this order. A further request is a failure of the test.
    pub(super) fn new(answers: Vec<Answer>) -> Self {
        let answers = answers.into_iter();
        Self::with_bodies(answers.map(|(status, body)| (status, body.to_string().into_bytes())))
    }

    /// As [`Scripted::new`], with answers that need not be JSON.
    pub(super) fn with_bodies(answers: impl IntoIterator<Item = (u16, Vec<u8>)>) -> Self {
        let answers: Mutex<VecDeque<_>> = Mutex::new(answers.into_iter().collect());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let service = tower::service_fn(move |request: Request<Body>| {
            let asked = (request.method().to_string(), request.uri().clone());
            log.lock().unwrap().push(asked);
            let (status, body) = answers.lock().unwrap().pop_front().unwrap();
            let answer = Response::builder().status(status).body(Body::from(body));
            async { Ok::<_, Infallible>(answer.unwrap()) }
        });
        Self {
            cluster: Cluster::scripted(service),
            requests,
        }
    }

    /// Returns the method and the last name in the path of each request.
    pub(super) fn calls(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let call = |(method, uri): &(String, Uri)| {
            let name = uri.path().rsplit('/').next().unwrap_or_default();
            format!("{method} {name}")
        };
        requests.iter().map(call).collect()
    }

    /// Returns the query of each request.
    pub(super) fn queries(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let query = |(_, uri): &(String, Uri)| uri.query().unwrap_or_default().to_owned();
        requests.iter().map(query).collect()
    }
}

/// Makes the answer of a server that refuses.
pub(super) fn status(code: u16, reason: &str) -> Answer {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "m", "reason": reason, "code": code});
    (code, body)
}
