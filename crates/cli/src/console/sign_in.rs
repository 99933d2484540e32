use doorward_admin::{Answering, Fault, Login, Person, Role, Roles, Way};
use doorward_audit::Party;
use doorward_config::{Console, ConsoleRole};
use doorward_gateway::{Gateway, SignIn, SignedIn};
use std::sync::Arc;

/// The provider at which people sign in to the console.
pub(super) struct Provider {
    gateway: Arc<Gateway>,
    name: String,
}

impl Provider {
    pub(super) const fn new(gateway: Arc<Gateway>, name: String) -> Self {
        Self { gateway, name }
    }
}

impl Login for Provider {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn begin(&self, state: &str) -> Answering<(String, String)> {
        let (gateway, name, state) = (self.gateway.clone(), self.name.clone(), state.to_owned());
        Box::pin(async move {
            let begun = gateway.begin_sign_in(&name, &state).await.map_err(Fault::Broken)?;
            let remembered = serde_json::to_string(&begun).map_err(|e| Fault::Broken(e.to_string()))?;
            Ok((begun.to, remembered))
        })
    }

    fn finish(&self, query: &str, remembered: &str) -> Answering<Person> {
        let (gateway, query) = (self.gateway.clone(), query.to_owned());
        let begun = serde_json::from_str::<SignIn>(remembered).map_err(|e| Fault::Broken(e.to_string()));
        Box::pin(async move {
            let signed_in = gateway.finish_sign_in(&begun?, &query).await.map_err(Fault::Wrong)?;
            Ok(person(&gateway.settings().console, &signed_in))
        })
    }
}

/// Somebody with the roles that the configuration in force gives.
fn person(console: &Console, SignedIn { human }: &SignedIn) -> Person {
    let groups: Vec<&str> = human.groups.iter().map(|g| &**g).collect();
    let roles = console.roles_of(&human.id, human.email.as_deref(), &groups);
    let role = |role| match role {
        ConsoleRole::Viewer => Role::Viewer,
        ConsoleRole::Responder => Role::Responder,
        ConsoleRole::Approver => Role::Approver,
        ConsoleRole::PolicyAuthor => Role::PolicyAuthor,
        ConsoleRole::Admin => Role::Admin,
    };
    Person {
        party: Party::new(human.id.to_string(), human.name.to_string()),
        roles: Roles::new(roles.into_iter().map(role)),
        way: Way::Provider,
    }
}
