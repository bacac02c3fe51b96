//! Where the config is and what it says, found once for a command.

use std::path::Path;
use std::sync::OnceLock;

use openclaw_config::tree::Config;
use openclaw_config::{
    Disk, Origin, Place, Request, Schema, SecretInput, Selection, Snapshot, Surroundings, load,
};
use openclaw_secrets::Resolver;

use crate::args::Global;
use crate::failure::Failure;
use crate::output;

/// The place of the config and what surrounds it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) place: Place,
    pub(crate) around: Surroundings,
}

impl Context {
    /// Finds the place.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let around = Surroundings::of_process();
        let selection = Selection {
            profile: global.profile.clone(),
            dev: global.dev,
        };
        Ok(Self {
            place: Place::find(&selection, &around, &Disk)?,
            around,
        })
    }

    /// Reads the config.
    pub(crate) fn load(&self) -> Result<Snapshot<Config>, Failure> {
        let request = Request {
            place: &self.place,
            around: &self.around,
            files: &Disk,
            schema: schema(),
        };
        let snapshot: Snapshot<Config> = load(request)?;
        output::know_secrets(&snapshot);
        Ok(snapshot)
    }

    /// What resolves the config's references to secrets.
    pub(crate) fn resolver(&self, snapshot: &Snapshot<Config>) -> Resolver {
        let environment = &snapshot.environment;
        let env = environment
            .names()
            .filter_map(|name| Some((name.to_owned(), environment.get(name)?.to_owned())));
        // Whoever owns the working folder must not choose where a provider's program goes.
        let local = Origin::File(self.around.cwd.join(".env"));
        let withheld = environment
            .names()
            .filter(|name| environment.origin(name) == Some(&local))
            .map(str::to_owned);
        let surroundings = openclaw_secrets::Surroundings {
            env: env.collect(),
            withheld: withheld.collect(),
            home: Some(self.place.home.clone()),
        };
        Resolver::new(snapshot.config.secrets.clone(), surroundings)
    }

    /// The port of the gateway on this machine.
    pub(crate) fn port(&self, snapshot: &Snapshot<Config>) -> u16 {
        let named = snapshot.environment.get("OPENCLAW_GATEWAY_PORT");
        let named = named.and_then(|port| port.trim().parse().ok());
        named
            .or(self.place.dev_port)
            .unwrap_or(snapshot.config.gateway.port)
    }

    /// A path as people write it, with `~` for the home folder.
    pub(crate) fn short(&self, path: &Path) -> String {
        match path.strip_prefix(&self.place.home) {
            Ok(rest) => Path::new("~").join(rest).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }
}

/// What the config is checked against, made once.
pub(crate) fn schema() -> &'static Schema<'static> {
    static SCHEMA: OnceLock<Schema<'static>> = OnceLock::new();
    SCHEMA.get_or_init(Schema::of_tree)
}

/// The value of a secret that the config names.
pub(crate) async fn secret(resolver: &Resolver, input: &SecretInput) -> Result<String, Failure> {
    match input {
        SecretInput::Plain(text) => Ok(text.expose().to_owned()),
        SecretInput::Ref(reference) => {
            let resolved = resolver.resolve([reference]).await;
            match resolved.get(&resolver.key(reference)) {
                Some(Ok(value)) => Ok(value.expose().to_owned()),
                Some(Err(error)) => Err(Failure::negative(error.to_string())),
                None => Err(Failure::negative(
                    "a secret that the config refers to was not resolved",
                )),
            }
        }
    }
}
