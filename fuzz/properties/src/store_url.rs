//! URLs of stores: one shown form, and never a secret in it.

use netkeep_store::StoreUrl;

use crate::planted::{SECRET, assert_hidden};
use crate::texts;

/// Reads texts as URLs of stores, as they are and with credentials planted in them.
///
/// # Panics
///
/// If the shown form of a URL is not that URL again, or if planted credentials are accepted or shown.
pub fn store_url(data: &[u8]) {
    for text in texts(data) {
        if let Ok(url) = StoreUrl::parse(&text) {
            let shown = url.to_string();
            assert_eq!(StoreUrl::parse(&shown).ok().as_ref(), Some(&url), "shown as {shown:?}");
            let json = serde_json::to_string(&url).expect("a URL is a text");
            assert_eq!(serde_json::from_str::<StoreUrl>(&json).ok(), Some(url.clone()));
            for error in [url.file().err(), url.prefix().err(), url.check_options(&[]).err()] {
                assert!(error.is_none_or(|error| !error.to_string().is_empty()));
            }
        }
        if !text.contains(SECRET) {
            with_credentials(&text).iter().for_each(|text| refused(text));
        }
    }
}

/// The text with credentials wherever a URL can have them: before the host, and as an option.
fn with_credentials(text: &str) -> Vec<String> {
    let user = match text.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://me:{SECRET}@{rest}"),
        None => format!("me:{SECRET}@{text}"),
    };
    let joint = if text.contains('?') { '&' } else { '?' };
    let options = ["password", "api-token", "SSL-Secret", "pass%77ord", "p%61ss"];
    let options = options.map(|option| format!("{text}{joint}{option}={SECRET}"));
    [vec![user], options.to_vec()].concat()
}

fn refused(text: &str) {
    match StoreUrl::parse(text) {
        Ok(url) => panic!("credentials were accepted: {url}"),
        Err(error) => assert_hidden(&format!("{error} {error:?}")),
    }
}
