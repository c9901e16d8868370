//! The rotation of refresh tokens, checked against a model, on any store.
//!
//! Two processes of one client share a login. They refresh, lose answers, copy each other's token,
//! race, crash before writing; time passes; a stranger tries; a thief replays old tokens.
//!
//! Invariants:
//! 1. An answered token works until its successor was used (or it lay unused for its lifetime).
//! 2. A token that is answered again is answered with the same successor: never two live ones.
//! 3. A token whose successor was used ends the family; nothing of it works ever after.
//! 4. Whatever is refused for another reason changes nothing.

mod log_in;
mod model;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join;
use uuid::Uuid;

use log_in::log_in;
use model::{Model, Outcome};

use super::{JsonSigner, NoSigner, World, client};
use crate::{
    client::Client,
    client_metadata_document::NoDocuments,
    config::{Context, Rules},
    entropy::OsEntropy,
    grants::{
        TokenError, TokenSigner,
        refresh_token::{self, RefreshForm},
    },
    store::Store,
};

/// Plays a script against a store; each byte is one step, so that a failing script shrinks well.
///
/// # Errors
/// Which step broke which expectation.
pub async fn play(store: &dyn Store, script: &[u8]) -> Result<(), String> {
    let world = World::default();
    let mut play = Play::begin(store, &world.rules, world.now).await?;
    for (at, step) in script.iter().enumerate() {
        play.step(*step)
            .await
            .map_err(|broken| format!("step {at} ({step}): {broken}"))?;
    }
    play.finish().await
}

struct Play<'a> {
    store: &'a dyn Store,
    rules: &'a Rules,
    now: DateTime<Utc>,
    client: Client,
    stranger: Client,
    /// What may be true; more than one after a race that two orders explain.
    models: Vec<Model>,
    /// Which token of the chain each process holds.
    held: [usize; 2],
}

impl<'a> Play<'a> {
    async fn begin(
        store: &'a dyn Store,
        rules: &'a Rules,
        now: DateTime<Utc>,
    ) -> Result<Self, String> {
        let unique = cx(store, rules, now).uuid().map_err(text)?;
        let client = new_client(unique, "own");
        let stranger = new_client(unique, "stranger");
        for client in [&client, &stranger] {
            store.add_client(client).await.map_err(text)?;
        }
        let first = log_in(&cx(store, rules, now), &client, unique).await?;
        Ok(Self {
            store,
            rules,
            now,
            client,
            stranger,
            models: vec![Model {
                chain: vec![(first, now + rules.refresh_ttl)],
                used: None,
                dead: false,
            }],
            held: [0, 0],
        })
    }

    async fn step(&mut self, step: u8) -> Result<(), String> {
        let process = usize::from(step >> 7);
        let choice = usize::from((step >> 3) & 0x0f);
        match step & 0x07 {
            // A process refreshes and keeps the answer.
            0 | 1 => self.refresh(process).await,
            // The answer is lost: the process keeps the old token.
            2 => self.present(self.held(process)).await.map(|_| ()),
            // Both at once; then each keeps its answer.
            3 => self.race().await,
            // It takes over what the other process wrote to their common file.
            4 => {
                let other = self.held(1 - process);
                self.hold(process, other);
                Ok(())
            }
            // Time passes: 0 to 60 days of the 90.
            5 => {
                self.now += TimeDelta::days(4) * i32::try_from(choice).unwrap_or(0);
                Ok(())
            }
            // Somebody presents any token there ever was.
            6 => self.present(choice % self.chain().len()).await.map(|_| ()),
            7 if choice.is_multiple_of(2) => self.stranger(self.held(process)).await,
            _ => self.crash(self.held(process)).await,
        }
    }

    /// At the end everything must still stand as the model says: the newest token above all.
    async fn finish(&mut self) -> Result<(), String> {
        let newest = self.chain().len().saturating_sub(1);
        self.present(newest).await?;
        self.present(0).await?;
        self.present(newest).await.map(|_| ())
    }

    async fn refresh(&mut self, process: usize) -> Result<(), String> {
        let index = self.held(process);
        if self.present(index).await? {
            self.hold(process, index + 1);
        }
        Ok(())
    }

