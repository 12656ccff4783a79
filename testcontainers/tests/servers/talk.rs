//! Just enough of each family's protocol to write and read one value, without any client.

use std::io;
use std::time::{Duration, Instant};

use netkeep_testcontainers::Family;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long a server that serves may take for an answer.
const LIMIT: Duration = Duration::from_secs(20);

/// Writes the one value.
pub(crate) async fn write(family: Family, endpoint: &str, value: &str) {
    let end = Instant::now() + LIMIT;
    while let Err(error) = try_write(family, endpoint, value).await {
        assert!(Instant::now() < end, "{error}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Reads the one value; nothing if it was never written.
pub(crate) async fn read(family: Family, endpoint: &str) -> String {
    let end = Instant::now() + LIMIT;
    loop {
        match try_read(family, endpoint).await {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Tries once to write the one value.
pub(crate) async fn try_write(family: Family, endpoint: &str, value: &str) -> io::Result<()> {
    match family {
        Family::Etcd => {
            let body = format!(r#"{{"key":"a2V5","value":"{}"}}"#, hex(value.as_bytes()));
            http(endpoint, "POST", "/v3/kv/put", &body).await.map(|_| ())
        }
        Family::Consul => http(endpoint, "PUT", "/v1/kv/key", value).await.map(|_| ()),
        Family::ZooKeeper => zookeeper(endpoint, Some(value)).await.map(|_| ()),
    }
}

/// Tries once to read the one value.
pub(crate) async fn try_read(family: Family, endpoint: &str) -> io::Result<String> {
    match family {
        Family::Etcd => {
            let body = http(endpoint, "POST", "/v3/kv/range", r#"{"key":"a2V5"}"#).await?;
            let value = body.split(r#""value":""#).nth(1).and_then(|rest| rest.split('"').next());
            Ok(value.map(unhex).unwrap_or_default())
        }
        Family::Consul => match http(endpoint, "GET", "/v1/kv/key?raw&consistent", "").await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            other => other,
        },
        Family::ZooKeeper => zookeeper(endpoint, None).await,
    }
}

/// It takes connections and answers none.
pub(crate) async fn is_mute(family: Family, endpoint: &str) {
    let answer = timeout(Duration::from_millis(500), try_read(family, endpoint)).await;
    assert!(answer.is_err(), "{answer:?}");
}

/// Nobody listens there.
pub(crate) async fn is_closed(endpoint: &str) {
    let error = TcpStream::connect(endpoint).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
}

async fn http(endpoint: &str, method: &str, path: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(endpoint).await?;
    let length = body.len();
    let question = format!("{method} {path} HTTP/1.0\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    match (status, body) {
        ("200", Some(body)) => Ok(body),
        ("404", _) => Err(io::ErrorKind::NotFound.into()),
        _ => Err(io::Error::other(format!("not served: {answer}"))),
    }
}

/// A session of ZooKeeper's protocol that makes or changes `/key`, or reads it.
async fn zookeeper(endpoint: &str, value: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect(endpoint).await?;
    let mut hello = Vec::new();
    hello.extend(0_i32.to_be_bytes());
    hello.extend(0_i64.to_be_bytes());
    hello.extend(5_000_i32.to_be_bytes());
    hello.extend(0_i64.to_be_bytes());
    hello.extend(text(&[0; 16]));
    send(&mut stream, &hello).await?;
    receive(&mut stream).await?;
    let Some(value) = value else {
        // A sync first: a follower may lag behind.
        call(&mut stream, 9, &text(b"/key")).await?;
        return match call(&mut stream, 4, &[&text(b"/key")[..], &[0]].concat()).await? {
            (0, data) => {
                let length = i32::from_be_bytes(data[..4].try_into().unwrap()) as usize;
                Ok(String::from_utf8_lossy(&data[4..4 + length]).into_owned())
            }
            (-101, _) => Ok(String::new()),
            (code, _) => Err(io::Error::other(format!("code {code}"))),
        };
    };
    let data = text(value.as_bytes());
    let version = (-1_i32).to_be_bytes();
    match call(&mut stream, 5, &[&text(b"/key")[..], &data, &version].concat()).await? {
        (0, _) => return Ok(String::new()),
        (-101, _) => {}
        (code, _) => return Err(io::Error::other(format!("code {code}"))),
    }
    let mut create = [text(b"/key"), data].concat();
    create.extend(1_i32.to_be_bytes());
    create.extend(31_i32.to_be_bytes());
    create.extend([text(b"world"), text(b"anyone")].concat());
    create.extend(0_i32.to_be_bytes());
    match call(&mut stream, 1, &create).await? {
        (0, _) => Ok(String::new()),
        (code, _) => Err(io::Error::other(format!("code {code}"))),
    }
}

async fn call(stream: &mut TcpStream, operation: i32, body: &[u8]) -> io::Result<(i32, Vec<u8>)> {
    let message = [&1_i32.to_be_bytes()[..], &operation.to_be_bytes(), body].concat();
    send(stream, &message).await?;
    let answer = receive(stream).await?;
    if answer.len() < 16 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((i32::from_be_bytes(answer[12..16].try_into().unwrap()), answer[16..].to_vec()))
}

async fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(&text(message)).await
}

async fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_i32().await?;
    let mut message = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

fn text(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as i32).to_be_bytes()[..], bytes].concat()
}

/// Hexadecimal digits are base64 too, if their number is divisible by four; etcd wants base64 and keeps bytes.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| format!("00{byte:02x}").into_bytes()).map(char::from).collect()
}

fn unhex(text: &str) -> String {
    let bytes = text.as_bytes().chunks(4).filter_map(|chunk| {
        let digits = std::str::from_utf8(chunk.get(2..)?).ok()?;
        u8::from_str_radix(digits, 16).ok()
    });
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}
