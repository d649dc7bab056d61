//! Whether anybody still listens where a server was, for servers whose process is not known.

use reqwest::Url;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);

/// How long a connection may take before nothing is made of it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Resolves once connections to where the URL leads are refused.
pub(super) async fn gone(url: &str) {
    while !refuses(url).await {
        tokio::time::sleep(EVERY).await;
    }
}

async fn refuses(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return false;
    };
    let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
    match tokio::time::timeout(PATIENCE, connect).await {
        Ok(Err(error)) => error.kind() == ErrorKind::ConnectionRefused,
        Ok(Ok(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_nobody_listens_on_any_more_refuses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert!(!refuses(&url).await);
        drop(listener);
        gone(&url).await;
    }
}
