//! The token server's thread: TLS and HTTP/1.1 around an answering function.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::answer::{Answer, Head};
use crate::pki::Identity;

/// The running thread; it is told to end, and waited for, on drop.
pub(super) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts answering on `listener`.
    pub(super) fn start(
        listener: TcpListener,
        identity: &Identity,
        answer: impl Fn(Head) -> Answer + Send + Sync + 'static,
    ) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(tls_config(identity)?));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, acceptor, Arc::new(answer)) => {}
                }
            });
        });
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender is the signal.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; a second one here would abort the tests.
            let _ = thread.join();
        }
    }
}

fn tls_config(identity: &Identity) -> Result<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(identity.cert_pem().as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("the certificate is not PEM")?;
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem().as_bytes())
        .context("the key is not PEM")?;
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate cannot be used")
}

async fn accept<F>(listener: TcpListener, acceptor: TlsAcceptor, answer: Arc<F>)
where
    F: Fn(Head) -> Answer + Send + Sync + 'static,
{
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    // Accepting fails for single connections (one that is reset at once); the next may be good.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&answer)));
        }
    }
}

/// Serves one connection. That a client breaks off is its own business: TLS tests do so.
async fn serve<F: Fn(Head) -> Answer>(stream: TcpStream, acceptor: TlsAcceptor, answer: Arc<F>) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(async |request| Ok::<_, Infallible>(respond(request, &*answer).await));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    answer: &impl Fn(Head) -> Answer,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    // An unread body would cost the connection; what it holds does not matter.
    let _ = body.collect().await;
    let header = parts.headers.get(AUTHORIZATION);
    let answer = answer(Head {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    });
    let mut response = Response::new(Full::from(answer.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
