//! How many requests there are in what a client sends.

use crate::Family;

/// What an HTTP/2 connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The length of the head of an HTTP/2 frame.
const FRAME: usize = 9;
/// The type of a frame that carries a message of gRPC.
const DATA: u8 = 0;

/// What a packet of ZooKeeper is numbered that only says that the client is there.
const PING: i32 = -2;

/// Counts the requests in one stream of bytes, by the protocol of the family: messages of gRPC, requests of HTTP/1,
/// packets of ZooKeeper but for pings. A message that comes in several frames counts for each.
#[derive(Debug)]
pub(crate) struct Requests {
    family: Family,
    /// What was read of a head that has not ended yet.
    head: Vec<u8>,
    /// How much of a body is still to come.
    body: usize,
    begun: bool,
}

impl Requests {
    pub(crate) fn of(family: Family) -> Self {
        Self { family, head: Vec::new(), body: 0, begun: false }
    }

    /// How many requests begin in the bytes that come next.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> usize {
        let mut counted = 0;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.body > 0 {
                let skipped = self.body.min(bytes.len());
                self.body -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head.push(first);
            bytes = rest;
            if let Some((request, body)) = self.ended() {
                counted += usize::from(request);
                self.body = body;
                self.head.clear();
            }
        }
        counted
    }

    /// If the head has ended: whether it is that of a request, and how long its body is.
    fn ended(&mut self) -> Option<(bool, usize)> {
        let head = &self.head;
        match self.family {
            Family::ZooKeeper => {
                // The length of the packet without itself, and its number or, of the first one, a version.
                let &[a, b, c, d, e, f, g, h] = head.as_slice() else { return None };
                let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
                Some((i32::from_be_bytes([e, f, g, h]) != PING, length.saturating_sub(4)))
            }
            Family::Etcd if !self.begun => {
                self.begun = head.len() == PREFACE.len();
                self.begun.then_some((false, 0))
            }
            Family::Etcd => {
                let &[high, middle, low, kind, ..] = head.as_slice() else { return None };
                let length = u32::from_be_bytes([0, high, middle, low]).try_into().unwrap_or(usize::MAX);
                (head.len() == FRAME).then_some((kind == DATA && length > 0, length))
            }
            Family::Consul => {
                let text = std::str::from_utf8(head.strip_suffix(b"\r\n\r\n")?).unwrap_or_default();
                let fields = text.lines().skip(1).filter_map(|line| line.split_once(':'));
                let length = fields
                    .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .find_map(|(_, value)| value.trim().parse().ok());
                Some((true, length.unwrap_or(0)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless so many requests are found, whole or byte by byte.
    fn has(family: Family, bytes: &[u8], count: usize) {
        assert_eq!(Requests::of(family).read(bytes), count, "{family}, at once");
        let mut slowly = Requests::of(family);
        let counted: usize = bytes.chunks(1).map(|byte| slowly.read(byte)).sum();
        assert_eq!(counted, count, "{family}, byte by byte");
    }

    #[test]
    fn requests_of_http_with_and_without_bodies_are_counted() {
        let put = b"PUT /v1/txn HTTP/1.1\r\nhost: a\r\nContent-Length: 9\r\n\r\nGET /\r\n\r\n";
        let get = b"GET /v1/kv/a HTTP/1.1\r\nhost: a\r\n\r\n";
        has(Family::Consul, &[&put[..], get, get].concat(), 3);
    }

    #[test]
    fn packets_of_zookeeper_that_ask_something_are_counted() {
        let connect = [0, 0, 0, 6, 0, 0, 0, 0, 7, 7];
        let ping = [0, 0, 0, 8, 255, 255, 255, 254, 0, 0, 0, 11];
        let get = [0, 0, 0, 4, 0, 0, 0, 1];
        has(Family::ZooKeeper, &[&connect[..], &ping, &get, &ping].concat(), 2);
    }

    #[test]
    fn of_http_2_only_frames_with_messages_are_counted() {
        let settings = [0, 0, 1, 4, 0, 0, 0, 0, 0, 9];
        let headers = [0, 0, 2, 1, 4, 0, 0, 0, 1, 8, 8];
        let message = [0, 0, 3, 0, 1, 0, 0, 0, 1, 5, 5, 5];
        let end = [0, 0, 0, 0, 1, 0, 0, 0, 1];
        has(Family::Etcd, &[PREFACE, &settings, &headers, &message, &end, &message].concat(), 2);
    }
}
