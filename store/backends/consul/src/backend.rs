//! Opening by URL.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use netkeep_store::{Backend, OpenOptions, Opened, Result, StoreUrl};

use crate::{ConsulConfig, ConsulServer, Token};

/// Stores on Consul, as `consul://host:8500,host:8500/path`.
///
/// Options: those of [`ConsulConfig::from_url`]. A token comes from the file that the option `token-file` names, or
/// from the environment: `CONSUL_HTTP_TOKEN_FILE`, or `CONSUL_HTTP_TOKEN`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConsulBackend;

#[async_trait]
impl Backend for ConsulBackend {
    fn scheme(&self) -> &'static str {
        ConsulServer::NAME
    }

    async fn open(&self, url: &StoreUrl, options: &OpenOptions) -> Result<Opened> {
        let mut config = ConsulConfig::from_url(url, options.leased.clone())?;
        if config.token.is_none() {
            config.token = token_of_environment()?;
        }
        Ok(Opened::on_servers(Arc::new(ConsulServer::new(config)?), options))
    }
}

fn token_of_environment() -> Result<Option<Token>> {
    if let Some(path) = std::env::var_os("CONSUL_HTTP_TOKEN_FILE") {
        return Token::from_file(Path::new(&path)).map(Some);
    }
    match std::env::var("CONSUL_HTTP_TOKEN") {
        Ok(text) if !text.is_empty() => Token::new(&text).map(Some),
        _ => Ok(None),
    }
}
