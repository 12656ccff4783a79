//! Why a connection over TLS is not had: the client says only that it is not.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Tls;
use crate::facts::ask;

/// How often a server is asked that hangs up without a reason.
const ATTEMPTS: u32 = 5;
/// The pause before it is asked again; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(100);

/// Shakes hands with a server to learn why it or this client refuses; an error that is no refusal if it has failed
/// for another reason. A server that starts, and takes connections before it can serve them, closes them without a
/// word: that says nothing of certificates, so it is asked again, for no longer than `within`.
pub(crate) async fn refusal(address: &str, tls: &Tls, within: Duration) -> io::Result<()> {
    let end = Instant::now() + within;
    let mut pause = PAUSE;
    let mut attempt = 1;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match ask(address, Some(tls), left).await {
            Err(why) if was_cut(&why) && attempt < ATTEMPTS && Instant::now() + pause < end => {
                sleep(pause).await;
                pause *= 2;
                attempt += 1;
            }
            answer => return answer.map(|_| ()),
        }
    }
}

/// Whether the other side has hung up, as TCP says it; what TLS says has other kinds.
fn was_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
    )
}