    async fn race(&mut self) -> Result<(), String> {
        let (a, b) = (self.held(0), self.held(1));
        let (got_a, got_b) = join(
            self.ask(&self.client, a, &JsonSigner),
            self.ask(&self.client, b, &JsonSigner),
        )
        .await;
        let (got_a, got_b) = (got_a?, got_b?);
        // Whatever the interleaving, it must look like one after the other, in either order. Both
        // may fit (an expired token is refused, and would have been a replay a moment later).
        let orders = [[(a, &got_a), (b, &got_b)], [(b, &got_b), (a, &got_a)]];
        let (now, ttl) = (self.now, self.rules.refresh_ttl);
        let after = |model: &Model, order: &[(usize, &Outcome); 2]| {
            let mut model = model.clone();
            let mut steps = order.iter();
            steps
                .try_for_each(|(index, got)| model.apply(*index, now, ttl, got))
                .map(|()| model)
        };
        let mut broken = String::new();
        let mut possible = Vec::new();
        for (model, order) in self
            .models
            .iter()
            .flat_map(|m| orders.iter().map(move |o| (m, o)))
        {
            match after(model, order) {
                Ok(model) if possible.contains(&model) => {}
                Ok(model) => possible.push(model),
                Err(why) => broken = format!("race of {a} and {b}: {why}"),
            }
        }
        if possible.is_empty() {
            return Err(broken);
        }
        self.models = possible;
        for (process, index, got) in [(0, a, got_a), (1, b, got_b)] {
            if let Outcome::Answered(_) = got {
                self.hold(process, index + 1);
            }
        }
        Ok(())
    }

    /// A stranger's client presents the token: refused, and nothing changes.
    async fn stranger(&self, index: usize) -> Result<(), String> {
        match self.ask(&self.stranger, index, &JsonSigner).await? {
            Outcome::Refused => Ok(()),
            Outcome::Answered(_) => Err(format!("token {index} was answered to a stranger")),
        }
    }

    /// Signing fails, as a crash before the write would: nothing changes. What is refused before
    /// anything is signed is refused as ever.
    async fn crash(&mut self, index: usize) -> Result<(), String> {
        match self.ask(&self.client, index, &NoSigner).await {
            Err(failed) if failed.contains("no key") => Ok(()),
            Err(other) => Err(other),
            Ok(got) => self.follow(index, &got),
        }
    }

    /// Follows an outcome in every model that it fits.
    fn follow(&mut self, index: usize, got: &Outcome) -> Result<(), String> {
        let mut broken = String::new();
        let (now, ttl) = (self.now, self.rules.refresh_ttl);
        self.models
            .retain_mut(|model| match model.apply(index, now, ttl, got) {
                Ok(()) => true,
                Err(why) => {
                    broken = why;
                    false
                }
            });
        if self.models.is_empty() {
            return Err(broken);
        }
        Ok(())
    }

    /// The tokens so far; the same in all models.
    fn chain(&self) -> &[(String, DateTime<Utc>)] {
        self.models.first().map_or(&[], |model| &model.chain)
    }

    /// Presents a token and checks the outcome; says whether it was answered.
    async fn present(&mut self, index: usize) -> Result<bool, String> {
        let got = self.ask(&self.client, index, &JsonSigner).await?;
        self.follow(index, &got)?;
        Ok(matches!(got, Outcome::Answered(_)))
    }

    async fn ask(
        &self,
        client: &Client,
        index: usize,
        signer: &dyn TokenSigner,
    ) -> Result<Outcome, String> {
        let (token, _) = self.chain().get(index).ok_or("no such token")?;
        let form = RefreshForm {
            refresh_token: token.clone().into(),
            scope: None,
            resource: None,
            key: None,
        };
        let cx = cx(self.store, self.rules, self.now);
        match refresh_token::refresh(&cx, signer, client, form).await {
            Ok(tokens) => {
                let next = tokens.refresh_token.ok_or("no successor was answered")?;
                Ok(Outcome::Answered(next.expose().to_owned()))
            }
            Err(TokenError::InvalidGrant(_)) => Ok(Outcome::Refused),
            Err(other) => Err(other.to_string()),
        }
    }

    fn held(&self, process: usize) -> usize {
        self.held.get(process).copied().unwrap_or(0)
    }

    fn hold(&mut self, process: usize, index: usize) {
        if let Some(held) = self.held.get_mut(process) {
            *held = index;
        }
    }
}

fn cx<'a>(store: &'a dyn Store, rules: &'a Rules, now: DateTime<Utc>) -> Context<'a> {
    Context {
        rules,
        store,
        entropy: &OsEntropy,
        documents: &NoDocuments,
        now,
    }
}

fn new_client(unique: Uuid, kind: &str) -> Client {
    client(&format!("{kind}-{unique}"), "http://localhost/cb")
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::MemoryStore;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_script_keeps_the_invariants(script in prop::collection::vec(any::<u8>(), 0..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let store = MemoryStore::default();
            prop_assert_eq!(runtime.block_on(play(&store, &script)), Ok(()));
        }
    }
}
