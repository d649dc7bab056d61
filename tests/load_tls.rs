//! HTTPS with a CA file of one's own.

mod load_support;

use load_support::*;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use scn::clock::Clock;
use scn::load::client::Client;
use scn::load::record::{FailureClass, Outcome, Record};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Answers every connection with one good stream; gives its URL and its certificate.
fn serve_tls() -> (String, String) {
    let signed = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = Stream::new(&mut tls, &mut socket);
            // A client that does not trust the certificate ends the handshake here.
            let mut bytes = [0; 4096];
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                match stream.read(&mut bytes) {
                    Ok(n) if n > 0 => request.extend_from_slice(&bytes[..n]),
                    _ => break,
                }
            }
            let _ = stream.write_all(&good());
        }
    });
    (url, signed.cert.pem())
}

#[tokio::test]
async fn a_ca_file_is_trusted_and_nothing_else_is() {
    let (url, pem) = serve_tls();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).unwrap();
    let clock = Clock::start();
    let timeout = Duration::from_secs(20);

    let mut target = target(&url);
    target.ca_file = Some(path);
    let client = Client::new(&target).unwrap();
    let record = client
        .send(&request(), Record::default(), clock, timeout)
        .await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "ab");

    // Another authority, though it has the same name.
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    std::fs::write(target.ca_file.as_ref().unwrap(), other.cert.pem()).unwrap();
    let client = Client::new(&target).unwrap();
    let record = client
        .send(&request(), Record::default(), clock, timeout)
        .await;
    let (class, detail) = failure(&record);
    assert_eq!(class, FailureClass::Connect);
    assert!(detail.contains("certificate"), "{detail}");
    assert_eq!(record.sent, None, "no header went to a stranger");
}
