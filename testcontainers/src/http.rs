//! The little of HTTP that it takes to ask a server how it is.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(1);

/// The most that an answer may be long; etcd's figures are some 100 KB.
const SIZE: u64 = 4 << 20;

/// Sends `question` to a port on 127.0.0.1 and reads until the server closes.
pub(crate) async fn ask(port: u16, question: &str) -> io::Result<String> {
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(question.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(SIZE).read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    timeout(LIMIT, talk).await.map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", LIMIT.as_secs()))
    })?
}

/// Status and body of a GET.
pub(crate) async fn get(port: u16, path: &str) -> io::Result<(u16, String)> {
    // HTTP/1.0: the server closes after its answer and does not send it in chunks.
    let answer = ask(port, &format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")).await?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    match (status, answer.split_once("\r\n\r\n")) {
        (Some(status), Some((_, body))) => Ok((status, body.to_owned())),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP")),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 1024];
            assert!(stream.read(&mut question).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn reads_status_and_body() {
        let port = server("HTTP/1.0 503 Service Unavailable\r\nContent-Type: a\r\n\r\nno leader").await;
        assert_eq!(get(port, "/").await.unwrap(), (503, "no leader".to_owned()));
    }

    #[tokio::test]
    async fn an_answer_of_another_kind_is_an_error() {
        let port = server("SSH-2.0").await;
        assert!(get(port, "/").await.is_err());
    }
}
