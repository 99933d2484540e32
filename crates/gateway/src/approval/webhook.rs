//! A question is told to an address of the operator's: a chat, a pager, a desk. It is signed as Standard Webhooks says, so that
//! whoever gets it knows that it is of this gateway, and new. It opens nothing: answers come by the page or the verb.

use super::book::Question;
use crate::{
    Gateway, Live,
    fetching::{Whence, ask},
};
use doorward_config::Webhook;
use doorward_mcp::json::quote;
use doorward_transport::upstream::{Payload, signature};
use doorward_vocab::{Secret, Timestamp};
use http::HeaderName;
use std::{sync::Arc, time::Duration};

/// How long it is waited before the second attempt and the third.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// Of an answer only the status counts.
const ANSWER: usize = 64 << 10;

impl Gateway {
    /// Tells the webhook of `live` of a question; `page` is where people answer it who sign in there.
    pub(super) fn tell_webhook(&self, live: &Arc<Live>, question: &Arc<Question>, page: Option<String>) {
        let Some(webhook) = live.settings.approval.webhook.clone() else { return };
        let (live, question, clock) = (live.clone(), question.clone(), self.clock.clone());
        tokio::spawn(async move {
            let body = told(&question, page.as_deref());
            for pause in PAUSES.into_iter().map(Some).chain([None]) {
                match post(&live, &webhook, &question, &body, clock.now()).await {
                    Ok(()) => return,
                    Err(why) => tracing::warn!(approval = %question.record.id, "the webhook was not told: {why}"),
                }
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return,
                }
            }
        });
    }
}

fn told(question: &Question, page: Option<&str>) -> String {
    let told = &question.record;
    let human = told.human.as_ref().map_or_else(|| "null".to_owned(), |human| quote(&human.name));
    let page = page.map_or_else(|| "null".to_owned(), quote);
    format!(
        "{{\"type\":\"approval.asked\",\"timestamp\":{},\"data\":{{\"id\":{},\"agent\":{},\"human\":{human},\"server\":{},\
         \"tool\":{},\"shown\":{},\"until\":{},\"page\":{page}}}}}",
        quote(&question.asked.to_string()),
        quote(&told.id),
        quote(&told.agent.name),
        quote(told.server.as_str()),
        quote(&told.target),
        quote(&question.shown),
        quote(&question.until.to_string())
    )
}

async fn post(live: &Live, webhook: &Webhook, question: &Question, body: &str, now: Timestamp) -> Result<(), String> {
    let secret = webhook.secret.read().map_err(|error| error.to_string())?;
    // The same id each time: whoever gets it twice knows (Standard Webhooks, "webhook-id").
    let (id, at) = (format!("msg_{}", question.record.id), now.secs());
    let signature =
        signature(&secret, &id, at, body.as_bytes()).ok_or("the secret of the webhook is not base64 after `whsec_`")?;
    let headers = [("webhook-id", id), ("webhook-timestamp", at.to_string()), ("webhook-signature", signature)]
        .map(|(name, value)| (HeaderName::from_static(name), Secret::new(value)));
    let payload = Some(Payload::Json(Secret::new(body.to_owned())));
    let answer = ask(live, &webhook.url, Whence::Operator, payload, &headers, ANSWER).await?;
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(format!("status {}", answer.status)),
    }
}
